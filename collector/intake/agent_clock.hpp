// Owns: what the time of an agent's record is by our calendar. Leaves to the journal: storing both.
#pragma once

#include "base/time.hpp"
#include "wire/record.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::collector {

/// An agent's clocks against ours, as of its last Hello or heartbeat. Its calendar may be wrong and may step; its monotonic
/// clock does not, so that of a record of the same boot the age is known whatever its calendar said.
class AgentClock {
  public:
    /// `boot_id`: 16 bytes, as in Hello.
    void begin(std::string_view boot_id);
    void heard(WallTime agents, MonoTime mono, WallTime ours);

    /// How far the calendar that wrote the record was ahead of ours; 0 within two seconds, which a network may take. `boot`: of
    /// the record, 0 where it does not say. Never leaves a record more than ten minutes in our future.
    Duration ahead(const wire::Record& record, std::uint64_t boot, WallTime now) const;

    /// As of the last sign; nothing before the first.
    std::optional<Duration> calendar_ahead() const;

  private:
    std::uint64_t boot_ = 0;  // first 8 bytes of the boot id, as results carry it
    bool is_known_ = false;
    WallTime agents_{};
    MonoTime mono_{};
    WallTime ours_{};
};

}  // namespace muster::collector
