#include "collector/brain/incidents/isolation.hpp"

#include "collector/brain/incidents/correlation.hpp"
#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/site_cut.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::collector {

namespace {

/// A probe that failed so much earlier is a fault of its own, and tells nothing of the agent.
constexpr Duration same_moment = std::chrono::seconds(60);
constexpr std::size_t fewest_hosts = 2;
constexpr Duration certain_after = std::chrono::seconds(5);

/// Results on their way when an isolation ends are here by then.
constexpr Duration latest_result = std::chrono::seconds(60);

constexpr auto critical = static_cast<std::uint8_t>(wire::ResultState::critical);
constexpr auto unknown = static_cast<std::uint8_t>(wire::ResultState::unknown);

bool is_proven(const HotProbe& probe) {
    return (probe.flags & HotProbe::proven) != 0;
}

bool fails(const HotProbe& probe) {
    return probe.state == critical || probe.state == unknown;
}

bool is_remote(const State& state, const Agent& agent, Slot slot) {
    const std::string& host = state.names[state.cold[slot].host];
    return !is_loopback(host) && host != host_part(agent.address);
}

/// A probe against another machine that answered once, and has been run by this agent.
bool counts(const State& state, AgentIndex index, Slot slot) {
    const HotProbe& probe = state.hot[slot];
    return state.cold[slot].agent == index && is_proven(probe) && probe.boot != 0 &&
           is_remote(state, state.agents[index], slot);
}

std::vector<Slot> remote_probes(const State& state, AgentIndex index) {
    std::vector<Slot> out;
    std::ranges::copy_if(state.agents[index].wanted, std::back_inserter(out), [&](Slot slot) {
        return counts(state, index, slot);
    });
    return out;
}

/// Ends at the first that answers: mostly the first of all.
bool sees_nothing(const State& state, AgentIndex index) {
    return std::ranges::none_of(state.agents[index].wanted, [&](Slot slot) {
        return !fails(state.hot[slot]) && counts(state, index, slot);
    });
}

WallTime failed_since(const State& state, Slot slot) {
    const auto found = state.troubles.find(slot);
    return found == state.troubles.end() ? WallTime{} : found->second.interval_from;
}

/// When an agent that sees nothing any more lost sight: what failed before the last one can have failed with it is
/// something else.
WallTime sight_lost_at(const State& state, const std::vector<Slot>& probes) {
    const auto since_of = [&state](Slot slot) { return failed_since(state, slot); };
    const Slot last = *std::ranges::max_element(probes, {}, since_of);
    const Duration turn = 2 * state.specs[state.cold[last].spec].probe->interval;
    WallTime lost = since_of(last);
    for (const Slot slot : probes) {
        if (since_of(slot) + turn >= since_of(last)) {
            lost = std::min(lost, since_of(slot));
        }
    }
    return lost;
}

/// Hosts that an agent does not see, each with the moment since when.
using Unseen = std::map<NameIndex, WallTime>;

/// Whether others know one of the hosts to be alive after it was not seen any more. not_yet: it answered when it was last
/// asked, before that.
enum class Corroboration { none, not_yet, certain };

Corroboration corroboration_of(
    const State& state, AgentIndex index, const Unseen& hosts, WallTime now
) {
    for (AgentIndex other = 0; other < state.agents.size(); ++other) {
        const Agent& agent = state.agents[other];
        const bool is_alive = std::ranges::any_of(hosts, [&](const auto& host) {
            return host_part(agent.address) == state.names[host.first] &&
                   agent.heard_wall > host.second;
        });
        if (other != index && is_alive && agent.linked) {
            return Corroboration::certain;
        }
    }
    Corroboration found = Corroboration::none;
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        const ColdProbe& cold = state.cold[slot];
        const auto host = hosts.find(cold.host);
        if (!cold.id.is_nil() && cold.agent != index && cold.agent != nothing &&
            host != hosts.end() && is_proven(state.hot[slot]) && state.hot[slot].boot != 0 &&
            !fails(state.hot[slot]) && is_observing(state.agents[cold.agent]) &&
            !state.causes.isolations.contains(cold.agent)) {
            const Duration interval = state.specs[cold.spec].probe->interval;
            if (host->second + 2 * interval < now) {  // asked again since, whenever its turn is
                return Corroboration::certain;
            }
            found = Corroboration::not_yet;
        }
    }
    return found;
}

