#include "collector/brain/incidents/why.hpp"

#include "collector/brain/incidents/record.hpp"
#include "collector/brain/row_text.hpp"

#include <boost/json.hpp>

namespace muster::collector {

namespace json = boost::json;

namespace {

/// A host is down by two words together, and each of them alone takes that back.
void explain_host_down(
    json::object& why, const State& state, const config::Rule& rule, const Agent& agent
) {
    const std::string silent = format_duration(state.silent_after);
    const std::string failures = std::to_string(rule.failures) + " failures in a row";
    why["rule"] = "a host is down when it does not answer from outside (" + failures +
                  ") and its agent is silent (" + silent +
                  "); it is over when its agent is heard or the host answers";
    why["silent_agent"] = agent.name;
    why["last_heard"] = format_rfc3339(agent.heard_wall);
    why["counterfactual"] = "one answer before the failure number " +
                            std::to_string(rule.failures) + ", or one word from agent " +
                            agent.name + ", and no host would have been down";
}

std::string counterfactual_of(const Incident& incident, const config::Rule& rule) {
    const std::string hold = format_duration(rule.hold);
    if (incident.reason == "threshold" || incident.reason == "availability") {
        return incident.expected + ", or recovered within " + hold +
               ", and nothing would have opened";
    }
    return "one answer before the failure number " + std::to_string(rule.failures) + ", or " +
           std::to_string(rule.successes) + " answers within " + hold +
           " of it, and nothing would have opened";
}

}  // namespace

std::string fault_why(
    const State& state,
    const Incident& incident,
    const Spec& spec,
    WallTime opened,
    AgentIndex host_down
) {
    const std::string hold = format_duration(spec.rule.hold);
    json::object why{
        {"rule", rule_text(spec.rule)},
        {"failures", spec.rule.failures},
        {"successes", spec.rule.successes},
        {"hold", hold},
        {"probe", incident.probe_name},
        {"host", incident.host},
        {"agent", incident.agent == nothing ? "" : state.agents[incident.agent].name},
        {"first_failed", format_rfc3339(incident.started)},
        {"exceeded", format_rfc3339(incident.detected)},
        {"opened", format_rfc3339(opened)},
        {"detected_late", incident.detected_late},
        {"topology", "unknown: nothing suppresses it"},
        {"counterfactual", counterfactual_of(incident, spec.rule)}
    };
    if (host_down != nothing) {
        explain_host_down(why, state, spec.rule, state.agents[host_down]);
    }
    return json::serialize(why);
}

std::string symptom_text(const State& state, const Fault::Member& member) {
    const bool is_limit = member.reason == "threshold" || member.reason == "availability";
    std::string text =
        state.names[state.cold[member.probe].name] + (is_limit ? " exceeded" : " failed");
    if (!member.seen.empty()) {
        text += ": " + member.seen;
    }
    return text;
}

std::string silence_why(const Fold& fold, const Agent& agent) {
    json::object why{
        {"rule", "silent for " + format_duration(fold.state.silent_incident_after)},
        {"agent", agent.name},
        {"last_heard", format_rfc3339(agent.heard_wall)},
        {"opened", format_rfc3339(fold.wall)},
        {"counterfactual", "one heartbeat, or an orderly stop, and nothing would have opened"}
    };
    return json::serialize(why);
}

void add_receipt(
    Fold& fold,
    CiIndex ci,
    ProbeId probe,
    std::string_view reason,
    std::string_view text,
    std::uint64_t incident
) {
    json::object data{{"text", text}};
    if (incident != 0) {
        data["incident"] = incident_name(incident);
    }
    const std::string serialised = json::serialize(data);
    fold.store.insert_receipt(
        {.lsn = fold.lsn,
         .ordinal = fold.next_ordinal(),
         .wall = fold.wall,
         .ci = ci == nothing ? CiId{} : fold.state.cis[ci].id,
         .probe = probe,
         .reason = reason,
         .data = serialised}
    );
}

}  // namespace muster::collector
