#include "collector/brain/incidents/site_cut.hpp"

#include "collector/brain/incidents/correlation.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t fewest_silent = 2;

/// Silences that begin further apart have nothing to do with each other.
Duration together(const State& state) {
    return 2 * state.silent_after;
}

struct Census {
    std::size_t agents = 0;
    std::vector<AgentIndex> silent;

    bool is_cut_off() const {
        return silent.size() >= fewest_silent && 2 * silent.size() >= agents;
    }
};

bool counts(const Agent& agent, std::string_view site) {
    return agent.site == site &&
           (agent.state == AgentState::connected || agent.state == AgentState::disconnected ||
            agent.state == AgentState::silent);
}

/// Agents in maintenance are silent for a reason: they count when it is asked whether a site is cut off, not whether it
/// still is.
enum class Asked { is_cut_off, is_still };

Census census_of(const State& state, std::string_view site, Asked asked) {
    Census out;
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        const bool is_excused =
            asked == Asked::is_cut_off && window_over_agent(state, index) != nullptr;
        if (counts(agent, site) && !is_excused) {
            ++out.agents;
            if (state.agents[index].state == AgentState::silent) {
                out.silent.push_back(index);
            }
        }
    }
    return out;
}

/// What explained its silence is over, and it has not had the time to be heard again: as good as silent since just now.
bool is_awaited(const State& state, AgentIndex agent) {
    const auto until = state.causes.patience.find(agent);
    return until != state.causes.patience.end() && until->second > state.elapsed;
}

/// Only those that fell silent with the last one.
Census together_with_last(const State& state, Census census) {
    WallTime last{};
    for (const AgentIndex index : census.silent) {
        last = std::max(last, state.agents[index].heard_wall);
    }
    std::erase_if(census.silent, [&](AgentIndex index) {
        return state.agents[index].heard_wall + together(state) < last && !is_awaited(state, index);
    });
    return census;
}

CiIndex site_ci(const State& state, std::string_view site) {
    for (CiIndex ci = 0; ci < state.cis.size(); ++ci) {
        if (state.cis[ci].ci_class == "site" && state.cis[ci].name == site &&
            !state.cis[ci].retired) {
            return ci;
        }
    }
    return nothing;
}

std::string counted(const Census& census) {
    return std::to_string(census.silent.size()) + " of " + std::to_string(census.agents) +
           " agents are silent";
}

/// "a1, a2 and 3 more"
std::string names_of(const State& state, const std::vector<AgentIndex>& agents) {
    constexpr std::size_t named = 5;
    std::string out;
    for (std::size_t at = 0; at < std::min(agents.size(), named); ++at) {
        out += (at == 0 ? "" : ", ") + state.agents[agents[at]].name;
    }
    return agents.size() > named ? out + " and " + std::to_string(agents.size() - named) + " more"
                                 : out;
}

/// Whether hosts of silent agents answer somebody who is not silent.
bool hosts_answer(const State& state, const Census& census) {
    return std::ranges::any_of(census.silent, [&](AgentIndex index) {
        return outside_view(state, index) == OutsideView::answers;
    });
}

std::string cut_key(const std::string& site) {
    return "site_cut_off/" + site;
}

Incident describe(const State& state, const std::string& site, const Census& census) {
    Incident incident;
    incident.kind = "site_cut_off";
    incident.site = site;
    incident.key = cut_key(site);
    incident.ci = site_ci(state, site);
    incident.title = hosts_answer(state, census)
                         ? "site " + site + ": " + counted(census) + ", yet their hosts answer"
                         : "site " + site + " is cut off: " + counted(census);
    incident.urgency = "high";
    incident.expected = "a word from its agents";
    incident.seen = "nothing from " + names_of(state, census.silent);
    incident.reason = "site cut off";
    for (const AgentIndex index : census.silent) {
        incident.touched.push_back(watched_ci(state, index));
    }
    const std::vector<AgentIndex> fresh = together_with_last(state, census).silent;
    incident.started = state.agents[fresh.front()].heard_wall;
    for (const AgentIndex index : fresh) {
        incident.started = std::min(incident.started, state.agents[index].heard_wall);
    }
    return incident;
}

/// Hosts of the site that were declared down before it was known that the site is.
void adopt_hosts(Fold& fold, const std::vector<AgentIndex>& agents, std::uint64_t number) {
    for (const AgentIndex index : agents) {
        const auto down = fold.state.causes.hosts_down.find(index);
        if (down != fold.state.causes.hosts_down.end()) {
            fold.state.causes.hosts_down.erase(down);
            absorb_fault(fold, watched_ci(fold.state, index), Withholding::site_cut_off, number);
        }
    }
}

