// Owns: the share half of Intake: how much one agent may bring, so that the others are served as if it were not there.
#include "base/log.hpp"
#include "collector/intake/intake.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace muster::collector {

namespace {

// What a frame and a record cost beside their bytes: many small ones are as much work as a large one.
constexpr std::uint64_t frame_cost = 1024;
constexpr std::uint64_t record_cost = 256;
constexpr Duration burst = std::chrono::seconds(2);
constexpr Duration without_credit = std::chrono::seconds(1);
constexpr Duration until_stored = std::chrono::milliseconds(5);
constexpr std::size_t most_read_ahead = 4U << 20U;
constexpr std::size_t least_read_ahead = 64U << 10U;
constexpr Duration longest_hold = std::chrono::seconds(1);

}  // namespace

/// In steps, so that one more who comes or goes is seldom news to all the others.
std::size_t Intake::read_ahead() const {
    const std::size_t share = options_.most_memory / std::max<std::size_t>(1, sessions_.size());
    return std::clamp(std::bit_floor(share), least_read_ahead, most_read_ahead);
}

std::uint64_t Intake::credit() const {
    const std::uint64_t share = std::min<std::uint64_t>(full_credit_, read_ahead());
    return full_credit_ == 0 ? 0 : share * options_.link.credit_bytes / full_credit_;
}

void Intake::set_credit(std::uint64_t bytes) {
    options_.link.credit_bytes = bytes;
    share_credit();
}

void Intake::share_credit() {
    const std::uint64_t each = credit();
    if (std::exchange(told_credit_, each) == each) {
        return;
    }
    for (auto& [id, session] : sessions_) {
        session.server.set_credit(each);
    }
}

/// Without credit an agent is to wait and then to try one batch; one that does not wait is made to.
void Intake::charge(Agent& owner, const wire::proto::Frame& frame) {
    std::uint64_t bytes = frame_cost;
    for (const wire::proto::Record& record : frame.batch().records()) {
        bytes += record_cost + record.raw_size();
    }
    const auto worth = std::chrono::nanoseconds(bytes * 1'000'000'000 / options_.agent_rate);
    owner.paid_until = std::max(owner.paid_until, now_ - burst) + worth;
    if (frame.has_batch() && options_.link.credit_bytes == 0) {
        owner.paid_until = std::max(owner.paid_until, now_ + without_credit);
    }
}

Duration Intake::hold_back(SessionId id, MonoTime now) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return {};
    }
    Session& session = found->second;
    Agent& owner = agent(session.agent);
    const bool is_beyond_share = staging_.memory_of(session.agent) >= options_.agent_memory;
    const Duration least = is_beyond_share ? until_stored : Duration::zero();
    const Duration wait = std::clamp<Duration>(owner.paid_until - now, least, longest_hold);
    if (wait > Duration::zero()) {
        owner.held_back += wait;
        tell_held_back(
            session,
            owner.paid_until > now
                ? "it brings more than link.agent_rate lets one agent bring"
                : "what it brought and is not stored yet takes as much memory as one agent may"
        );
        return wait;
    }
    return staging_.memory() >= options_.most_memory ? until_stored : Duration::zero();
}

/// Once a session; while nobody has credit it is not the agent's doing.
void Intake::tell_held_back(Session& session, std::string_view why) const {
    if (session.is_told_held_back || options_.link.credit_bytes == 0) {
        return;
    }
    session.is_told_held_back = true;
    log(LogLevel::notice,
        "intake.held_back",
        {{"agent", session.agent.text()},
         {"why", why},
         {"bytes_a_second", options_.agent_rate},
         {"memory", options_.agent_memory}});
}

}  // namespace muster::collector
