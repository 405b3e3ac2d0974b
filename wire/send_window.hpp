// Owns: how many bytes may be under way so that what is said behind them still arrives in time. Leaves to link_client.hpp: sending, and
// the collector's credit.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace muster::wire {

/// A value. A credit of 4 MiB is two minutes of a line of 256 kbit/s. With all of it before them heartbeats would come late by that, so
/// that the collector took the clock for slow and the link for dead. So no more is under way than is confirmed within seconds: as much
/// as that turns out to be.
class SendWindow {
  public:
    static constexpr std::size_t least = 16U << 10U;
    static constexpr std::size_t first = 64U << 10U;
    static constexpr std::size_t most = 16U << 20U;
    /// Confirmed sooner than this, twice as much is tried; later than that, half.
    static constexpr Duration quick = std::chrono::seconds(2);
    static constexpr Duration slow = std::chrono::seconds(4);

    std::size_t bytes() const { return bytes_; }

    /// Records of the spool up to `seq` went out.
    void sent(MonoTime now, SpoolId spool, std::uint64_t seq);
    /// They are confirmed up to `seq`.
    void confirmed(MonoTime now, SpoolId spool, std::uint64_t seq);
    /// The connection is gone. With something under way that may have been too much of it.
    void broken();

  private:
    struct Timed {
        MonoTime since;
        SpoolId spool;
        std::uint64_t seq;
    };

    std::size_t bytes_ = first;
    std::optional<Timed> timed_;  // one at a time
};

}  // namespace muster::wire
