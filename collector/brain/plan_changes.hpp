// Owns: what happens to slots, rows and assignments when probes come, change, move or go. Leaves to
// policy_stage and host_watch: which.
#pragma once

#include "collector/brain/fold.hpp"
#include "collector/brain/planning.hpp"

#include <algorithm>
#include <vector>

namespace muster::collector {

/// Which probes are new or differ, and whose assignments change by it.
struct Changes {
    std::vector<Slot> added;
    std::vector<Slot> updated;
    std::vector<bool> agents;  ///< by index: a definition of theirs changed

    void of_agent(AgentIndex agent);
};

/// Its page of both arrays differs from the saved one.
void mark_slot(State& state, Slot slot);

/// A slot for a probe that nobody runs yet.
void add_probe(Fold& fold, const DesiredProbe& wanted, Changes& changes);

/// Takes probes away and purges them from every epoch: late results of theirs are history only.
void remove_probes(Fold& fold, const std::vector<Slot>& slots);

/// Gives a probe to whoever its vantage names now. True when that is somebody else than before.
bool assign_probe(Fold& fold, AgentChooser& chooser, Slot slot, Changes& changes);

/// Gives a probe to an agent, or to nobody. True when that is somebody else than before.
bool give_probe(Fold& fold, Slot slot, AgentIndex agent, Changes& changes);

/// Rows, epochs, conditions of CIs: what follows from the changes.
void finish_changes(Fold& fold, const Changes& changes);

}  // namespace muster::collector
