#include "wire/link_client.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "wire/frames.hpp"

#include <algorithm>
#include <utility>

namespace muster::wire {

namespace {

constexpr std::uint32_t most_doublings = 16;
constexpr std::uint32_t most_nacks = 3;
constexpr std::size_t most_streams = 8;
/// Of so many fetches one is for an old spool while the growing one has something to send as well.
constexpr std::uint32_t old_spool_every = 5;
/// So many heartbeats without an answer are a dead connection; TCP itself may take minutes to say so.
constexpr int missed_heartbeats = 3;
constexpr Duration least_patience = std::chrono::seconds(5);
/// A new spool takes no longer, or is done without.
constexpr Duration renewed_within = std::chrono::seconds(1);
/// How long a collector without credit is left alone when it did not say.
constexpr Duration without_credit = std::chrono::seconds(1);

constexpr const char* gone_and_lacking =
    "a spool that is gone, and that the collector does not have to its end: it has to be told";

link_action::Send sending(proto::Frame frame) {
    return link_action::Send{std::move(frame)};
}

}  // namespace

LinkClient::LinkClient(
    LinkClientOptions options,
    AgentFacts facts,
    std::vector<SpoolPosition> spools,
    Random& random,
    MonoTime now
)
    : options_(options),
      facts_(std::move(facts)),
      random_(&random),
      next_try_(now),
      heartbeat_(options.heartbeat),
      heard_within_(options.answer_within),
      parts_(options.assignments) {
    expect(!spools.empty() && spools.size() <= most_streams, "a link serves one to eight spools");
    for (const SpoolPosition& each : spools) {
        expect(each.first_unacked >= 1 && each.next_seq >= 1, "sequence numbers begin at 1");
        streams_.emplace_back(each);
    }
}

LinkClient::Actions LinkClient::on_time(MonoTime now, WallTime wall) {
    Actions out;
    switch (state_) {
        case State::waiting:
            if (now >= next_try_) {
                state_ = State::connecting;
                last_heard_ = now;
                out.emplace_back(link_action::Connect{});
            }
            break;
        case State::renewing:
            if (now >= greet_at_) {
                greet(now, wall, out);
            }
            break;
        case State::connecting:
        case State::greeting:
            if (now - last_heard_ >= options_.answer_within) {
                drop_silent(
                    now, "no answer within " + format_duration(options_.answer_within), out
                );
            }
            break;
        case State::live:
            if (now - last_heard_ >= heard_within_) {
                drop_silent(now, "nothing heard for " + format_duration(heard_within_), out);
                break;
            }
            if (now >= next_heartbeat_) {
                beat(now, wall, out);
            }
            if (resume_at_ && now >= *resume_at_) {
                resume_at_.reset();
            }
            fill(out);
            break;
        case State::stopped:
            break;
    }
    return out;
}

LinkClient::Actions LinkClient::on_connected(MonoTime now, WallTime wall) {
    Actions out;
    if (state_ != State::connecting) {
        return out;
    }
    if (lies_behind(wall) && streams_.size() < most_streams) {
        state_ = State::renewing;
        greet_at_ = now + renewed_within;
        out.emplace_back(link_action::Renew{});
        return out;
    }
    greet(now, wall, out);
    return out;
}

bool LinkClient::lies_behind(WallTime wall) const {
    const WallTime since = streams_.front().position().waits_since;
    return since != WallTime{} && wall - since > options_.renew_after;
}

void LinkClient::greet(MonoTime now, WallTime wall, Actions& out) {
    state_ = State::greeting;
    last_heard_ = now;
    proto::Frame frame;
    *frame.mutable_hello() = hello(now, wall);
    out.emplace_back(sending(std::move(frame)));
}

LinkClient::Actions LinkClient::on_closed(MonoTime now) {
    if (state_ != State::waiting && state_ != State::stopped) {
        wait_again(now);
    }
    return {};
}

LinkClient::Actions LinkClient::on_frame(MonoTime now, WallTime wall, proto::Frame frame) {
    Actions out;
    if (state_ != State::greeting && state_ != State::live) {
        return out;
    }
    last_heard_ = now;
    if (frame.has_goodbye()) {
        drop(now, "the collector says goodbye: " + printable(frame.goodbye().reason()), out);
    } else if (frame.has_refusal()) {
        on_refusal(now, frame.refusal(), out);
    } else if (state_ == State::live) {
        on_live_frame(now, wall, std::move(frame), out);
    } else if (frame.has_welcome()) {
        on_welcome(now, wall, frame.welcome(), out);
    } else {
        drop(now, "the collector sent something else before Welcome", out);
    }
    return out;
}

void LinkClient::on_live_frame(MonoTime now, WallTime wall, proto::Frame frame, Actions& out) {
    switch (frame.body_case()) {
        case proto::Frame::kAck:
            on_ack(now, frame.ack(), out);
            break;
        case proto::Frame::kNack:
            on_nack(now, frame.nack(), out);
            break;
        case proto::Frame::kHeartbeatReply:
            on_reply(now, wall, frame.heartbeat_reply());
            break;
        case proto::Frame::kAssignments:
            on_assignments(now, std::move(*frame.mutable_assignments()), out);
            break;
        case proto::Frame::kCertificateAnswer: {
            proto::CertificateAnswer& answer = *frame.mutable_certificate_answer();
            out.emplace_back(link_action::Certificate{
                std::move(*answer.mutable_certificate_pem()), printable(answer.problem())
            });
            break;
        }
        case proto::Frame::kChallenge: {
            proto::Frame answer;
            answer.mutable_challenge_answer()->set_number(frame.challenge().number());
            out.emplace_back(sending(std::move(answer)));
            break;
        }
        case proto::Frame::BODY_NOT_SET:
            break;  // from a newer collector; it asked for no answer that we know
        default:
            drop(now, "the collector sent a frame that is not its to send", out);
    }
}

/// Among the streams there were: one that is gone, because all of it had been confirmed, and this collector does not have all of
/// it. It finds out with the next Hello, which tells of those that are gone.
bool LinkClient::is_any_gone_lacking(const std::vector<SpoolPosition>& positions) const {
    return state_ == State::live && std::ranges::any_of(streams_, [&](const OutStream& each) {
               const SpoolPosition& at = each.position();
               return each.committed() + 1 < at.next_seq &&
                      std::ranges::find(positions, at.spool, &SpoolPosition::spool) ==
                          positions.end();
           });
}

LinkClient::Actions LinkClient::on_spools(
    MonoTime now, const std::vector<SpoolPosition>& positions
) {
    expect(
        !positions.empty() && positions.size() <= most_streams, "a link serves one to eight spools"
    );
    Actions out;
    std::vector<OutStream> streams;
    bool is_new = false;
    for (const SpoolPosition& position : positions) {
        OutStream* known = stream_of(std::string(position.spool.raw()));
        is_new = is_new || known == nullptr;
        streams.push_back(known == nullptr ? OutStream(position) : std::move(*known));
        streams.back().set_position(position);
    }
    const bool is_lacking = is_any_gone_lacking(positions);
    streams_ = std::move(streams);
    if (is_new && state_ == State::renewing) {
        greet_at_ = now;
    } else if (is_new && (state_ == State::greeting || state_ == State::live)) {
        drop(now, "a spool more: the collector has to be told", out);
        next_try_ = now;
    } else if (is_lacking) {
        drop(now, gone_and_lacking, out);
        next_try_ = now;
    } else if (state_ == State::live) {
        fill(out);
    }
    return out;
}

LinkClient::Actions LinkClient::on_records(
    MonoTime now, SpoolId spool, std::vector<SequencedRecord> records
) {
    expect(fetches_ > 0, "records answer a Fetch");
    Actions out;
    --fetches_;
    if (state_ != State::live || fetches_ > 0 || resume_at_) {
        return out;  // too late or too early: what is still needed is fetched again
    }
    OutStream* stream = stream_of(std::string(spool.raw()));
    const bool is_awaited =
        stream != nullptr && spool == fetched_spool_ && stream->next_fetch() == fetched_from_;
    if (is_awaited) {
        if (records.empty()) {
            return out;  // asked again at the next sign from the spool, or the next heartbeat
        }
        OutStream::Frames taken =
            stream->take(std::move(records), options_.batch_bytes, [this](std::size_t bytes) {
                return may_send(bytes);
            });
        if (!taken.problem.empty()) {
            drop(now, std::move(taken.problem), out);
            return out;
        }
        tell_committed(*stream, out);
        if (!taken.frames.empty()) {
            window_.sent(now, spool, stream->last_sent());
        }
        for (proto::Frame& frame : taken.frames) {
            out.emplace_back(sending(std::move(frame)));
        }
        is_short_of_credit_ = taken.is_short;
        take_course(now, *stream, taken.course, out);
    }
    if (state_ == State::live) {
        fill(out);
    }
    return out;
}

OutStream* LinkClient::stream_of(const std::string& raw_spool_id) {
    const auto found = std::ranges::find_if(streams_, [&](const OutStream& each) {
        return each.position().spool.raw() == raw_spool_id;
    });
    return found == streams_.end() ? nullptr : &*found;
}

/// What is new goes first; what is old gets a share that brings it to its end.
OutStream* LinkClient::next_stream() {
    const auto waits = [](const OutStream& each) { return each.next_fetch() != 0; };
    const auto old = std::find_if(streams_.begin() + 1, streams_.end(), waits);
    const bool has_old = old != streams_.end();
    const bool is_turn_of_old = has_old && turn_ % old_spool_every == 0;
    if (waits(streams_.front()) && !is_turn_of_old) {
        return &streams_.front();
    }
    return has_old ? &*old : nullptr;
}

void LinkClient::tell_committed(OutStream& stream, Actions& out) {
    if (const auto news = stream.news()) {
        out.emplace_back(link_action::Acked{stream.position().spool, news->seq, news->fingerprint});
    }
}

void LinkClient::take_course(
    MonoTime now, OutStream& stream, OutStream::Course course, Actions& out
) {
    const SpoolPosition& at = stream.position();
    if (course == OutStream::Course::rewind) {
        out.emplace_back(link_action::Rewound{at.spool, stream.committed()});
    } else if (course == OutStream::Course::rekey) {
        // A collector that was restored lacks what it had acknowledged.
        const std::uint64_t from = std::min(at.first_unacked, stream.committed() + 1);
        out.emplace_back(link_action::Rekey{at.spool, from});
        drop(
            now,
            "the collector has record " + std::to_string(stream.committed()) +
                " of this spool, and it is another one here: this is a copy from before; it goes "
                "on "
                "under a new id",
            out
        );
    }
}

/// What may be under way in all: what the collector takes, and what the line carries.
std::uint64_t LinkClient::room() const {
    return std::min<std::uint64_t>(credit_, window_.bytes());
}

/// One batch may always be on its way, however large; without credit not even that, until the pause is over.
bool LinkClient::may_send(std::size_t bytes) const {
    std::size_t batches = 0;
    std::size_t on_their_way = 0;
    for (const OutStream& each : streams_) {
        batches += each.batches_in_flight();
        on_their_way += each.bytes_in_flight();
    }
    return batches == 0 || (batches < options_.batches_in_flight && on_their_way + bytes <= room());
}

/// What was asked of the spool last is still what goes next.
bool LinkClient::is_fetch_awaited() {
    const OutStream* stream = fetches_ > 0 ? stream_of(std::string(fetched_spool_.raw())) : nullptr;
    return stream != nullptr && stream->next_fetch() == fetched_from_;
}

void LinkClient::fill(Actions& out) {
    if (resume_at_.has_value() || is_short_of_credit_ || !may_send(1) || is_fetch_awaited()) {
        return;
    }
    OutStream* stream = next_stream();
    if (stream == nullptr) {
        return;
    }
    const SpoolId spool = stream->position().spool;
    const std::uint64_t from = stream->next_fetch();
    std::size_t batches = 0;
    std::uint64_t on_their_way = 0;
    std::size_t waiting = 0;
    for (const OutStream& each : streams_) {
        batches += each.batches_in_flight();
        on_their_way += each.bytes_in_flight();
        waiting += each.next_fetch() != 0 ? 1 : 0;
    }
    const std::size_t free_batches = waiting > 1 ? 1 : options_.batches_in_flight - batches;
    const std::uint64_t free_room = room() > on_their_way ? room() - on_their_way : 1;
    const std::uint64_t bytes =
        std::min<std::uint64_t>(free_room, free_batches * options_.batch_bytes);
    ++fetches_;
    ++turn_;
    fetched_spool_ = spool;
    fetched_from_ = from;
    out.emplace_back(link_action::Fetch{spool, from, static_cast<std::size_t>(bytes)});
}

LinkClient::Actions LinkClient::call_anew(MonoTime now, std::string why) {
    Actions out;
    if (state_ == State::stopped) {
        return out;
    }
    if (state_ != State::waiting) {
        drop(now, std::move(why), out);
    }
    next_try_ = now;
    failed_tries_ = 0;
    return out;
}

void LinkClient::reconfigure(
    Duration backoff_least, Duration backoff_most, std::string config_hash
) {
    options_.backoff_least = backoff_least;
    options_.backoff_most = backoff_most;
    facts_.config_hash = std::move(config_hash);
}

LinkClient::Actions LinkClient::stop(std::string reason) {
    Actions out;
    if (state_ == State::live || state_ == State::greeting) {
        proto::Frame frame;
        frame.mutable_goodbye()->set_reason(reason);
        out.emplace_back(sending(std::move(frame)));
    }
    if (state_ != State::waiting && state_ != State::stopped) {
        out.emplace_back(link_action::Close{.why = std::move(reason)});
    }
    state_ = State::stopped;
    return out;
}

MonoTime LinkClient::next_wake() const {
    switch (state_) {
        case State::waiting:
            return next_try_;
        case State::renewing:
            return greet_at_;
        case State::connecting:
        case State::greeting:
            return last_heard_ + options_.answer_within;
        case State::live: {
            const MonoTime timer = std::min(next_heartbeat_, last_heard_ + heard_within_);
            return std::min(timer, resume_at_.value_or(MonoTime::max()));
        }
        case State::stopped:
            break;
    }
    return MonoTime::max();
}

bool LinkClient::is_live() const {
    return state_ == State::live;
}

std::optional<Duration> LinkClient::clock_offset() const {
    return clock_offset_;
}

/// Full jitter: anywhere between the least and the doubled bound, so that agents that lost their collector together do not
/// come back together.
void LinkClient::wait_again(MonoTime now) {
    const std::uint32_t doublings = std::min(failed_tries_ + 1, most_doublings);
    const Duration doubled = options_.backoff_least * (std::int64_t{1} << doublings);
    const Duration bound = std::clamp(doubled, options_.backoff_least, options_.backoff_most);
    const auto spread = static_cast<std::uint64_t>((bound - options_.backoff_least).count()) + 1;
    next_try_ =
        now + options_.backoff_least + Duration(static_cast<std::int64_t>(random_->below(spread)));
    ++failed_tries_;
    state_ = State::waiting;
    for (OutStream& each : streams_) {
        each.lost_connection();
    }
    window_.broken();
    resume_at_.reset();
    is_short_of_credit_ = false;
    parts_.clear();
}

void LinkClient::drop(MonoTime now, std::string why, Actions& out) {
    out.emplace_back(link_action::Close{.why = std::move(why)});
    wait_again(now);
}

void LinkClient::drop_silent(MonoTime now, std::string why, Actions& out) {
    out.emplace_back(link_action::Close{.why = std::move(why), .is_silence = true});
    wait_again(now);
}

void LinkClient::on_welcome(
    MonoTime now, WallTime wall, const proto::Welcome& welcome, Actions& out
) {
    // Gone since Hello, which told of it as of one that is there.
    const bool is_lacking =
        std::ranges::any_of(welcome.streams(), [this](const proto::StreamAnswer& each) {
            return std::ranges::any_of(finished_, [&each](const FinishedStream& gone) {
                return gone.spool.raw() == each.spool_id() && gone.last_seq > each.committed_seq();
            });
        });
    if (is_lacking) {
        drop(now, gone_and_lacking, out);
        next_try_ = now;
        return;
    }
    for (OutStream& stream : streams_) {
        const auto answer =
            std::ranges::find_if(welcome.streams(), [&](const proto::StreamAnswer& each) {
                return each.spool_id() == stream.position().spool.raw();
            });
        const bool is_known = answer != welcome.streams().end();
        const auto course = stream.welcomed(is_known ? *answer : proto::StreamAnswer());
        take_course(now, stream, course, out);
        if (state_ != State::greeting) {
            return;
        }
        tell_committed(stream, out);
    }
    state_ = State::live;
    failed_tries_ = 0;
    credit_ = welcome.credit_bytes();
    pause(now, Duration::zero());
    if (welcome.heartbeat_ms() > 0) {
        heartbeat_ = std::chrono::milliseconds(welcome.heartbeat_ms());
        heard_within_ = std::max(missed_heartbeats * heartbeat_, least_patience);
    }
    out.emplace_back(link_action::Connected{});
    beat(now, wall, out);
    fill(out);
    if (!welcome.authorities_pem().empty()) {
        out.emplace_back(link_action::Authorities{welcome.authorities_pem()});
    }
}

void LinkClient::pause(MonoTime now, Duration asked) {
    is_short_of_credit_ = false;
    const Duration least = credit_ == 0 ? std::max(asked, without_credit) : asked;
    if (least == Duration::zero()) {
        resume_at_.reset();
        return;
    }
    // Half as long again at most, so that agents sent away together do not return together.
    const auto jitter = random_->below(static_cast<std::uint64_t>(least.count() / 2) + 1);
    resume_at_ = now + least + Duration(static_cast<std::int64_t>(jitter));
}

void LinkClient::on_ack(MonoTime now, const proto::Ack& ack, Actions& out) {
    OutStream* stream = stream_of(ack.spool_id());
    if (stream == nullptr) {
        return;
    }
    credit_ = ack.credit_bytes();
    pause(now, std::chrono::milliseconds(ack.retry_after_ms()));
    if (!stream->acknowledged(ack.committed_seq(), ack.results())) {
        drop(
            now,
            "the collector acknowledges record " + std::to_string(ack.committed_seq()) +
                ", which there is not",
            out
        );
        return;
    }
    window_.confirmed(now, stream->position().spool, stream->committed());
    tell_committed(*stream, out);
    fill(out);
}

void LinkClient::on_nack(MonoTime now, const proto::Nack& nack, Actions& out) {
    OutStream* stream = stream_of(nack.spool_id());
    if (stream == nullptr) {
        return;
    }
    if (++stream->nacks >= most_nacks || !stream->go_back(nack.expected())) {
        drop(now, "the collector keeps asking for record " + std::to_string(nack.expected()), out);
        return;
    }
    is_short_of_credit_ = false;
    fill(out);
}

}  // namespace muster::wire
