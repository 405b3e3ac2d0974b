#include "collector/brain/incidents/correlation.hpp"

#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/description.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/flapping.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/quorum.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/site_cut.hpp"
#include "collector/brain/incidents/storm.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

using Kind = Course::Kind;

Course wait_a_little(const State& state) {
    return {.kind = Kind::wait, .wait = short_wait(state)};
}

/// Longer than this nothing is waited for beyond what a rule says.
constexpr Duration longest_doubt = std::chrono::seconds(60);

bool is_active(const Fault::Member& member) {
    return member.recovered_at == WallTime{};
}

WallTime first_failed(const State& state, const Fault& fault) {
    WallTime first = spokesman(state, fault).first_failed;
    for (const Fault::Member& each : fault.members) {
        first = is_pertinent(state, fault, each) ? std::min(first, each.first_failed) : first;
    }
    return first;
}

/// Records why the fault opens nothing.
Course withhold(Fold& fold, CiIndex ci, const Fault& fault, WithheldPage page) {
    State& state = fold.state;
    const Fault::Member& first = spokesman(state, fault);
    page.inputs["probe"] = state.names[state.cold[first.probe].name];
    page.inputs["host"] = state.names[state.cold[first.probe].host];
    page.inputs["first_failed"] = format_rfc3339(first.first_failed);
    page.inputs["exceeded"] = format_rfc3339(first.exceeded_at);
    state.causes.withheld[ci] = {page.why, page.cause};
    add_withheld_receipt(fold, ci, first.id, page);
    add_symptom_of(fold, page.cause, ci, page.text);
    fold.touched_cis.push_back(ci);
    return {.kind = Kind::withheld};
}

std::string named(const State& state, std::uint64_t incident) {
    const auto found = state.incidents.find(incident);
    return found == state.incidents.end()
               ? incident_name(incident)
               : incident_name(incident) + " (" + found->second.title + ")";
}

Course withhold_for(
    Fold& fold, CiIndex ci, const Fault& fault, Withholding why, std::uint64_t cause
) {
    static constexpr std::string_view rules[] = {
        {},
        {},
        {},
        "what an isolated vantage sees is unobserved",
        "what is seen of a site that is cut off is a symptom of that",
        "what is on a host that is down is a symptom of that",
        "many faults at once with no known cause are one storm",
        {}
    };
    const std::string text = cause == 0 ? "whoever watches it sees nothing at all"
                                        : "a symptom of " + named(fold.state, cause);
    const std::string other = cause == 0 ? "its isolation" : incident_name(cause);
    return withhold(
        fold,
        ci,
        fault,
        {.why = why,
         .cause = cause,
         .rule = std::string(rules[static_cast<std::size_t>(why)]),
         .text = text,
         .counterfactual = "without " + other + " it would have paged"}
    );
}

/// Members whose agents watch now, each agent once.
std::map<AgentIndex, const Fault::Member*> speakers(const State& state, const Fault& fault) {
    std::map<AgentIndex, const Fault::Member*> out;
    for (const Fault::Member& each : fault.members) {
        const AgentIndex agent = state.cold[each.probe].agent;
        const bool speaks = is_pertinent(state, fault, each) && agent != nothing &&
                            is_observing(state.agents[agent]) &&
                            !state.causes.isolations.contains(agent);
        if (speaks) {
            out.emplace(agent, &each);
        }
    }
    return out;
}

std::optional<Course> ask_window(Fold& fold, CiIndex ci, const Fault& fault) {
    const Window* window = window_over(fold.state, ci);
    if (window == nullptr) {
        return std::nullopt;
    }
    return withhold(
        fold, ci, fault, withheld_by_window(*window, fold.state.cis[ci].name + " fails")
    );
}

std::optional<Course> ask_isolation(Fold& fold, CiIndex ci, const Fault& fault) {
    State& state = fold.state;
    bool seen = false;
    for (const auto& [agent, member] : speakers(state, fault)) {
        const Sight sight = sight_of(state, agent, member->probe, fold.wall);
        if (sight == Sight::blind) {
            begin_isolation(fold, agent, member->probe);
            continue;
        }
        const Duration doubt = fold.wall - spokesman(state, fault).exceeded_at;
        if (sight == Sight::unsure && doubt < longest_doubt) {
            return wait_a_little(state);
        }
        if (is_stale(state, *member, fold.wall)) {
            return wait_a_little(state);
        }
        seen = true;
    }
    if (seen) {
        return std::nullopt;
    }
    for (const Fault::Member& each : fault.members) {
        const auto found = state.causes.isolations.find(state.cold[each.probe].agent);
        if (is_active(each) && found != state.causes.isolations.end()) {
            found->second.cis.insert(ci);
            return withhold_for(fold, ci, fault, Withholding::isolated, found->second.incident);
        }
    }
    return std::nullopt;
}

