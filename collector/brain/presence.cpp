#include "collector/brain/presence.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/brain/windows/windows.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>
#include <cstring>

namespace muster::collector {

namespace {

constexpr std::size_t longest_installation = 64;

AgentIndex find_agent(const Fold& fold, const std::string& raw_id) {
    const auto id = Uuid::from_bytes(raw_id);
    if (!id) {
        return nothing;
    }
    const auto found = fold.state.agent_by_id.find(AgentId{*id});
    return found == fold.state.agent_by_id.end() ? nothing : found->second;
}

void change(Fold& fold, Agent& agent, AgentState state) {
    agent.state = state;
    fold.store.update_agent(agent, fold.wall);
    if (agent.ci != nothing) {
        fold.touched_cis.push_back(agent.ci);
        fold.touched_cis.push_back(watched_ci(fold.state, fold.state.agent_by_id.at(agent.id)));
    }
}

void watch_silence(Fold& fold, AgentIndex index) {
    Agent& agent = fold.state.agents[index];
    agent.silence_timer =
        fold.state.arm(agent.heard + fold.state.silent_after, Timer::Kind::silence, index);
}

void resolve_silence(Fold& fold, const Agent& agent, std::string_view text) {
    const auto open = fold.state.open_by_key.find(silent_key(agent));
    if (open == fold.state.open_by_key.end()) {
        return;
    }
    Incident& incident = fold.state.incidents.at(open->second);
    resolve_incident(fold, incident, "system", text, fold.wall, Telling::told);
}

bool expects_silence(const Agent& agent) {
    return agent.state == AgentState::enrolled || agent.state == AgentState::stopped ||
           agent.state == AgentState::revoked;
}

/// It is linked and has nothing left to tell from before.
void caught_up(Fold& fold, AgentIndex index) {
    Agent& agent = fold.state.agents[index];
    end_gap(fold, agent, fold.wall);
    decide_held(fold, index);
}

/// What is known of the host of a silent agent, as the end of a sentence.
std::string outside_words(const State& state, AgentIndex agent) {
    switch (outside_view(state, agent)) {
        case OutsideView::answers:
            return "; its host answers " + watcher_name(state, agent);
        case OutsideView::fails:
        case OutsideView::unsure:
            return "; " + watcher_name(state, agent) + " does not see yet whether its host is up";
        case OutsideView::nobody:
            break;
    }
    return "; nobody watches its host from outside";
}

std::uint64_t first_bytes(const std::string& raw) {
    return raw.size() < 8 ? 0 : load_u64(raw.data());
}

/// The boot of a Hello takes its place after all known ones, so that what spools still hold sorts
/// before it.
void note_boot(State& state, Agent& agent, std::uint64_t boot) {
    agent.hello_boot = boot;
    const auto known = std::ranges::find(agent.boots, boot, &Agent::Boot::boot);
    if (boot != 0 && known == agent.boots.end()) {
        agent.boots.push_back({boot, ++state.last_boot});
    }
}

}  // namespace

std::string silent_key(const Agent& agent) {
    return "agent_silent/" + agent.id.text();
}

void begin_gap(Fold& fold, Agent& agent, WallTime from, std::string_view reason) {
    if (!agent.gap_reason.empty()) {
        return;
    }
    agent.gap_reason = reason;
    agent.gap_from = from;
    agent.gap_first_record = WallTime{};
    fold.store.insert_unobserved(agent.id, from, reason, fold.lsn);
}

void end_gap(Fold& fold, Agent& agent, WallTime now) {
    if (agent.gap_reason.empty()) {
        return;
    }
    const WallTime to =
        agent.gap_first_record == WallTime{} ? now : std::min(now, agent.gap_first_record);
    if (to <= agent.gap_from + fold.state.silent_after && agent.gap_first_record != WallTime{}) {
        fold.store.delete_unobserved(agent.id, agent.gap_from);
    } else {
        agent.observed_from = std::max(to, agent.gap_from);
        fold.store.close_unobserved(agent.id, agent.gap_from, agent.observed_from);
    }
    agent.gap_reason.clear();
}

void await_silent_agent(Fold& fold, AgentIndex index) {
    if (fold.state.agents[index].state != AgentState::silent) {
        return;
    }
    const Elapsed until = fold.elapsed + fold.state.silent_incident_after;
    fold.state.causes.patience[index] = until;
    fold.state.arm(until, Timer::Kind::silent_incident, index);
}

bool is_observing(const Agent& agent) {
    const bool is_there =
        agent.state == AgentState::connected || agent.state == AgentState::disconnected;
    return is_there && !agent.awaited && agent.backlog.empty();
}

void hear(Fold& fold, AgentIndex index) {
    Agent& agent = fold.state.agents[index];
    agent.heard = fold.elapsed;
    agent.heard_wall = fold.wall;
    if (agent.state == AgentState::silent) {
        change(fold, agent, agent.linked ? AgentState::connected : AgentState::disconnected);
        resolve_silence(fold, agent, "heard from again");
        silence_ended(fold, index);
        watch_silence(fold, index);
        if (agent.linked && agent.backlog.empty()) {
            caught_up(fold, index);
        }
    }
}

void hear_record(
    Fold& fold, AgentIndex index, SpoolId spool, std::uint64_t seq, WallTime record_wall
) {
    Agent& agent = fold.state.agents[index];
    if (!agent.gap_reason.empty() && agent.gap_first_record == WallTime{}) {
        agent.gap_first_record = std::max(record_wall, agent.gap_from);
    }
    if (agent.backlog.empty()) {
        return;
    }
    std::erase_if(agent.backlog, [&](const Agent::Backlog& each) {
        return each.spool == spool && seq >= each.until;
    });
    if (agent.backlog.empty() && agent.linked) {
        caught_up(fold, index);
    }
}

void fold_connected(Fold& fold, const Entry& entry) {
    proto::AgentConnected body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    const AgentIndex index = find_agent(fold, body.agent_id());
    if (index == nothing || fold.state.agents[index].state == AgentState::revoked) {
        return;
    }
    Agent& agent = fold.state.agents[index];
    resolve_silence(fold, agent, "connected again");
    const bool was_silent = agent.state == AgentState::silent;
    const bool is_elsewhere = host_part(agent.address) != host_part(body.address());
    agent.address = printable(body.address(), 256);
    agent.version = printable(body.version(), 64);
    agent.linked = true;
    agent.awaited = false;
    agent.heard = fold.elapsed;
    agent.heard_wall = fold.wall;
    agent.running_epoch = body.assignment_epoch();
    note_boot(fold.state, agent, first_bytes(body.boot_id()));
    agent.backlog.clear();
    for (const auto& stream : body.backlog()) {
        const auto spool = Uuid::from_bytes(stream.spool_id());
        if (spool && stream.next_seq() > stream.committed_seq() + 1) {
            agent.backlog.push_back({SpoolId{*spool}, stream.next_seq() - 1});
        }
    }
    const bool was_away = agent.state != AgentState::connected;
    change(fold, agent, AgentState::connected);
    fold.state.causes.goodbyes.erase(index);
    if (was_silent) {
        silence_ended(fold, index);
    } else if (was_away || is_elsewhere) {
        want_host_watch(fold);
    }
    watch_silence(fold, index);
    if (agent.backlog.empty()) {
        caught_up(fold, index);
    } else {
        hold_for_backlog(fold, index);
    }
}

void fold_disconnected(Fold& fold, const Entry& entry) {
    proto::AgentDisconnected body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    const AgentIndex index = find_agent(fold, body.agent_id());
    if (index == nothing || fold.state.agents[index].state == AgentState::revoked) {
        return;
    }
    Agent& agent = fold.state.agents[index];
    agent.linked = false;
    if (body.orderly()) {
        change(fold, agent, AgentState::stopped);
        begin_gap(fold, agent, fold.wall, "stopped");
        agent_stopped(fold, index);
    } else if (agent.state == AgentState::connected) {
        change(fold, agent, AgentState::disconnected);
    }
}

void fold_alive(Fold& fold, const Entry& entry) {
    proto::AgentAlive body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    for (const std::string& id : body.agent_ids()) {
        if (const AgentIndex index = find_agent(fold, id); index != nothing) {
            hear(fold, index);
        }
    }
}

void fold_started(Fold& fold, const Entry& entry) {
    proto::CollectorStarted body;
    if (body.ParseFromString(entry.body)) {
        fold.state.installation = printable(body.installation(), longest_installation);
    }
    const WallTime last_known = fold.state.wall;
    fold.state.started_wall = fold.wall;
    for (AgentIndex index = 0; index < fold.state.agents.size(); ++index) {
        Agent& agent = fold.state.agents[index];
        agent.linked = false;
        if (expects_silence(agent)) {
            continue;
        }
        agent.awaited = true;
        agent.heard = fold.elapsed;
        begin_gap(fold, agent, last_known, "collector");
        if (agent.state == AgentState::connected) {
            change(fold, agent, AgentState::disconnected);
        }
        if (agent.state == AgentState::silent) {
            fold.state.arm(
                fold.elapsed + fold.state.silent_incident_after, Timer::Kind::silent_incident, index
            );
        } else {
            watch_silence(fold, index);
        }
    }
    restart_holds(fold);
    restart_channels(fold);
    run_windows(fold);
}

void silence_is_over(Fold& fold, AgentIndex index, std::uint64_t timer) {
    Agent& agent = fold.state.agents[index];
    if (timer != agent.silence_timer || agent.state == AgentState::silent ||
        expects_silence(agent)) {
        return;
    }
    if (agent.heard + fold.state.silent_after > fold.elapsed) {
        watch_silence(fold, index);
        return;
    }
    WallTime from = agent.heard_wall;
    if (agent.gap_reason == "collector") {
        // What follows the grace is the agent's silence, not ours.
        from = std::max(fold.state.started_wall, agent.gap_from);
        fold.store.close_unobserved(agent.id, agent.gap_from, from);
        agent.gap_reason.clear();
    }
    change(fold, agent, AgentState::silent);
    begin_gap(fold, agent, from, "silent");
    silence_began(fold, index);
    fold.state.arm(
        std::max(fold.elapsed, agent.heard + fold.state.silent_incident_after),
        Timer::Kind::silent_incident,
        index
    );
}

void silence_is_long(Fold& fold, AgentIndex index) {
    const Agent& agent = fold.state.agents[index];
    if (agent.state != AgentState::silent || fold.state.open_by_key.contains(silent_key(agent))) {
        return;
    }
    if (agent.heard + fold.state.silent_incident_after > fold.elapsed) {
        return;  // a later timer waits for that
    }
    const bool put_aside = std::ranges::any_of(fold.state.incidents, [&](const auto& each) {
        const Incident& incident = each.second;
        const bool by_person = incident.resolved != WallTime{} && incident.resolved_by != "system";
        return incident.key == silent_key(agent) &&
               ((by_person && incident.resolved >= agent.heard_wall) ||
                (incident.state == "cancelled" && incident.closed >= agent.heard_wall));
    });
    if (put_aside || silence_has_cause(fold, index)) {
        return;
    }
    Incident incident;
    incident.kind = "agent_silent";
    incident.key = silent_key(agent);
    incident.ci = agent.ci;
    incident.agent = index;
    incident.title = "agent " + agent.name + " is silent" + outside_words(fold.state, index);
    incident.urgency = "medium";
    incident.expected = "a sign of life within " + format_duration(fold.state.silent_after);
    incident.seen = "nothing since " + format_rfc3339(agent.heard_wall);
    incident.reason = "silent";
    incident.started = agent.heard_wall;
    incident.detected = fold.wall;
    open_incident(fold, std::move(incident), silence_why(fold, agent), Telling::told);
}

void forget_presence(Fold& fold, AgentIndex index) {
    Agent& agent = fold.state.agents[index];
    agent.linked = false;
    agent.backlog.clear();
    resolve_silence(fold, agent, "the agent was revoked");
    end_isolation(fold, index, fold.wall, "the agent was revoked");
    end_gap(fold, agent, fold.wall);
    change(fold, agent, AgentState::revoked);
    silence_ended(fold, index);
}

}  // namespace muster::collector
