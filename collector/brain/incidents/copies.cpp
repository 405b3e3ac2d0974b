#include "collector/brain/incidents/copies.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>
#include <string>

namespace muster::collector {

namespace {

/// A copy that is set aside tries again within a minute: after so long without it, it is gone.
constexpr Duration quiet = std::chrono::minutes(10);

std::string copied_key(const Agent& agent) {
    return "agent_copied/" + agent.id.text();
}

/// Without ports, which are others with each call.
std::string seen_words(const proto::AgentCopied& body) {
    return "one at " + printable(host_part(body.other_address())) + ", one at " +
           printable(host_part(body.address())) +
           (body.hostname().empty() ? "" : " (" + printable(body.hostname()) + ")");
}

Incident describe(const Fold& fold, AgentIndex index, const proto::AgentCopied& body) {
    const Agent& agent = fold.state.agents[index];
    Incident incident;
    incident.kind = "agent_copied";
    incident.key = copied_key(agent);
    incident.ci = agent.ci;
    incident.agent = index;
    incident.title = "agent " + agent.name + " lives twice: a copy of its machine calls from " +
                     printable(body.address());
    incident.urgency = "high";
    incident.expected = "one machine with the certificate of this agent";
    incident.seen = seen_words(body);
    incident.reason = "copied";
    incident.started = fold.wall;
    incident.detected = fold.wall;
    return incident;
}

}  // namespace

void fold_copied(Fold& fold, const Entry& entry) {
    proto::AgentCopied body;
    State& state = fold.state;
    const auto id = body.ParseFromString(entry.body) ? Uuid::from_bytes(body.agent_id())
                                                     : failure(ErrorKind::corrupt, "agent.copied");
    const auto found = id ? state.agent_by_id.find(AgentId(*id)) : state.agent_by_id.end();
    if (found == state.agent_by_id.end() ||
        state.agents[found->second].state == AgentState::revoked) {
        return;
    }
    const AgentIndex index = found->second;
    state.causes.copies[index] = state.arm(fold.elapsed + quiet, Timer::Kind::copied, index);
    if (const auto open = state.open_by_key.find(copied_key(state.agents[index]));
        open != state.open_by_key.end()) {
        Incident* const incident = open_incident_of(state, open->second);
        if (const std::string seen = seen_words(body); incident && incident->seen != seen) {
            incident->seen = seen;
            save_incident(fold, *incident);
        }
        return;
    }
    const std::string why = cause_why(
        "two processes with one certificate that live at the same time, or take turns",
        "had the other one not answered, this one would have been taken for the agent started anew",
        {{"agent", state.agents[index].name},
         {"set aside", body.address()},
         {"lives at", body.other_address()}}
    );
    open_incident(fold, describe(fold, index, body), why, Telling::told);
}

void copy_is_gone(Fold& fold, AgentIndex agent, std::uint64_t timer) {
    State& state = fold.state;
    const auto armed = state.causes.copies.find(agent);
    if (armed == state.causes.copies.end() || armed->second != timer) {
        return;
    }
    state.causes.copies.erase(armed);
    const auto open = state.open_by_key.find(copied_key(state.agents[agent]));
    if (open == state.open_by_key.end()) {
        return;
    }
    if (Incident* incident = open_incident_of(state, open->second)) {
        resolve_incident(
            fold,
            *incident,
            "system",
            "the copy has not called for " + format_duration(quiet),
            fold.wall,
            Telling::told
        );
    }
}

}  // namespace muster::collector