std::optional<Course> ask_quorum(Fold& fold, CiIndex ci, const Fault& fault) {
    // What is open as slow is a fault by the vantages that see it fail.
    const Counted counted = fault.has_incident() ? Counted::failing : Counted::exceeding;
    if (reaches_quorum(fold.state, ci, fault, counted)) {
        return std::nullopt;
    }
    const config::Vantage& from = spec_of(fold.state, fault).from;
    return withhold(
        fold,
        ci,
        fault,
        {.why = Withholding::quorum,
         .rule = "a fault needs " + std::to_string(from.quorum) + " of " +
                 std::to_string(from.any) + " vantages",
         .text =
             fault.has_incident() ? "other vantages see it answer" : "other vantages see it well",
         .counterfactual =
             "the same failure from " + std::to_string(from.quorum) + " vantages would have paged"}
    );
}

/// From when on agents of its site must have been heard for a fault to be its own: since it began. Where it began while
/// the site was cut off, since it has had the time to recover: being heard before that, they may be cut off again.
WallTime heard_from(const State& state, CiIndex ci, const Fault& fault) {
    const WallTime first = first_failed(state, fault);
    const std::optional<WallTime> back = cut_ended(state, ci);
    return back && first < *back ? *back + wait_of(state, fault, Patience::recovery) : first;
}

std::optional<Course> ask_site(Fold& fold, CiIndex ci, const Fault& fault) {
    if (const auto cut = cut_of(fold.state, ci)) {
        return *cut == 0 ? wait_a_little(fold.state)
                         : withhold_for(fold, ci, fault, Withholding::site_cut_off, *cut);
    }
    if (may_be_cut_off(fold.state, ci, heard_from(fold.state, ci, fault))) {
        return wait_a_little(fold.state);
    }
    return std::nullopt;
}

bool is_of_host_watch(const State& state, const Fault::Member& member) {
    return is_active(member) && is_host_watch(state, member.probe);
}

/// The watch of a host whose agent is not silent.
Course heard_host(Fold& fold, CiIndex ci, const Fault& fault, AgentIndex host) {
    const State& state = fold.state;
    const Agent& agent = state.agents[host];
    if (agent.state == AgentState::stopped) {
        return withhold(
            fold,
            ci,
            fault,
            {.why = Withholding::planned_stop,
             .rule = "a host may be away for " + format_duration(longest_goodbye) +
                     " after its agent said goodbye",
             .text = "agent " + agent.name + " said goodbye: a planned reboot",
             .counterfactual = "without the goodbye, or longer than " +
                               format_duration(longest_goodbye) + ", it would have paged"}
        );
    }
    return withhold(
        fold,
        ci,
        fault,
        {.why = Withholding::path,
         .rule = "a host whose agent is heard is not down",
         .text = "it does not answer " + watcher_name(state, host) + ", yet agent " + agent.name +
                 " is heard: the path between the two is broken",
         .counterfactual = "had its agent been silent for " + format_duration(state.silent_after) +
                           ", the host would have been down"}
    );
}

/// The fault holds the host's own watch, and perhaps more.
std::optional<Course> ask_own_host(Fold& fold, CiIndex ci, const Fault& fault, AgentIndex host) {
    const Agent& agent = fold.state.agents[host];
    const bool only_watch = std::ranges::all_of(fault.members, [&](const Fault::Member& each) {
        return !is_active(each) || is_host_watch(fold.state, each.probe);
    });
    const bool gone =
        agent.state == AgentState::silent ||
        (agent.state == AgentState::stopped && is_goodbye_over(fold.state, host, fold.elapsed));
    if (gone) {
        return Course{.kind = Kind::open, .wait = {}, .host_down = host};
    }
    if (agent.state != AgentState::stopped && agent.heard_wall < first_failed(fold.state, fault)) {
        return wait_a_little(fold.state);  // soon it is heard, or silent
    }
    return only_watch ? std::optional(heard_host(fold, ci, fault, host)) : std::nullopt;
}

