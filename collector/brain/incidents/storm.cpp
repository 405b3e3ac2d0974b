#include "collector/brain/incidents/storm.hpp"

#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::collector {

namespace {

/// A storm with no more than this share of its members left waits for its end.
constexpr std::uint32_t rest_share = 10;
constexpr std::string_view everything = "everything";

/// What members may have in common, the narrowest first.
std::array<std::string, 3> keys_of(const State& state, CiIndex ci) {
    const CiState& item = state.cis[ci];
    std::string host = item.address;
    AgentIndex agent = nothing;
    if (const auto fault = state.faults.find(ci);
        fault != state.faults.end() && !fault->second.members.empty()) {
        const ColdProbe& cold = state.cold[fault->second.members.front().probe];
        agent = cold.agent;
        host = state.names[cold.host];
    } else if (item.agent != nothing) {
        host = std::string(host_part(state.agents[item.agent].address));
    }
    const std::string subnet = subnet_of(host);
    return {
        subnet.empty() ? std::string{} : "subnet/" + subnet,
        item.site.empty() ? std::string{} : "site/" + item.site,
        agent == nothing ? std::string{} : "agent/" + state.agents[agent].name
    };
}

/// Everything that has opened, or waits for its hold, at the moment of `ci`.
std::vector<CiIndex> at_once(const State& state, CiIndex ci, Elapsed now) {
    std::set<CiIndex> all{ci};
    for (const RecentOpening& each : state.causes.recent) {
        all.insert(each.ci);
    }
    for (const auto& [other, fault] : state.faults) {
        if (fault.phase == Fault::Phase::pending && window_over(state, other) == nullptr) {
            all.insert(other);
        }
    }
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        const Agent& agent = state.agents[index];
        const bool is_due =
            agent.state == AgentState::silent && agent.ci != nothing &&
            window_over_agent(state, index) == nullptr &&
            agent.heard + state.silent_incident_after <= now + state.causes.brake.within &&
            !state.causes.silences.contains(index) && !state.causes.patience.contains(index) &&
            !state.open_by_key.contains(silent_key(agent));
        // A host that is down and the silence of its agent are one.
        if (is_due && !all.contains(watched_ci(state, index))) {
            all.insert(agent.ci);
        }
    }
    return {all.begin(), all.end()};
}

struct Common {
    std::string key;
    std::size_t members = 0;
};

/// The key that most of them share; of equals the narrowest.
Common common_key(const State& state, const std::vector<CiIndex>& all) {
    std::array<std::map<std::string, std::size_t>, 3> counts;
    for (const CiIndex ci : all) {
        const auto keys = keys_of(state, ci);
        for (std::size_t kind = 0; kind < keys.size(); ++kind) {
            if (!keys[kind].empty()) {
                ++counts[kind][keys[kind]];
            }
        }
    }
    Common best{std::string(everything), 0};
    for (const auto& kind : counts) {
        for (const auto& [key, count] : kind) {
            if (count > best.members) {
                best = {key, count};
            }
        }
    }
    return best;
}

bool has_key(const State& state, CiIndex ci, std::string_view key) {
    const auto keys = keys_of(state, ci);
    return key == everything || std::ranges::find(keys, key) != keys.end();
}

std::string phrase(std::string_view key) {
    const std::size_t slash = key.find('/');
    return slash == std::string_view::npos ? "with nothing in common"
                                           : "all of " + std::string(key.substr(0, slash)) + " " +
                                                 std::string(key.substr(slash + 1));
}

void join(Fold& fold, std::uint64_t number, CiIndex ci, std::string_view text) {
    Storm& storm = fold.state.causes.storms.at(number);
    storm.left.insert(ci);
    storm.peak = std::max(storm.peak, static_cast<std::uint32_t>(storm.left.size()));
    storm.timer = 0;
    add_symptom_of(fold, number, ci, text);
}

