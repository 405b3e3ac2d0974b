// Owns: how far a fold is behind the journal, and how much agents may send meanwhile.
#pragma once

#include "base/time.hpp"
#include "collector/journal/feed.hpp"

#include <cstdint>
#include <deque>
#include <utility>

namespace muster::collector {

/// Asked now and then with where the fold stands; remembers the last seconds.
class FoldLag {
  public:
    /// The credit agents get: `full` while the fold keeps up, an eighth while much waits in memory, nothing when it is
    /// more than 5 s or nearly the feed's memory behind.
    std::uint64_t credit(MonoTime now, Lsn next, FoldFeed::Lag lag, std::uint64_t full);

  private:
    bool is_late(MonoTime now, Lsn next, Lsn committed);

    std::deque<std::pair<MonoTime, Lsn>>
        committed_;  // the journal's end at moments of the last seconds
};

}  // namespace muster::collector