bool is_cut_off(const Agent& agent) {
    return !agent.linked || !agent.backlog.empty() || is_local(agent);
}

/// It is there, nothing answers it, and that is still its own fault.
bool is_still_blind(const State& state, AgentIndex index, WallTime now) {
    if (!is_observing(state.agents[index])) {
        return false;
    }
    const std::vector<Slot> probes = remote_probes(state, index);
    const auto failing =
        std::ranges::find_if(probes, [&](Slot slot) { return fails(state.hot[slot]); });
    return failing != probes.end() && sight_of(state, index, *failing, now) == Sight::blind;
}

Incident describe(const State& state, AgentIndex index, WallTime since, std::size_t targets) {
    const Agent& agent = state.agents[index];
    Incident incident;
    incident.kind = "vantage_isolated";
    incident.key = "vantage_isolated/" + agent.id.text();
    incident.ci = agent.ci;
    incident.agent = index;
    incident.title = "vantage " + agent.name + " is isolated: it sees none of its " +
                     std::to_string(targets) + " targets elsewhere";
    incident.urgency = "high";
    incident.expected = "an answer from any of its targets on other machines";
    incident.seen = "none of them answers";
    incident.reason = "isolated";
    incident.started = since;
    return incident;
}

/// What was opened for what only this agent saw, before its isolation was known.
void adopt_faults(Fold& fold, AgentIndex agent, const Isolation& isolation) {
    std::vector<CiIndex> mistaken;
    for (const auto& [ci, fault] : fold.state.faults) {
        const bool only_here = std::ranges::all_of(fault.members, [&](const Fault::Member& each) {
            const bool is_since =
                each.first_failed >= isolation.since || !is_pertinent(fold.state, fault, each);
            return fold.state.cold[each.probe].agent == agent && is_since;
        });
        if (fault.phase == Fault::Phase::open && only_here) {
            mistaken.push_back(ci);
        }
    }
    for (const CiIndex ci : mistaken) {
        absorb_fault(fold, ci, Withholding::isolated, isolation.incident);
    }
}

/// One of its targets answers.
void see_again(Fold& fold, AgentIndex agent, Slot answering) {
    if (!fold.state.causes.isolations.contains(agent)) {
        return;
    }
    end_isolation(fold, agent, fold.wall, "a target answers again");
    const HotProbe& probe = fold.state.hot[answering];
    BlindTime& blind = fold.state.causes.blind[agent];
    blind.boot = probe.boot;
    blind.answered = std::chrono::milliseconds(probe.latest_ms);
}

/// The member began to fail in that time.
bool began_in(const BlindTime& blind, const Fault::Member& member) {
    return member.first_failed >= blind.from && member.first_failed <= blind.to;
}

}  // namespace

Sight sight_of(const State& state, AgentIndex index, Slot failing, WallTime now) {
    const Agent& agent = state.agents[index];
    const HotProbe& anchor = state.hot[failing];
    const WallTime since = failed_since(state, failing);
    const std::int64_t since_ms = anchor.latest_ms - to_ms(now - since);
    Unseen hosts;
    bool unsure = false;
    for (const Slot slot : agent.wanted) {
        const HotProbe& probe = state.hot[slot];
        if (!counts(state, index, slot)) {
            continue;
        }
        if (fails(probe) && window_over(state, state.cold[slot].ci) != nullptr) {
            continue;  // it is to be expected, and tells nothing of the agent
        }
        if (!fails(probe)) {
            if (probe.boot == anchor.boot && probe.latest_ms >= since_ms) {
                return Sight::sees;
            }
            unsure = true;
            continue;
        }
        const Duration interval = state.specs[state.cold[slot].spec].probe->interval;
        const WallTime own_since = failed_since(state, slot);
        if (own_since + same_moment + 2 * interval >= since) {
            WallTime& latest = hosts[state.cold[slot].host];
            latest = std::max(latest, own_since);
        }
    }
    if (hosts.size() < fewest_hosts) {
        return Sight::sees;
    }
    if (is_cut_off(agent)) {
        return unsure ? Sight::unsure : Sight::blind;
    }
    switch (corroboration_of(state, index, hosts, now)) {
        case Corroboration::certain:
            return unsure ? Sight::unsure : Sight::blind;
        case Corroboration::not_yet:
            return Sight::unsure;
        case Corroboration::none:
            break;
    }
    return Sight::alone;
}

