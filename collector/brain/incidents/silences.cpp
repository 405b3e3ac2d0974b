#include "collector/brain/incidents/silences.hpp"

#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/site_cut.hpp"
#include "collector/brain/incidents/storm.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <optional>

namespace muster::collector {

namespace {

bool has_active_fault(const State& state, CiIndex ci) {
    const auto found = state.faults.find(ci);
    return found != state.faults.end() && found->second.active() != 0;
}

}  // namespace

Duration short_wait(const State& state) {
    return state.silent_after / 30;
}

bool is_goodbye_over(const State& state, AgentIndex agent, Elapsed now) {
    const auto said = state.causes.goodbyes.find(agent);
    return said == state.causes.goodbyes.end() || said->second + longest_goodbye <= now;
}

void silence_began(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    want_host_watch(fold);
    end_isolation(fold, agent, fold.wall, "the agent itself is silent");
    if (const auto isolation = collector_isolation(state)) {
        adopt_silences(fold, *isolation);
    } else {
        suspect_site(fold, agent);
    }
    const auto withheld = state.causes.withheld.find(watched_ci(state, agent));
    if (withheld != state.causes.withheld.end() && withheld->second.why == Withholding::path) {
        const CiIndex ci = withheld->first;
        state.causes.withheld.erase(withheld);
        decide_again(fold, ci, Patience::none);
    }
}

void silence_ended(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    const CiIndex ci = state.agents[agent].ci;
    want_host_watch(fold);
    state.causes.patience.erase(agent);
    if (const auto of = state.causes.silences.find(agent); of != state.causes.silences.end()) {
        const std::uint64_t cause = of->second;
        state.causes.silences.erase(of);
        if (!has_active_fault(state, ci)) {
            if (state.causes.storms.contains(cause)) {
                leave_storms(fold, ci);
            } else {
                end_symptom_of(fold, cause, ci, "its agent is heard again");
            }
        }
    }
    reconsider_site(fold, agent);
    if (const auto down = state.causes.hosts_down.find(agent);
        down != state.causes.hosts_down.end()) {
        const std::uint64_t incident = down->second;
        const CiIndex host = watched_ci(state, agent);
        state.causes.hosts_down.erase(down);
        end_flapping(fold, host);
        end_cause(fold, incident, "its agent is heard again", fold.wall);
        if (const auto fault = state.faults.find(host);
            fault != state.faults.end() && fault->second.incident == incident) {
            fault->second.incident = 0;
            decide_again(fold, host, Patience::recovery);
        }
    }
}

void agent_stopped(Fold& fold, AgentIndex agent) {
    end_isolation(fold, agent, fold.wall, "the agent was stopped");
    fold.state.causes.goodbyes[agent] = fold.elapsed;
    fold.state.arm(fold.elapsed + longest_goodbye, Timer::Kind::goodbye, agent);
    want_host_watch(fold);
    reconsider_site(fold, agent);
}

void goodbye_is_long(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    if (state.agents[agent].state != AgentState::stopped ||
        !is_goodbye_over(state, agent, fold.elapsed)) {
        return;
    }
    const auto withheld = state.causes.withheld.find(watched_ci(state, agent));
    if (withheld != state.causes.withheld.end() &&
        withheld->second.why == Withholding::planned_stop) {
        const CiIndex ci = withheld->first;
        state.causes.withheld.erase(withheld);
        decide_again(fold, ci, Patience::none);
    }
}

bool is_told_silence(const State& state, AgentIndex agent) {
    return state.causes.silences.contains(agent) ||
           state.open_by_key.contains(silent_key(state.agents[agent]));
}

bool silence_has_cause(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    if (state.causes.silences.contains(agent)) {
        return true;
    }
    if (const auto until = state.causes.patience.find(agent);
        until != state.causes.patience.end() && until->second > fold.elapsed) {
        return true;  // a later timer waits for that
    }
    const CiIndex ci = state.agents[agent].ci;
    if (const Window* window = window_over_agent(state, agent)) {
        add_withheld_receipt(
            fold,
            ci,
            {},
            withheld_by_window(*window, "agent " + state.agents[agent].name + " is silent")
        );
        return true;  // asked again when the window ends
    }
    std::optional<std::uint64_t> cause = collector_isolation(state);
    if (!cause) {
        suspect_site(fold, agent);  // whatever hid that from us until now is over
        cause = cut_of(state, ci);
    }
    const auto fault = state.faults.find(watched_ci(state, agent));
    const bool is_pending = fault != state.faults.end() &&
                            fault->second.phase == Fault::Phase::pending &&
                            outside_view(state, agent) == OutsideView::fails;
    if (!cause && is_pending) {
        cause = 0;  // the host is about to be judged
    }
    if (!cause) {
        cause = storm_for(fold, ci);
        if (*cause == 0) {
            return false;
        }
    }
    if (*cause == 0) {
        state.arm(fold.elapsed + short_wait(state), Timer::Kind::silent_incident, agent);
    } else {
        explain_silence(fold, agent, *cause);
    }
    return true;
}

bool cause_goes_on(const State& state, std::uint64_t incident) {
    const auto is_it = [incident](const auto& each) { return each.second.incident == incident; };
    return std::ranges::any_of(state.causes.isolations, is_it) ||
           std::ranges::any_of(state.causes.cuts, is_it) || state.causes.storms.contains(incident);
}

}  // namespace muster::collector
