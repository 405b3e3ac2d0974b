#include "collector/brain/incidents/undecided.hpp"

#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <string>

namespace muster::collector {

namespace {

const Spec& spec_of(const State& state, Slot probe) {
    return state.specs[state.cold[probe].spec];
}

/// It was over before it was known: recorded, not told.
void record_late(Fold& fold, CiIndex ci, const Fault& fault) {
    Incident incident = describe_fault(fold.state, ci, fault);
    incident.detected_late = true;
    const std::string why = fault_why(
        fold.state, incident, spec_of(fold.state, spokesman(fold.state, fault).probe), fold.wall
    );
    Incident& recorded = open_incident(fold, std::move(incident), why, Telling::recorded);
    list_other_members(fold, fault, recorded);
    resolve_incident(
        fold,
        recorded,
        "system",
        "it was over when it became known",
        last_recovery(fault),
        Telling::recorded
    );
    add_receipt(
        fold,
        ci,
        recorded.probe,
        "detected late",
        "it was over when it became known",
        recorded.number
    );
}

}  // namespace

WallTime last_recovery(const Fault& fault) {
    return std::ranges::max_element(fault.members, {}, &Fault::Member::recovered_at)->recovered_at;
}

void note_undecided(Fold& fold, CiIndex ci, const Fault& fault) {
    const Fault::Member& first = spokesman(fold.state, fault);
    const Duration hold = spec_of(fold.state, first.probe).rule.hold;
    const WallTime over = fault.active() == 0 ? last_recovery(fault) : fold.wall;
    if (seen_while_blind(fold.state, fault)) {
        add_withheld_receipt(
            fold,
            ci,
            first.id,
            {.why = Withholding::isolated,
             .rule = "what an isolated vantage saw opens nothing",
             .text = "it was seen to fail only by an agent that saw nothing at all then",
             .counterfactual = "had anything else answered that agent, it would have been "
                               "recorded"}
        );
    } else if (const Window* window = window_during(fold.state, ci, first.first_failed, over)) {
        add_withheld_receipt(
            fold, ci, first.id, withheld_by_window(*window, fold.state.cis[ci].name + " failed")
        );
    } else if (fault.phase != Fault::Phase::held || over - first.exceeded_at < hold) {
        add_receipt(
            fold,
            ci,
            first.id,
            "recovered within hold",
            "it recovered within " + format_duration(hold) + " of exceeding its threshold",
            fault.incident
        );
    } else if (fault.has_incident()) {
        add_receipt(
            fold,
            ci,
            first.id,
            "detected late",
            "that it failed as well was over when it became known",
            fault.incident
        );
    } else {
        record_late(fold, ci, fault);
    }
}

}  // namespace muster::collector
