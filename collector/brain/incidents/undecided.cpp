#include "collector/brain/incidents/undecided.hpp"

#include "base/human_duration.hpp"
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

/// It was over before it was known: recorded, not told.
void record_late(Fold& fold, CiIndex ci, const Fault& fault) {
    Incident incident = describe_fault(fold.state, ci, fault);
    incident.detected_late = true;
    const std::string why =
        fault_why(fold.state, incident, spec_of(fold.state, fault), fold.wall, nothing);
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

/// Over its threshold while the incident lasted that is the last of its CI, and over: whoever was told of that was told of
/// this. What an agent tells late may have been heard of after that incident only: then it is of the same probe or untold.
bool was_told(const State& state, CiIndex ci, const Fault& fault, const Fault::Member& member) {
    const auto last = state.last_by_key.find("fault/" + state.cis[ci].id.text());
    const auto found = last == state.last_by_key.end() ? state.incidents.end()
                                                       : state.incidents.find(last->second);
    if (found == state.incidents.end() || !found->second.is_over()) {
        return false;
    }
    const Incident& incident = found->second;
    if (fault.phase == Fault::Phase::held && incident.probe != member.id) {
        return false;
    }
    const WallTime over = incident.resolved != WallTime{} ? incident.resolved : incident.closed;
    return incident.detected <= member.exceeded_at && member.exceeded_at <= over;
}

/// Who speaks for what nobody was told of; null: there is nothing.
const Fault::Member* untold(const State& state, CiIndex ci, const Fault& fault) {
    const Fault::Member& first = spokesman(state, fault);
    if (!was_told(state, ci, fault, first)) {
        return &first;
    }
    const auto other = std::ranges::find_if(fault.members, [&](const Fault::Member& each) {
        return !was_told(state, ci, fault, each);
    });
    return other == fault.members.end() ? nullptr : &*other;
}

/// "it recovered within 5s of exceeding its threshold", or, where the decision had to wait, how long it took.
std::string soon_over(Duration lasted, Duration hold) {
    return lasted < hold
               ? "it recovered within " + format_duration(hold) + " of exceeding its threshold"
               : "it recovered " +
                     human_duration(std::chrono::floor<std::chrono::seconds>(lasted)) +
                     " after exceeding its threshold, before it was clear what it was";
}

}  // namespace

WallTime last_recovery(const Fault& fault) {
    return std::ranges::max_element(fault.members, {}, &Fault::Member::recovered_at)->recovered_at;
}

void note_undecided(Fold& fold, CiIndex ci, const Fault& fault) {
    const Fault::Member* speaker = untold(fold.state, ci, fault);
    if (speaker == nullptr) {
        return;
    }
    const Fault::Member& first = *speaker;
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
            soon_over(over - first.exceeded_at, hold),
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
