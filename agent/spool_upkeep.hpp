// Owns: when the spools are synced, trimmed and saved, and when their disk is given up for a while. A value: told the time.
// Leaves to spool_set.hpp: doing it; to spool_thread.hpp: the thread.
#pragma once

#include "agent/spool_set.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace muster::agent {

struct SpoolUpkeepOptions {
    Duration flush =
        std::chrono::milliseconds(200);        ///< longest wait for a sync that others can join
    std::uint64_t flush_bytes = 256u << 10;    ///< unsynced bytes that are synced at once
    Duration retry = std::chrono::seconds(1);  ///< after a failed sync
    /// A disk that takes nothing for so long is done without: Spool::trust_memory.
    Duration disk_patience = std::chrono::seconds(3);
    Duration trim_every = std::chrono::seconds(1);
    Duration save_acked_every = std::chrono::seconds(30);
};

/// A record is synced within `flush`; at once where it holds a change of state or nothing was synced for that long.
class SpoolUpkeep {
  public:
    SpoolUpkeep(SpoolSet spools, SpoolUpkeepOptions options, MonoTime now);

    SpoolSet& spools() { return spools_; }

    const SpoolSet& spools() const { return spools_; }

    /// As SpoolSet::append. What is refused is counted there, and logged once in a row.
    void append(wire::Record record);
    /// Group commit, where it is due.
    void settle(MonoTime now);
    /// Retention, limits, a disk that fails, the mark of what was acknowledged: each where it is due.
    void maintain(MonoTime now, WallTime wall);
    /// Everything at once, at the end of the process.
    void finish();
    /// When `settle` or `maintain` has something to do.
    MonoTime next_wake() const;

  private:
    SpoolSet spools_;
    SpoolUpkeepOptions options_;
    bool urgent_ = false;
    bool refusing_ = false;
    MonoTime last_sync_{};
    MonoTime not_before_{};
    MonoTime last_trim_;
    MonoTime last_save_;
    std::optional<MonoTime> failing_since_;
};

}  // namespace muster::agent
