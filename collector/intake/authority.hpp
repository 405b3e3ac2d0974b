// Owns: what an agent may bring: results within the assignment epochs issued to it, observations of its own.
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "wire/observations.hpp"
#include "wire/results.hpp"

#include <cstdint>
#include <deque>
#include <string_view>
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

/// The key space in which only the agent itself has a name: its id as text.
inline constexpr std::string_view agent_space = "agent";

/// `refused` where a key in `agent_space` names another agent: nobody may take over another's machine.
Status check_own(const wire::Observations& observations, AgentId agent);

}  // namespace muster::collector
