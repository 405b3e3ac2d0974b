// Owns: what the brain remembers of the channels: rates, what waits to be merged, whether they work. Plain data. Leaves to
// telling/channels: what it means.
#pragma once

#include "base/time.hpp"
#include "collector/meter.hpp"
#include "config/channel.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// A message beyond the rate; it goes with the next digest.
struct MergedMessage {
    std::uint64_t incident = 0;
    std::string transition;
    std::string title;
    std::string site;
    std::uint32_t priority = 3;
    WallTime at{};
};

struct ChannelState {
    // Configuration.
    std::string name;
    std::string type = "webhook";
    std::string
        target;  ///< where it leads, without what may be secret: "https://hooks.example.net"
    config::Query match;  ///< without text: every incident
    config::Rate rate;
    Duration dead_after = std::chrono::minutes(5);

    std::uint32_t id = 0;  ///< never used twice: the subject of its timers
    std::uint64_t timer = 0;
    Elapsed timer_due{};

    // Rate.
    Meter meter{config::Rate{}};
    std::uint32_t waiting = 0;  ///< messages that no receiver has confirmed
    std::vector<MergedMessage> merged;
    // Of the next digest; the sum may be more than `merged` holds.
    std::uint32_t merged_opened = 0;
    std::uint32_t merged_resolved = 0;
    std::uint32_t merged_reopened = 0;
    std::uint64_t numbered = 0;  ///< digests and probes made

    // Health.
    std::uint32_t failures = 0;  ///< in a row
    Elapsed first_failed{};      ///< of that row
    std::string last_error;      ///< of a message or a test call; empty since something arrived
    WallTime last_delivered{};   ///< 0: never
    bool dead = false;
    WallTime state_since{};
    Elapsed probed{};  ///< while dead: the last probe, or its death

    std::uint32_t merged_count() const { return merged_opened + merged_resolved + merged_reopened; }

    /// "untested" (nothing was delivered and no message failed), "working", "failing", "dead"
    std::string_view state() const {
        return dead                           ? "dead"
               : failures > 0                 ? "failing"
               : last_delivered != WallTime{} ? "working"
                                              : "untested";
    }
};

struct ChannelStates {
    std::vector<ChannelState> all;  ///< in the order of the configuration
    std::uint32_t last_id = 0;

    /// Not saved: counts changes of whether anybody would be told.
    std::uint64_t revision = 1;

    ChannelState* find(std::string_view name);
    const ChannelState* find(std::string_view name) const;
};

}  // namespace muster::collector
