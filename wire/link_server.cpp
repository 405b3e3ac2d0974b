#include "wire/link_server.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "wire/bounds.hpp"
#include "wire/finished_stream.hpp"
#include "wire/frames.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace muster::wire {

namespace {

constexpr std::uint32_t protocol_version = 1;
constexpr std::size_t id_bytes = 16;
constexpr int most_streams = 8;
constexpr std::size_t longest_request = 16U << 10;
constexpr std::uint32_t without_credit_ms = 1000;
/// Well below a frame, so that the largest item still fits behind it.
constexpr std::size_t part_bytes = 256U << 10;

Result<SpoolId> read_spool(const std::string& raw) {
    const Result<Uuid> id = Uuid::from_bytes(raw);
    if (!id || id->is_nil()) {
        return failure(ErrorKind::corrupt, "a spool id is 16 bytes and not nil");
    }
    return SpoolId{*id};
}

std::uint64_t span_of(const proto::Record& record) {
    return std::max(1U, record.span());
}

std::uint64_t span_of(const proto::Batch& batch) {
    return std::accumulate(
        batch.records().begin(),
        batch.records().end(),
        std::uint64_t{0},
        [](std::uint64_t sum, const proto::Record& each) { return sum + span_of(each); }
    );
}

bool is_possible(const proto::StreamState& stream) {
    return stream.first_unacked() < seq_end && stream.next_seq() < seq_end &&
           stream.last_acked() < seq_end && stream.begins_at() < seq_end &&
           stream.results_at_begin() < seq_end;
}

Status check_hello(const proto::Hello& hello) {
    if (hello.protocol() != protocol_version) {
        return failure(
            ErrorKind::refused,
            "this collector speaks protocol " + std::to_string(protocol_version) +
                ", and the agent speaks " + std::to_string(hello.protocol())
        );
    }
    if (hello.instance_nonce().size() != id_bytes || hello.boot_id().size() != id_bytes) {
        return failure(ErrorKind::corrupt, "Hello needs a nonce and a boot id of 16 bytes");
    }
    if (hello.streams_size() == 0 || hello.streams_size() > most_streams) {
        return failure(
            ErrorKind::corrupt, "Hello names 1 to " + std::to_string(most_streams) + " spools"
        );
    }
    if (hello.finished_size() > static_cast<int>(most_finished)) {
        return failure(
            ErrorKind::corrupt,
            "Hello names " + std::to_string(most_finished) + " finished spools at most"
        );
    }
    if (!std::ranges::all_of(hello.streams(), is_possible)) {
        return failure(ErrorKind::corrupt, "Hello names a spool with impossible sequence numbers");
    }
    return check_clocks("a Hello", hello.wall_ns(), hello.mono_ns());
}

}  // namespace

LinkServer::LinkServer(LinkServerOptions options, MonoTime now)
    : options_(options), last_heard_(now) {}

LinkServer::Actions LinkServer::on_frame(MonoTime now, WallTime wall, proto::Frame frame) {
    Actions out;
    if (state_ == State::closed) {
        return out;
    }
    // Before Hello only Hello counts, or a peer could hold a place by saying something else.
    if (state_ != State::awaiting_hello) {
        last_heard_ = now;
    }
    if (frame.has_goodbye()) {
        const std::string why = printable(frame.goodbye().reason(), 200);
        state_ = State::closed;
        out.emplace_back(server_action::Close{why.empty() ? "goodbye" : why, true});
    } else if (state_ == State::live) {
        on_live_frame(wall, std::move(frame), out);
    } else if (state_ == State::awaiting_hello && frame.has_hello()) {
        last_heard_ = now;
        on_hello(std::move(*frame.mutable_hello()), out);
    } else {
        end("the agent sent something else before it was welcome", out);
    }
    return out;
}

void LinkServer::on_hello(proto::Hello hello, Actions& out) {
    Status good = check_hello(hello);
    for (const proto::StreamState& stream : hello.streams()) {
        const Result<SpoolId> spool = read_spool(stream.spool_id());
        if (good && !spool) {
            good = failure(spool.error());
        } else if (good && !streams_.try_emplace(*spool).second) {
            good = failure(ErrorKind::corrupt, "Hello names a spool twice");
        }
    }
    std::set<SpoolId> finished;
    for (const proto::FinishedStream& said : hello.finished()) {
        const Result<FinishedStream> stream = from_proto(said);
        if (good && !stream) {
            good = failure(stream.error());
        } else if (good &&
                   (streams_.contains(stream->spool) || !finished.insert(stream->spool).second)) {
            good = failure(ErrorKind::corrupt, "Hello names a spool twice");
        }
    }
    if (!good) {
        Actions refusal = close(good.error().what(), true);
        std::move(refusal.begin(), refusal.end(), std::back_inserter(out));
        return;
    }
    state_ = State::awaiting_welcome;
    out.emplace_back(server_action::Greeted{std::move(hello)});
}