void adopt_silences(Fold& fold, std::uint64_t incident) {
    const State& state = fold.state;
    const auto known = state.incidents.find(incident);
    if (known == state.incidents.end()) {
        return;
    }
    const WallTime since = known->second.started;
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        const bool was_silent_before = agent.heard_wall + state.silent_after < since;
        if (agent.state == AgentState::silent &&
            !(was_silent_before && is_told_silence(state, index))) {
            explain_silence(fold, index, incident);
        }
    }
}

void look_around(Fold& fold) {
    State& state = fold.state;
    std::map<AgentIndex, Slot> failing;  // one is enough to judge the agent by
    for (const auto& [agent, slot] : std::exchange(fold.changed_sight, {})) {
        if (fails(state.hot[slot])) {
            failing[agent] = slot;
        } else if (counts(state, agent, slot)) {
            see_again(fold, agent, slot);
        }
    }
    for (const auto& [agent, slot] : failing) {
        if (!state.causes.isolations.contains(agent) && is_cut_off(state.agents[agent]) &&
            sees_nothing(state, agent) && sight_of(state, agent, slot, fold.wall) == Sight::blind) {
            begin_isolation(fold, agent, slot);
        }
    }
}

void forget_targets(Fold& fold) {
    std::vector<AgentIndex> seeing;
    for (const auto& [agent, isolation] : fold.state.causes.isolations) {
        const auto probes = remote_probes(fold.state, agent);
        if (std::ranges::none_of(probes, [&](Slot slot) { return fails(fold.state.hot[slot]); })) {
            seeing.push_back(agent);
        }
    }
    for (const AgentIndex agent : seeing) {
        end_isolation(fold, agent, fold.wall, "what it did not see is no longer probed");
    }
}

void begin_isolation(Fold& fold, AgentIndex agent, Slot failing) {
    State& state = fold.state;
    if (state.causes.isolations.contains(agent)) {
        return;
    }
    Isolation isolation;
    const std::vector<Slot> probes = remote_probes(state, agent);
    isolation.since = sight_lost_at(state, probes);
    for (const Slot slot : probes) {
        const Duration interval = state.specs[state.cold[slot].spec].probe->interval;
        if (failed_since(state, slot) + same_moment + 2 * interval >=
            failed_since(state, failing)) {
            isolation.cis.insert(state.cold[slot].ci);
        }
    }
    isolation.timer = state.arm(fold.elapsed + certain_after, Timer::Kind::isolation, agent);
    fold.touched_cis.insert(fold.touched_cis.end(), isolation.cis.begin(), isolation.cis.end());
    begin_gap(fold, state.agents[agent], isolation.since, "isolated");
    state.causes.isolations.emplace(agent, std::move(isolation));
}

void end_isolation(Fold& fold, AgentIndex agent, WallTime at, std::string_view text) {
    State& state = fold.state;
    const auto found = state.causes.isolations.find(agent);
    if (found == state.causes.isolations.end()) {
        return;
    }
    const Isolation isolation = std::move(found->second);
    state.causes.isolations.erase(found);
    state.causes.blind[agent] = {.from = isolation.since, .to = at};
    if (state.agents[agent].gap_reason == "isolated") {
        end_gap(fold, state.agents[agent], at);
    }
    fold.touched_cis.insert(fold.touched_cis.end(), isolation.cis.begin(), isolation.cis.end());
    std::vector<CiIndex> free;
    for (const auto& [ci, withheld] : state.causes.withheld) {
        if (withheld.why == Withholding::isolated && isolation.cis.contains(ci) &&
            withheld.cause == 0) {
            free.push_back(ci);
        }
    }
    for (const CiIndex ci : free) {
        state.causes.withheld.erase(ci);
        decide_again(fold, ci, Patience::recovery);
    }
    if (isolation.incident != 0) {
        end_cause(fold, isolation.incident, text, at);
    }
}