std::uint64_t begin_storm(
    Fold& fold,
    CiIndex first,
    const std::string& key,
    std::size_t count,
    const std::vector<CiIndex>& all
) {
    State& state = fold.state;
    const config::StormBrake& brake = state.causes.brake;
    Incident incident;
    incident.kind = "storm";
    incident.site = key.starts_with("site/") ? key.substr(5) : std::string();
    incident.key = "storm/" + key;
    incident.title = "storm: " + std::to_string(count) + " faults at once, " + phrase(key);
    incident.urgency = "high";
    incident.expected = "at most " + std::to_string(brake.incidents) + " incidents within " +
                        format_duration(brake.within);
    incident.seen = std::to_string(count);
    incident.reason = "storm";
    incident.started = fold.wall;
    incident.detected = fold.wall;
    for (const auto& [ci, fault] : state.faults) {
        if (fault.phase == Fault::Phase::pending && has_key(state, ci, key)) {
            incident.started = std::min(incident.started, fault.members.front().first_failed);
        }
    }
    std::ranges::copy_if(all, std::back_inserter(incident.touched), [&](CiIndex ci) {
        return has_key(state, ci, key);
    });
    const std::string why = cause_why(
        "more than " + std::to_string(brake.incidents) + " incidents within " +
            format_duration(brake.within) + " with no known cause",
        "fewer of them, and each would have been an incident",
        {{"incidents", count}, {"common", key}, {"first", state.cis[first].name}}
    );
    const std::uint64_t number =
        open_incident(fold, std::move(incident), why, Telling::told).number;
    state.causes.storms[number].key = key;
    return number;
}

void forget_old(State& state, Elapsed now) {
    auto& recent = state.causes.recent;
    while (!recent.empty() && recent.front().at + state.causes.brake.within < now) {
        recent.pop_front();
    }
}

/// Incidents that opened before it was a storm are linked to it and go on.
void adopt_recent(Fold& fold, std::uint64_t number, const std::string& key) {
    State& state = fold.state;
    for (const RecentOpening& each : state.causes.recent) {
        const auto fault = state.faults.find(each.ci);
        if (fault != state.faults.end() && fault->second.phase == Fault::Phase::open &&
            has_key(state, each.ci, key)) {
            join(
                fold,
                number,
                each.ci,
                "has " + incident_name(fault->second.incident) + " of its own already"
            );
        }
    }
}

}  // namespace

std::uint64_t storm_for(Fold& fold, CiIndex ci) {
    State& state = fold.state;
    forget_old(state, fold.elapsed);
    const bool left_behind = state.causes.left_by_storm.contains(ci);
    if (!left_behind) {
        for (const auto& [number, storm] : state.causes.storms) {
            if (has_key(state, ci, storm.key) && open_incident_of(state, number) != nullptr) {
                join(fold, number, ci, "failed with the others");
                return number;
            }
        }
        const std::vector<CiIndex> all = at_once(state, ci, fold.elapsed);
        if (all.size() > state.causes.brake.incidents) {
            const Common common = common_key(state, all);
            const bool is_shared = common.members > state.causes.brake.incidents;
            const std::string key = is_shared ? common.key : std::string(everything);
            if (has_key(state, ci, key)) {
                const std::uint64_t number =
                    begin_storm(fold, ci, key, is_shared ? common.members : all.size(), all);
                adopt_recent(fold, number, key);
                join(fold, number, ci, "failed with the others");
                return number;
            }
        }
    }
    state.causes.recent.push_back({fold.elapsed, ci});
    return 0;
}

void leave_storms(Fold& fold, CiIndex ci) {
    State& state = fold.state;
    std::vector<std::uint64_t> ended;
    for (auto& [number, storm] : state.causes.storms) {
        if (storm.left.erase(ci) == 0) {
            continue;
        }
        end_symptom_of(fold, number, ci, "well again");
        if (storm.left.empty()) {
            ended.push_back(number);
        } else if (storm.left.size() <= std::max(1U, storm.peak / rest_share)) {
            storm.timer =
                state.arm(fold.elapsed + state.causes.brake.within, Timer::Kind::storm, number);
        }
    }
    for (const std::uint64_t number : ended) {
        const std::uint32_t peak = state.causes.storms.at(number).peak;
        state.causes.storms.erase(number);
        end_cause(
            fold, number, "all " + std::to_string(peak) + " members are well again", fold.wall
        );
    }
}

void storm_is_over(Fold& fold, std::uint64_t number, std::uint64_t timer) {
    State& state = fold.state;
    const auto found = state.causes.storms.find(number);
    if (found == state.causes.storms.end() || found->second.timer != timer) {
        return;
    }
    const Storm storm = std::move(found->second);
    state.causes.storms.erase(found);
    for (const CiIndex ci : storm.left) {
        state.causes.left_by_storm[ci] = number;
    }
    const std::string rest = std::to_string(storm.left.size());
    end_cause(
        fold,
        number,
        std::to_string(storm.peak - storm.left.size()) + " of " + std::to_string(storm.peak) +
            " members are well again; incidents of their own for the other " + rest,
        fold.wall
    );
}

}  // namespace muster::collector