LinkServer::Actions LinkServer::welcome(
    WallTime wall, const std::vector<StreamCursor>& cursors, std::uint32_t assignment_epoch
) {
    Actions out;
    if (state_ != State::awaiting_welcome) {
        return out;
    }
    for (const StreamCursor& cursor : cursors) {
        if (const auto found = streams_.find(cursor.spool); found != streams_.end()) {
            found->second.staged = cursor.committed_seq;
            found->second.committed = cursor.committed_seq;
            found->second.fingerprint = cursor.fingerprint;
            found->second.results = cursor.results;
        }
    }
    state_ = State::live;
    proto::Frame frame;
    proto::Welcome& welcome = *frame.mutable_welcome();
    for (const auto& [spool, stream] : streams_) {
        proto::StreamAnswer& answer = *welcome.add_streams();
        answer.set_spool_id(std::string(spool.raw()));
        answer.set_committed_seq(stream.committed);
        answer.set_fingerprint(stream.fingerprint);
        answer.set_results(stream.results);
    }
    welcome.set_credit_bytes(options_.credit_bytes);
    welcome.set_server_wall_ns(to_ns(wall));
    welcome.set_assignment_epoch(assignment_epoch);
    welcome.set_authorities_pem(options_.authorities_pem);
    welcome.set_heartbeat_ms(static_cast<std::uint32_t>(to_ms(options_.heartbeat)));
    out.emplace_back(server_action::Send{std::move(frame)});
    return out;
}

void LinkServer::on_live_frame(WallTime wall, proto::Frame frame, Actions& out) {
    switch (frame.body_case()) {
        case proto::Frame::kBatch:
            on_batch(std::move(*frame.mutable_batch()), out);
            break;
        case proto::Frame::kHeartbeat:
            on_heartbeat(wall, frame.heartbeat(), out);
            break;
        case proto::Frame::kAssignmentsApplied: {
            proto::AssignmentsApplied& applied = *frame.mutable_assignments_applied();
            server_action::Applied action{applied.epoch(), {}};
            for (const std::string& problem : applied.problems()) {
                action.problems.push_back(printable(problem));
            }
            out.emplace_back(std::move(action));
            break;
        }
        case proto::Frame::kCertificateRequest:
            if (frame.certificate_request().request_pem().size() > longest_request) {
                end("a certificate request of more than 16 KiB", out);
                break;
            }
            out.emplace_back(server_action::Renew{
                std::move(*frame.mutable_certificate_request()->mutable_request_pem())
            });
            break;
        case proto::Frame::kChallengeAnswer:
            if (challenge_ != 0 && frame.challenge_answer().number() == challenge_) {
                challenge_ = 0;
                out.emplace_back(server_action::Lives{});
            }
            break;
        case proto::Frame::BODY_NOT_SET:
            break;  // from a newer agent; it asked for no answer that we know
        default:
            end("the agent sent a frame that is not its to send", out);
    }
}

void LinkServer::on_batch(proto::Batch batch, Actions& out) {
    const Result<SpoolId> spool = read_spool(batch.spool_id());
    const auto found = spool ? streams_.find(*spool) : streams_.end();
    if (found == streams_.end()) {
        end("a batch of a spool that Hello did not name", out);
        return;
    }
    Stream& stream = found->second;
    const std::uint64_t first = batch.first_seq();
    const std::uint64_t span = span_of(batch);
    if (batch.records_size() == 0 || first == 0 || first >= seq_end || span >= seq_end - first) {
        end("a batch without records or with impossible sequence numbers", out);
        return;
    }
    if (first > stream.staged + 1) {
        if (!stream.is_going_back) {
            stream.is_going_back = true;
            proto::Frame frame;
            frame.mutable_nack()->set_spool_id(std::string(spool->raw()));
            frame.mutable_nack()->set_expected(stream.staged + 1);
            out.emplace_back(server_action::Send{std::move(frame)});
        }
        return;
    }
    stream.is_going_back = false;
    server_action::Append append{*spool, first, {}};
    int next = 0;
    while (next < batch.records_size() && append.first_seq <= stream.staged) {
        append.first_seq += span_of(batch.records(next++));
    }
    if (next > 0) {
        acknowledge(*spool, stream, out);
    }
    if (append.first_seq > stream.staged + 1) {
        end("a gap that begins among records that are stored", out);
        return;
    }
    if (next == batch.records_size()) {
        return;
    }
    append.records.reserve(static_cast<std::size_t>(batch.records_size() - next));
    for (; next < batch.records_size(); ++next) {
        Result<Record> record = from_proto(std::move(*batch.mutable_records(next)));
        if (!record) {
            end(record.error().text(), out);
            return;
        }
        append.records.push_back(std::move(*record));
    }
    stream.staged = first + span - 1;
    out.emplace_back(std::move(append));
}

