// Owns: what the time of an agent's record is by our calendar. Leaves to the journal: storing both.
#pragma once

#include "base/time.hpp"
#include "wire/record.hpp"

#include <cstdint>
#include <deque>
#include <string_view>

namespace muster::collector {

/// An agent's clocks against ours, as of its last Hellos and heartbeats. Its calendar may be wrong and may step; its monotonic
/// clock does not, so that of a record of the same boot the age is known whatever its calendar said. A sign may wait on its way,
/// behind results or because we were not reading: of those of ten minutes the one that waited least counts. So a delay moves
/// nothing.
class AgentClock {
  public:
    /// A connection begins. `boot_id`: 16 bytes, as in Hello. What was heard in another boot is forgotten.
    void begin(std::string_view boot_id);
    /// What the agent's clocks said when it sent a sign, and ours when that came.
    void heard(WallTime agents, MonoTime mono, WallTime ours);
    /// Our calendar was set: what was noted by it moves along.
    void ours_stepped(Duration by);

    /// How far the agent's calendar was ahead of ours at its last sign; 0 within two seconds.
    Duration ahead_at_last_sign() const;
    /// How far the calendar that wrote the record was ahead of ours; 0 within two seconds, which a network may take. `boot`: of
    /// the record, 0 where it does not say. Never leaves a record more than ten minutes in our future.
    Duration ahead(const wire::Record& record, std::uint64_t boot, WallTime now) const;
    /// Whether that is what keeps it there.
    bool is_from_future(const wire::Record& record, std::uint64_t boot, WallTime now) const;

    static constexpr Duration most_ahead = std::chrono::minutes(10);

  private:
    Duration said_ahead(const wire::Record& record, std::uint64_t boot) const;

    struct Sign {
        WallTime agents;
        MonoTime mono;
        WallTime ours;

        /// Ours when the agent's machine started, and how long it was on its way.
        WallTime came() const { return ours - mono.time_since_epoch(); }
    };

    /// How far a calendar of this boot that showed `agents` at `mono` was ahead of ours.
    Duration age_tells(WallTime agents, MonoTime mono) const;

    std::uint64_t boot_ = 0;  // first 8 bytes of the boot id, as results carry it
    /// Those that no newer one has waited less than: the first waited least of all. The newest last.
    std::deque<Sign> signs_;
};

}  // namespace muster::collector
