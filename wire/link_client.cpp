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
/// So many heartbeats without an answer are a dead connection; TCP itself may take minutes to say so.
constexpr int missed_heartbeats = 3;
constexpr Duration least_patience = std::chrono::seconds(5);
/// How long a collector without credit is left alone when it did not say.
constexpr Duration without_credit = std::chrono::seconds(1);

link_action::Send sending(proto::Frame frame) {
    return link_action::Send{std::move(frame)};
}

/// A record that no frame can carry would stop everything behind it: its place is kept, its loss is counted.
Record fitted(Record record) {
    if (record.payload.size() <= max_record_payload) {
        return record;
    }
    record.kind = RecordKind::gap;
    record.drop_class = DropClass::state;
    record.payload.clear();
    record.raw_size = 0;
    return record;
}

}  // namespace

LinkClient::LinkClient(
    LinkClientOptions options, AgentFacts facts, SpoolPosition spool, Random& random, MonoTime now
)
    : options_(options),
      facts_(std::move(facts)),
      spool_(spool),
      random_(&random),
      next_try_(now),
      heartbeat_(options.heartbeat),
      heard_within_(options.answer_within),
      acked_(spool.first_unacked - 1),
      parts_(options.assignments) {
    expect(spool.first_unacked >= 1 && spool.next_seq >= 1, "sequence numbers begin at 1");
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
        case State::connecting:
        case State::greeting:
            if (now - last_heard_ >= options_.answer_within) {
                drop(now, "no answer within " + format_duration(options_.answer_within), out);
            }
            break;
        case State::live:
            if (now - last_heard_ >= heard_within_) {
                drop(now, "nothing heard for " + format_duration(heard_within_), out);
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
    state_ = State::greeting;
    last_heard_ = now;
    proto::Frame frame;
    *frame.mutable_hello() = hello(now, wall);
    out.emplace_back(sending(std::move(frame)));
    return out;
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
        case proto::Frame::BODY_NOT_SET:
            break;  // from a newer collector; it asked for no answer that we know
        default:
            drop(now, "the collector sent a frame that is not its to send", out);
    }
}

LinkClient::Actions LinkClient::on_spool(MonoTime /*now*/, SpoolPosition position) {
    expect(position.spool == spool_.spool, "a link serves one spool");
    Actions out;
    spool_ = position;
    if (state_ == State::live) {
        fill(out);
    }
    return out;
}

LinkClient::Actions LinkClient::on_records(MonoTime now, std::vector<SequencedRecord> records) {
    expect(fetches_ > 0, "records answer a Fetch");
    Actions out;
    --fetches_;
    if (state_ != State::live || fetches_ > 0 || resume_at_) {
        return out;  // too late or too early: what is still needed is fetched again
    }
    if (fetched_from_ == next_send_) {
        std::erase_if(records, [this](const SequencedRecord& record) {
            return record.seq < next_send_ || record.seq > spool_.synced;
        });
        if (records.empty()) {
            return out;  // asked again at the next sign from the spool, or the next heartbeat
        }
        if (records.front().seq != next_send_) {
            drop(
                now,
                "the collector needs record " + std::to_string(next_send_) +
                    ", and the spool begins at " + std::to_string(records.front().seq),
                out
            );
            return out;
        }
        is_short_of_credit_ = !send_records(std::move(records), out);
    }
    fill(out);
    return out;
}

/// False when credit ended before the records did: the rest is fetched again.
bool LinkClient::send_records(std::vector<SequencedRecord> records, Actions& out) {
    for (std::size_t at = 0; at < records.size();) {
        proto::Frame frame;
        proto::Batch& batch = *frame.mutable_batch();
        std::size_t bytes = 0;
        std::uint64_t raw_bytes = 0;
        std::size_t end = at;
        for (; end < records.size(); ++end) {
            const Record& next = records[end].record;
            const bool fits = bytes + next.payload.size() <= options_.batch_bytes &&
                              raw_bytes + next.raw_size <= max_raw_bytes;
            if (end != at && !fits) {
                break;
            }
            expect(records[end].seq == next_send_ + (end - at), "the spool gives records in order");
            bytes += next.payload.size();
            raw_bytes += next.raw_size;
        }
        if (!may_send(bytes)) {
            return false;
        }
        batch.set_spool_id(std::string(spool_.spool.raw()));
        batch.set_first_seq(next_send_);
        for (; at < end; ++at) {
            *batch.add_records() = to_proto(fitted(std::move(records[at].record)));
        }
        next_send_ += static_cast<std::uint64_t>(batch.records_size());
        in_flight_.push_back(Flight{next_send_ - 1, bytes});
        in_flight_bytes_ += bytes;
        out.emplace_back(sending(std::move(frame)));
    }
    return true;
}