std::optional<Course> ask_host(Fold& fold, CiIndex ci, const Fault& fault) {
    const State& state = fold.state;
    const auto watch = std::ranges::find_if(fault.members, [&](const Fault::Member& each) {
        return is_of_host_watch(state, each);
    });
    if (watch != fault.members.end()) {
        return ask_own_host(fold, ci, fault, watched_by(state, watch->probe));
    }
    const AgentIndex host = host_agent(state, ci);
    if (host == nothing) {
        return std::nullopt;
    }
    const auto down = state.causes.hosts_down.find(host);
    if (down != state.causes.hosts_down.end()) {
        return withhold_for(fold, ci, fault, Withholding::host_down, down->second);
    }
    const Agent& agent = state.agents[host];
    const bool was_heard_before = agent.heard_wall < first_failed(state, fault);
    const Duration quiet = fold.elapsed - agent.heard;
    const bool is_expected =
        agent.state == AgentState::connected || agent.state == AgentState::disconnected;
    if (is_expected && was_heard_before && quiet <= state.silent_after) {
        return wait_a_little(state);
    }
    const OutsideView view = outside_view(state, host);
    const bool undecided = view == OutsideView::fails || view == OutsideView::unsure;
    const Duration judged = state.silent_after + longest_doubt +
                            state.causes.watch.interval * state.causes.watch.failures;
    if (agent.state == AgentState::silent && undecided && quiet < judged) {
        return wait_a_little(state);
    }
    return std::nullopt;
}

}  // namespace

Course correlate(Fold& fold, CiIndex ci, const Fault& fault) {
    Course course;
    for (const auto ask : {ask_window, ask_isolation, ask_quorum, ask_site, ask_host}) {
        if (const std::optional<Course> asked = ask(fold, ci, fault)) {
            course = *asked;
            break;
        }
    }
    if (course.kind != Kind::open) {
        return course;
    }
    const std::uint64_t storm = storm_for(fold, ci);
    if (storm == 0) {
        return course;
    }
    if (course.host_down != nothing) {
        explain_silence(fold, course.host_down, storm);
    }
    return withhold_for(fold, ci, fault, Withholding::storm, storm);
}

void fault_opened(Fold& fold, CiIndex ci, const Fault& fault, const Course& course) {
    State& state = fold.state;
    if (const auto left = state.causes.left_by_storm.find(ci);
        left != state.causes.left_by_storm.end()) {
        add_timeline(
            fold,
            state.incidents.at(fault.incident),
            "comment",
            "system",
            "it did not recover with the storm " + incident_name(left->second)
        );
        state.causes.left_by_storm.erase(left);
    }
    if (course.host_down == nothing) {
        return;
    }
    const AgentIndex host = course.host_down;
    state.causes.hosts_down[host] = fault.incident;
    if (state.agents[host].state == AgentState::silent) {
        explain_silence(fold, host, fault.incident);
    }
    std::vector<std::pair<CiIndex, std::uint64_t>> open;
    for (const auto& [other, its] : state.faults) {
        if (other != ci && its.phase == Fault::Phase::open && host_agent(state, other) == host) {
            open.emplace_back(other, its.incident);
        }
    }
    for (const auto& [other, number] : open) {
        add_symptom_of(
            fold, fault.incident, other, "has " + incident_name(number) + " of its own already"
        );
    }
}

void leave_cause(Fold& fold, CiIndex ci) {
    State& state = fold.state;
    fold.touched_cis.push_back(ci);
    state.causes.left_by_storm.erase(ci);
    if (const auto found = state.causes.withheld.find(ci); found != state.causes.withheld.end()) {
        const std::uint64_t cause = found->second.cause;
        state.causes.withheld.erase(found);
        if (cause != 0 && !state.causes.storms.contains(cause)) {
            end_symptom_of(fold, cause, ci, "well again");
        }
    }
    const AgentIndex own = state.cis[ci].agent;
    const bool silent = own != nothing && state.causes.silences.contains(own);
    if (!silent) {
        leave_storms(fold, ci);
    }
}

void fault_ended(Fold& fold, CiIndex ci) {
    State& state = fold.state;
    leave_cause(fold, ci);
    if (const auto down = state.causes.hosts_down.find(agent_on(state, ci));
        down != state.causes.hosts_down.end()) {
        const std::uint64_t incident = down->second;
        state.causes.hosts_down.erase(down);
        end_cause(fold, incident, "the host answers again", fold.wall);
    }
}

void absorb_fault(Fold& fold, CiIndex ci, Withholding why, std::uint64_t cause) {
    State& state = fold.state;
    const auto found = state.faults.find(ci);
    if (found == state.faults.end() || found->second.phase != Fault::Phase::open) {
        return;
    }
    end_flapping(fold, ci);
    const std::uint64_t number = std::exchange(found->second.incident, 0);
    found->second.phase = Fault::Phase::withheld;
    state.causes.withheld[ci] = {why, cause};
    add_symptom_of(fold, cause, ci, "was " + incident_name(number));
    absorb(fold, number, cause);
    fold.touched_cis.push_back(ci);
}

}  // namespace muster::collector
