// Owns: what a stage is given while one entry (or one timer before it) is folded. Leaves to the
// stages: everything else.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/brain/state.hpp"
#include "collector/brain/state_store.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

/// What availability tells incidents.
struct AvailabilityEvent {
    /// eased: it fails no more, and is beyond a limit of a metric still. reason_changed: it fails as before, perhaps
    /// for another reason.
    enum class Kind : std::uint8_t { exceeded, eased, reason_changed, recovered, removed };
    Kind kind;
    Slot probe;
    WallTime at{};            ///< event time
    WallTime first_failed{};  ///< exceeded
    // exceeded, eased and reason_changed:
    std::string reason{};
    std::string expected{};
    std::string seen{};
};

/// References live as long as the brain; the rest belongs to the current entry.
struct Fold {
    State& state;
    StateStore& store;
    const cmdb::Model& model;  ///< that of the state
    const BrainOptions& options;

    Lsn lsn = 0;
    std::uint32_t ordinal = 0;  ///< of the next row keyed by (lsn, ordinal)
    Elapsed elapsed{};
    WallTime wall{};

    std::vector<AvailabilityEvent> events{};
    /// Agents and those of their probes that begin to fail, or answer while the agent is isolated.
    std::vector<std::pair<AgentIndex, Slot>> changed_sight{};
    std::vector<CiIndex> touched_cis{};  ///< whose condition may have changed; may repeat
    std::vector<CiIndex> changed_cis{
    };  ///< whose statements changed: their probes are planned again; may repeat
    std::optional<Verdict> verdict{};  ///< of a command
    std::set<AgentIndex> issued{};     ///< whose current epoch was issued since the last commit
    std::set<AgentIndex> agents_with_gaps{};  ///< in this entry
    std::vector<AgentId> shown{};             ///< enrolled or revoked since the last commit
    bool outbox_changed = false;

    std::uint32_t next_ordinal() { return ordinal++; }
};

}  // namespace muster::collector