/// One batch may always be on its way, however large; without credit not even that, until the pause is over.
bool LinkClient::may_send(std::size_t bytes) const {
    if (in_flight_.empty()) {
        return true;
    }
    return in_flight_.size() < options_.batches_in_flight && in_flight_bytes_ + bytes <= credit_;
}

void LinkClient::fill(Actions& out) {
    const bool is_waiting = fetches_ > 0 && fetched_from_ == next_send_;
    const bool is_held = resume_at_.has_value() || is_short_of_credit_;
    if (is_waiting || is_held || next_send_ > spool_.synced || !may_send(1)) {
        return;
    }
    const std::size_t free_batches = options_.batches_in_flight - in_flight_.size();
    const std::uint64_t free_credit = credit_ > in_flight_bytes_ ? credit_ - in_flight_bytes_ : 1;
    const std::uint64_t bytes =
        std::min<std::uint64_t>(free_credit, free_batches * options_.batch_bytes);
    ++fetches_;
    fetched_from_ = next_send_;
    out.emplace_back(link_action::Fetch{next_send_, static_cast<std::size_t>(bytes)});
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
    in_flight_.clear();
    in_flight_bytes_ = 0;
    resume_at_.reset();
    is_short_of_credit_ = false;
    parts_.clear();
}

void LinkClient::drop(MonoTime now, std::string why, Actions& out) {
    out.emplace_back(link_action::Close{.why = std::move(why)});
    wait_again(now);
}

bool LinkClient::is_ours(const std::string& spool_id) const {
    return spool_id == spool_.spool.raw();
}

void LinkClient::acknowledge(MonoTime now, std::uint64_t committed, Actions& out) {
    if (committed > spool_.synced) {
        drop(
            now,
            "the collector has record " + std::to_string(committed) + ", and this spool ends at " +
                std::to_string(spool_.synced) +
                ": it was restored from a copy; move the agent's spool directory away to begin a "
                "new one",
            out
        );
        return;
    }
    if (committed > acked_) {
        acked_ = committed;
        nacks_ = 0;
        out.emplace_back(link_action::Acked{committed});
    }
    while (!in_flight_.empty() && in_flight_.front().last_seq <= committed) {
        in_flight_bytes_ -= in_flight_.front().bytes;
        in_flight_.pop_front();
    }
    next_send_ = std::max(next_send_, committed + 1);
}

void LinkClient::on_welcome(
    MonoTime now, WallTime wall, const proto::Welcome& welcome, Actions& out
) {
    std::uint64_t committed = 0;
    for (const proto::StreamAnswer& answer : welcome.streams()) {
        if (is_ours(answer.spool_id())) {
            committed = answer.committed_seq();
        }
    }
    // Behind what it acknowledged before: a restored collector. It gets what the spool still has.
    next_send_ = committed + 1;
    acked_ = std::min(acked_, committed);
    acknowledge(now, committed, out);
    if (state_ != State::greeting) {
        return;
    }
    state_ = State::live;
    failed_tries_ = 0;
    nacks_ = 0;
    credit_ = welcome.credit_bytes();
    pause(now, Duration::zero());
    if (welcome.heartbeat_ms() > 0) {
        heartbeat_ = std::chrono::milliseconds(welcome.heartbeat_ms());
        heard_within_ = std::max(missed_heartbeats * heartbeat_, least_patience);
    }
    out.emplace_back(link_action::Connected{});
    beat(now, wall, out);
    fill(out);
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
    if (!is_ours(ack.spool_id())) {
        return;
    }
    credit_ = ack.credit_bytes();
    pause(now, std::chrono::milliseconds(ack.retry_after_ms()));
    acknowledge(now, ack.committed_seq(), out);
    if (state_ == State::live) {
        fill(out);
    }
}

void LinkClient::on_nack(MonoTime now, const proto::Nack& nack, Actions& out) {
    if (!is_ours(nack.spool_id())) {
        return;
    }
    if (nack.expected() == 0 || nack.expected() > next_send_) {
        drop(now, "the collector expects record " + std::to_string(nack.expected()), out);
        return;
    }
    if (++nacks_ >= most_nacks) {
        drop(now, "the collector keeps asking for record " + std::to_string(nack.expected()), out);
        return;
    }
    next_send_ = nack.expected();
    is_short_of_credit_ = false;
    while (!in_flight_.empty() && in_flight_.back().last_seq >= next_send_) {
        in_flight_bytes_ -= in_flight_.back().bytes;
        in_flight_.pop_back();
    }
    fill(out);
}

}  // namespace muster::wire