void open_cut(Fold& fold, const std::string& site, const Census& census) {
    State& state = fold.state;
    Incident incident = describe(state, site, census);
    incident.detected = fold.wall;
    const std::string why = cause_why(
        "at least half of a site's agents, and two, silent within a minute",
        "had more than half of them been heard, each silence would have been judged for itself",
        {{"site", site},
         {"agents", census.agents},
         {"silent", census.silent.size()},
         {"outside", hosts_answer(state, census) ? "hosts answer" : "no host answers"}}
    );
    const std::uint64_t number =
        open_incident(fold, std::move(incident), why, Telling::told).number;
    state.causes.cuts[site].incident = number;
    const std::vector<AgentIndex> fresh = together_with_last(state, census).silent;
    adopt_hosts(fold, fresh, number);
    for (const AgentIndex index : census.silent) {
        // What was told of before has a cause of its own.
        const bool is_fresh = std::ranges::find(fresh, index) != fresh.end();
        if (is_fresh || !is_told_silence(state, index)) {
            explain_silence(fold, index, number);
        }
    }
}

}  // namespace

void suspect_site(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    const std::string& site = state.agents[agent].site;
    if (site.empty()) {
        return;
    }
    const Census census = together_with_last(state, census_of(state, site, Asked::is_cut_off));
    if (const auto known = state.causes.cuts.find(site); known != state.causes.cuts.end()) {
        if (known->second.incident != 0) {
            explain_silence(fold, agent, known->second.incident);
        }
        return;
    }
    if (census.is_cut_off()) {
        // Time for the silent ones to be looked at from elsewhere, and for us to notice that it is
        // we who are cut off.
        const std::uint64_t timer =
            state.arm(fold.elapsed + state.silent_after, Timer::Kind::site_cut, agent);
        state.causes.cuts[site] = {.incident = 0, .timer = timer};
    }
}

void reconsider_site(Fold& fold, AgentIndex agent) {
    State& state = fold.state;
    const auto found = state.causes.cuts.find(state.agents[agent].site);
    if (found == state.causes.cuts.end() ||
        census_of(state, found->first, Asked::is_still).is_cut_off()) {
        return;
    }
    const std::uint64_t incident = found->second.incident;
    const Census census = census_of(state, found->first, Asked::is_still);
    state.causes.cuts.erase(found);
    if (incident != 0) {
        end_cause(
            fold,
            incident,
            census.silent.empty()
                ? "all of its agents are heard again"
                : "more than half of its agents are heard again: " + counted(census) + " still",
            fold.wall
        );
    }
}

void site_cut_is_certain(Fold& fold, AgentIndex agent, std::uint64_t timer) {
    State& state = fold.state;
    const std::string site = state.agents[agent].site;
    const auto found = state.causes.cuts.find(site);
    if (found == state.causes.cuts.end() || found->second.timer != timer) {
        return;
    }
    const Census census = census_of(state, site, Asked::is_cut_off);
    if (!census.is_cut_off() || collector_isolation(state)) {
        state.causes.cuts.erase(found);
        return;
    }
    open_cut(fold, site, census);
}

void adopt_cuts(Fold& fold, std::uint64_t incident, WallTime since) {
    State& state = fold.state;
    for (const auto& [site, cut] : std::exchange(state.causes.cuts, {})) {
        const Incident* own = open_incident_of(state, cut.incident);
        if (own != nullptr && own->started + state.silent_after < since) {
            state.causes.cuts.emplace(site, cut);
        } else if (cut.incident != 0) {
            absorb(fold, cut.incident, incident);
        }
    }
}

std::optional<std::uint64_t> cut_of(const State& state, CiIndex ci) {
    const AgentIndex host = host_agent(state, ci);
    for (const std::string& site :
         {state.cis[ci].site, host == nothing ? std::string{} : state.agents[host].site}) {
        const auto found = state.causes.cuts.find(site);
        if (!site.empty() && found != state.causes.cuts.end()) {
            return found->second.incident;
        }
    }
    return std::nullopt;
}

std::optional<WallTime> cut_ended(const State& state, CiIndex ci) {
    const auto last = state.last_by_key.find(cut_key(state.cis[ci].site));
    if (last == state.last_by_key.end()) {
        return std::nullopt;
    }
    const auto found = state.incidents.find(last->second);
    const bool is_over = found != state.incidents.end() && found->second.is_over();
    return is_over ? std::optional(found->second.resolved) : std::nullopt;
}

bool may_be_cut_off(const State& state, CiIndex ci, WallTime since) {
    const std::string& site = state.cis[ci].site;
    if (site.empty()) {
        return false;
    }
    std::size_t agents = 0;
    std::size_t quiet = 0;
    // Of those that are silent it is clear already: had they been enough, the site would be suspected.
    bool soon_clear = false;
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        if (counts(agent, site) && window_over_agent(state, index) == nullptr) {
            ++agents;
            // Who fell silent long before has a trouble of his own.
            const bool is_fresh = agent.heard_wall + together(state) + state.silent_after > since ||
                                  is_awaited(state, index);
            if (agent.heard_wall < since && is_fresh) {
                ++quiet;
                soon_clear |= agent.state != AgentState::silent || is_awaited(state, index);
            }
        }
    }
    return soon_clear && quiet >= fewest_silent && 2 * quiet >= agents;
}

}  // namespace muster::collector
