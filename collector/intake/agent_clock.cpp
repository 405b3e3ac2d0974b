#include "collector/intake/agent_clock.hpp"

#include "base/bytes.hpp"

#include <chrono>

namespace muster::collector {

namespace {

constexpr Duration tolerated = std::chrono::seconds(2);
constexpr Duration most_ahead = std::chrono::minutes(10);

}  // namespace

void AgentClock::begin(std::string_view boot_id) {
    boot_ = boot_id.size() >= sizeof(boot_) ? load_u64(boot_id.data()) : 0;
}

void AgentClock::heard(WallTime agents, MonoTime mono, WallTime ours) {
    is_known_ = true;
    agents_ = agents;
    mono_ = mono;
    ours_ = ours;
}

Duration AgentClock::ahead(const wire::Record& record, std::uint64_t boot, WallTime now) const {
    Duration ahead{};
    if (is_known_ && boot != 0 && boot == boot_) {
        ahead = record.wall - (ours_ - (mono_ - record.mono));
    } else if (is_known_) {
        ahead = agents_ -
                ours_;  // of another boot only its calendar tells, and that may have been the same
    }
    if (std::chrono::abs(ahead) <= tolerated) {
        ahead = {};
    }
    return record.wall - ahead > now + most_ahead ? record.wall - now : ahead;
}

std::optional<Duration> AgentClock::calendar_ahead() const {
    return is_known_ ? std::optional<Duration>(agents_ - ours_) : std::nullopt;
}

}  // namespace muster::collector
