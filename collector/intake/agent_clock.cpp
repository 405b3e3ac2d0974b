#include "collector/intake/agent_clock.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace muster::collector {

namespace {

constexpr Duration tolerated = std::chrono::seconds(2);
constexpr std::size_t signs_kept = 64;
/// Clocks drift: what is older tells nothing of now.
constexpr Duration kept_for = std::chrono::minutes(10);

Duration beyond_tolerance(Duration ahead) {
    return std::chrono::abs(ahead) <= tolerated ? Duration{} : ahead;
}

}  // namespace

void AgentClock::begin(std::string_view boot_id) {
    const std::uint64_t boot = boot_id.size() >= sizeof(boot_) ? load_u64(boot_id.data()) : 0;
    if (boot != boot_) {
        signs_.clear();
    }
    boot_ = boot;
}

void AgentClock::heard(WallTime agents, MonoTime mono, WallTime ours) {
    // A machine set back to a snapshot is up for less long than it was, in the same boot.
    std::erase_if(signs_, [mono](const Sign& each) {
        return each.mono > mono || mono - each.mono > kept_for;
    });
    const Sign newest{agents, mono, ours};
    // Of equal ones the newest: its calendar is the one in force.
    while (!signs_.empty() && (signs_.back().came() >= newest.came() || signs_.size() == signs_kept)
    ) {
        signs_.pop_back();
    }
    signs_.push_back(newest);
}

void AgentClock::ours_stepped(Duration by) {
    for (Sign& each : signs_) {
        each.ours += by;
    }
}

Duration AgentClock::ahead_at_last_sign() const {
    return signs_.empty() ? Duration{}
                          : beyond_tolerance(age_tells(signs_.back().agents, signs_.back().mono));
}

Duration AgentClock::age_tells(WallTime agents, MonoTime mono) const {
    return agents - (signs_.front().came() + mono.time_since_epoch());
}

Duration AgentClock::said_ahead(const wire::Record& record, std::uint64_t boot) const {
    Duration ahead{};
    if (!signs_.empty() && boot != 0 && boot == boot_) {
        ahead = age_tells(record.wall, record.mono);
    } else if (!signs_.empty()) {
        // Of another boot only its calendar tells, and that may have been the same.
        ahead = signs_.front().agents - signs_.front().ours;
    }
    return beyond_tolerance(ahead);
}

bool AgentClock::is_from_future(const wire::Record& record, std::uint64_t boot, WallTime now)
    const {
    return record.wall - said_ahead(record, boot) > now + most_ahead;
}

Duration AgentClock::ahead(const wire::Record& record, std::uint64_t boot, WallTime now) const {
    return is_from_future(record, boot, now) ? record.wall - now : said_ahead(record, boot);
}

}  // namespace muster::collector