void LinkServer::on_heartbeat(WallTime wall, const proto::Heartbeat& heartbeat, Actions& out) {
    if (auto possible = check_clocks("a heartbeat", heartbeat.wall_ns(), heartbeat.mono_ns());
        !possible) {
        end(possible.error().what(), out);
        return;
    }
    proto::Frame frame;
    frame.mutable_heartbeat_reply()->set_echoed_mono_ns(heartbeat.mono_ns());
    frame.mutable_heartbeat_reply()->set_server_wall_ns(to_ns(wall));
    out.emplace_back(server_action::Send{std::move(frame)});
    out.emplace_back(server_action::Heard{heartbeat});
}

LinkServer::Actions LinkServer::committed(const StreamCursor& cursor) {
    Actions out;
    const auto found = streams_.find(cursor.spool);
    if (state_ != State::live || found == streams_.end() ||
        cursor.committed_seq < found->second.committed) {
        return out;
    }
    Stream& stream = found->second;
    stream.committed = cursor.committed_seq;
    stream.results = cursor.results;
    stream.staged = std::max(stream.staged, cursor.committed_seq);
    acknowledge(cursor.spool, stream, out);
    return out;
}

void LinkServer::acknowledge(SpoolId spool, const Stream& stream, Actions& out) const {
    proto::Frame frame;
    proto::Ack& ack = *frame.mutable_ack();
    ack.set_spool_id(std::string(spool.raw()));
    ack.set_committed_seq(stream.committed);
    ack.set_results(stream.results);
    ack.set_credit_bytes(options_.credit_bytes);
    ack.set_retry_after_ms(options_.credit_bytes == 0 ? without_credit_ms : 0);
    out.emplace_back(server_action::Send{std::move(frame)});
}

LinkServer::Actions LinkServer::assign(std::uint32_t epoch, std::vector<proto::Assignment> items) {
    Actions out;
    if (state_ != State::live) {
        return out;
    }
    std::vector<proto::Frame> parts(1);
    std::size_t bytes = 0;
    for (proto::Assignment& item : items) {
        const std::size_t size = item.ByteSizeLong();
        expect(size <= max_frame_bytes - part_bytes, "an assignment fits a frame");
        if (bytes > 0 && bytes + size > part_bytes) {
            parts.emplace_back();
            bytes = 0;
        }
        bytes += size;
        *parts.back().mutable_assignments()->add_items() = std::move(item);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        proto::Assignments& part = *parts[i].mutable_assignments();
        part.set_epoch(epoch);
        part.set_part(static_cast<std::uint32_t>(i));
        part.set_parts(static_cast<std::uint32_t>(parts.size()));
        out.emplace_back(server_action::Send{std::move(parts[i])});
    }
    return out;
}

LinkServer::Actions LinkServer::certificate(const Result<std::string>& certificate_pem) const {
    Actions out;
    if (state_ != State::live) {
        return out;
    }
    proto::Frame frame;
    proto::CertificateAnswer& answer = *frame.mutable_certificate_answer();
    if (certificate_pem) {
        answer.set_certificate_pem(*certificate_pem);
    } else {
        answer.set_problem(certificate_pem.error().text());
    }
    out.emplace_back(server_action::Send{std::move(frame)});
    return out;
}

LinkServer::Actions LinkServer::challenge(std::uint64_t number) {
    Actions out;
    if (state_ == State::live) {
        challenge_ = number;
        proto::Frame frame;
        frame.mutable_challenge()->set_number(number);
        out.emplace_back(server_action::Send{std::move(frame)});
    }
    return out;
}

void LinkServer::set_credit(std::uint64_t bytes) {
    options_.credit_bytes = bytes;
}

LinkServer::Actions LinkServer::close(std::string reason, bool refused) {
    Actions out;
    if (state_ == State::closed) {
        return out;
    }
    state_ = State::closed;
    proto::Frame frame;
    if (refused) {
        frame.mutable_refusal()->set_reason(reason);
    } else {
        frame.mutable_goodbye()->set_reason(reason);
    }
    out.emplace_back(server_action::Send{std::move(frame)});
    out.emplace_back(server_action::Close{std::move(reason), false});
    return out;
}

LinkServer::Actions LinkServer::on_time(MonoTime now) {
    Actions out;
    if (now < next_wake()) {
        return out;
    }
    if (state_ == State::awaiting_hello) {
        end("no Hello within " + format_duration(options_.hello_within), out);
    } else {
        end("nothing heard for " + format_duration(options_.silent_after), out);
    }
    return out;
}

MonoTime LinkServer::next_wake() const {
    switch (state_) {
        case State::awaiting_hello:
            return last_heard_ + options_.hello_within;
        case State::awaiting_welcome:
        case State::live:
            return last_heard_ + options_.silent_after;
        case State::closed:
            break;
    }
    return MonoTime::max();
}

void LinkServer::end(std::string why, Actions& out) {
    state_ = State::closed;
    out.emplace_back(server_action::Close{std::move(why), false});
}

}  // namespace muster::wire
