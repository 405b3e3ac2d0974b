#include "collector/brain/incidents/description.hpp"

#include "collector/brain/availability/limits.hpp"
#include "collector/brain/incidents/quorum.hpp"
#include "collector/brain/incidents/why.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 3> urgencies = {"high", "medium", "low"};

bool is_active(const Fault::Member& member) {
    return member.recovered_at == WallTime{};
}

bool fails(const State& state, const Fault::Member& member) {
    return is_active(member) && is_failing(state, member.probe);
}

bool is_degradation(const State& state, CiIndex ci, const Fault& fault) {
    if (fault.active() == 0) {
        return std::ranges::all_of(fault.members, [](const Fault::Member& each) {
            return each.reason == "threshold";
        });
    }
    return !reaches_quorum(state, ci, fault, Counted::failing);
}

/// Of a degradation that too few vantages see fail, those speak that see it slow.
const Fault::Member& speaker(const State& state, const Fault& fault, std::string_view kind) {
    const auto slow = std::ranges::find_if(fault.members, [&](const Fault::Member& each) {
        return is_active(each) && !fails(state, each);
    });
    return kind == "degradation" && slow != fault.members.end() ? *slow : spokesman(state, fault);
}

}  // namespace

bool is_any_failing(const State& state, const Fault& fault) {
    return std::ranges::any_of(fault.members, [&](const Fault::Member& each) {
        return fails(state, each);
    });
}

bool is_pertinent(const State& state, const Fault& fault, const Fault::Member& member) {
    return is_active(member) && (fails(state, member) || !is_any_failing(state, fault));
}

const Fault::Member& spokesman(const State& state, const Fault& fault) {
    const auto member = std::ranges::find_if(fault.members, [&](const Fault::Member& each) {
        return is_pertinent(state, fault, each);
    });
    return member == fault.members.end() ? fault.members.front() : *member;
}

const Spec& spec_of(const State& state, Slot probe) {
    return state.specs[state.cold[probe].spec];
}

const Spec& spec_of(const State& state, const Fault& fault) {
    return spec_of(state, spokesman(state, fault).probe);
}

Incident describe_fault(const State& state, CiIndex ci, const Fault& fault) {
    Incident incident;
    incident.kind = is_degradation(state, ci, fault) ? "degradation" : "fault";
    const Fault::Member& member = speaker(state, fault, incident.kind);
    const ColdProbe& cold = state.cold[member.probe];
    const Spec& spec = state.specs[cold.spec];
    incident.key = "fault/" + state.cis[ci].id.text();
    incident.ci = ci;
    incident.agent = cold.agent;
    incident.probe = cold.id;
    incident.probe_type = spec.probe->type;
    incident.probe_name = state.names[cold.name];
    incident.host = state.names[cold.host];
    incident.title = state.cis[ci].name + ": " + symptom_text(state, member);
    incident.urgency = urgencies[static_cast<std::size_t>(spec.urgency)];
    incident.expected = member.expected;
    incident.seen = member.seen.empty() ? "critical" : member.seen;
    incident.reason = member.reason;
    incident.started = member.first_failed;
    incident.detected = member.exceeded_at;
    for (const Fault::Member& each : fault.members) {
        incident.started = std::min(incident.started, each.first_failed);
        incident.detected = std::min(incident.detected, each.exceeded_at);
    }
    return incident;
}

void describe_host(const State& state, Incident& incident, AgentIndex host) {
    const Agent& agent = state.agents[host];
    incident.title = "host " + state.cis[incident.ci].name + " is down: " + incident.seen +
                     ", and its agent is silent";
    incident.expected = "an answer, or a word from its agent";
    incident.seen +=
        "; nothing from agent " + agent.name + " since " + format_rfc3339(agent.heard_wall);
    incident.reason = "host down";
    incident.urgency = "high";
}

std::string_view more_urgent(std::string_view one, std::string_view other) {
    return std::ranges::find(urgencies, one) <= std::ranges::find(urgencies, other) ? one : other;
}

}  // namespace muster::collector
