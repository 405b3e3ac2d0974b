// Owns: which results an agent may bring: the bounds of the assignment epochs issued to it.
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "wire/results.hpp"

#include <cstdint>
#include <deque>
#include <utility>

namespace muster::collector {

/// The epochs of one agent. Knows the bounds of the newest few; older ones are let through, since a spool may hold
/// results from before a restart: the folds find no probe for a dense id that never was.
class IssuedEpochs {
  public:
    /// Dense ids of `epoch` are below `bound`. Epochs rise.
    void issued(std::uint32_t epoch, std::uint32_t bound);

    /// 0: none yet.
    std::uint32_t current() const;

    /// `refused` for an epoch never issued, or a probe beyond its epoch's bound.
    Status check(const wire::ResultBatch& results) const;

  private:
    std::deque<std::pair<std::uint32_t, std::uint32_t>> bounds_;  // epoch, bound; rising
};

}  // namespace muster::collector