void isolation_is_certain(Fold& fold, AgentIndex agent, std::uint64_t timer) {
    State& state = fold.state;
    const auto found = state.causes.isolations.find(agent);
    if (found == state.causes.isolations.end() || found->second.timer != timer) {
        return;
    }
    Isolation& isolation = found->second;
    if (!is_still_blind(state, agent, fold.wall)) {
        end_isolation(fold, agent, fold.wall, "nothing proves it any more");
        return;
    }
    if (const Window* window = window_over_agent(state, agent)) {
        add_withheld_receipt(
            fold,
            state.agents[agent].ci,
            {},
            withheld_by_window(*window, "vantage " + state.agents[agent].name + " is isolated")
        );
        return;  // asked again when the window ends
    }
    Incident incident = describe(state, agent, isolation.since, isolation.cis.size());
    incident.detected = fold.wall - certain_after;
    const std::string why = cause_why(
        "nothing that agent watches on other machines answers, of at least two hosts, while "
        "something else proves that it is the agent: the collector's own machine, or a target "
        "that others hear",
        "one answer from any of its targets, and each fault would have been judged for itself",
        {{"agent", state.agents[agent].name},
         {"since", format_rfc3339(isolation.since)},
         {"targets", isolation.cis.size()}}
    );
    isolation.incident = open_incident(fold, std::move(incident), why, Telling::told).number;
    for (auto& [ci, withheld] : state.causes.withheld) {
        if (withheld.why == Withholding::isolated && withheld.cause == 0 &&
            isolation.cis.contains(ci)) {
            withheld.cause = isolation.incident;
            add_symptom_of(fold, isolation.incident, ci, "not seen");
        }
    }
    adopt_faults(fold, agent, isolation);
    if (collector_isolation(state)) {
        adopt_silences(fold, isolation.incident);
        adopt_cuts(fold, isolation.incident, isolation.since);
    }
}

void judge_isolation_again(Fold& fold, AgentIndex agent) {
    const auto found = fold.state.causes.isolations.find(agent);
    if (found != fold.state.causes.isolations.end() && found->second.incident == 0) {
        found->second.timer =
            fold.state.arm(fold.elapsed + certain_after, Timer::Kind::isolation, agent);
    }
}

bool seen_while_blind(const State& state, const Fault& fault) {
    return std::ranges::all_of(fault.members, [&](const Fault::Member& each) {
        const AgentIndex agent = state.cold[each.probe].agent;
        if (agent == nothing) {
            return false;
        }
        if (const auto now = state.causes.isolations.find(agent);
            now != state.causes.isolations.end() && each.first_failed >= now->second.since) {
            return true;
        }
        const auto past = state.causes.blind.find(agent);
        return past != state.causes.blind.end() && began_in(past->second, each);
    });
}

bool is_stale(const State& state, const Fault::Member& member, WallTime now) {
    const ColdProbe& cold = state.cold[member.probe];
    const auto found = state.causes.blind.find(cold.agent);
    if (found == state.causes.blind.end()) {
        return false;
    }
    const BlindTime& blind = found->second;
    const HotProbe& probe = state.hot[member.probe];
    const Spec& spec = state.specs[cold.spec];
    // A question asked just before the answer that ended it may fail until its time-out is over.
    const Duration judged =
        spec.probe->timeout + spec.probe->interval * (std::max(1U, spec.rule.failures) - 1);
    // One answer is no recovery yet, but no failure since either.
    const bool failed_since_then =
        probe.latest_ms >= to_ms(blind.answered + judged) && fails(probe);
    return blind.boot != 0 && probe.boot == blind.boot && began_in(blind, member) &&
           !failed_since_then && now < blind.to + 2 * judged + latest_result;
}

std::optional<std::uint64_t> collector_isolation(const State& state) {
    for (const auto& [agent, isolation] : state.causes.isolations) {
        if (!is_local(state.agents[agent])) {
            continue;
        }
        const bool nobody_else = std::ranges::none_of(state.agents, [](const Agent& each) {
            return each.state == AgentState::connected && !is_local(each);
        });
        if (nobody_else) {
            return isolation.incident;
        }
    }
    return std::nullopt;
}

bool is_blind(const State& state, CiIndex ci) {
    return std::ranges::any_of(state.causes.isolations, [ci](const auto& each) {
        return each.second.cis.contains(ci);
    });
}

}  // namespace muster::collector
