#include "collector/brain/windows/windows.hpp"

#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/site_cut.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/survivor.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

namespace {

using Phase = Window::Phase;

/// What late results still may be about.
constexpr Duration kept_after = std::chrono::hours(24);
/// The calendar may run a little slower than the journal's clock.
constexpr Duration shortest_wait = std::chrono::milliseconds(1);

bool is_active_member(const Window& window, CiIndex ci) {
    const auto found = window.members.find(ci);
    return window.phase == Phase::active && found != window.members.end() &&
           found->second.to == WallTime{};
}

/// Where it is reached; empty where that is this very machine, or nowhere.
std::string address_of(const State& state, const CiState& ci) {
    const std::string_view address = ci.agent == nothing
                                         ? std::string_view(ci.address)
                                         : host_part(state.agents[ci.agent].address);
    return is_loopback(address) ? std::string() : std::string(address);
}

bool is_seen_by_maker(const Window& window, const CiState& ci) {
    return window.is_everywhere || std::ranges::find(window.sites, ci.site) != window.sites.end();
}

/// A site brings what is at it, a machine what is at its address. True where that is new.
bool note_reach(const Fold& fold, Window& window, CiIndex ci) {
    const CiState& item = fold.state.cis[ci];
    if (fold.model.is_a(item.ci_class, "site")) {
        return window.reached_sites.insert(item.name).second;
    }
    if (!fold.model.is_a(item.ci_class, "hardware") && item.agent == nothing) {
        return false;
    }
    const std::string address = address_of(fold.state, item);
    return !address.empty() && window.reached_addresses.insert(address).second;
}

bool is_brought(const State& state, const Window& window, const CiState& ci) {
    if (!is_seen_by_maker(window, ci)) {
        return false;
    }
    return window.reached_sites.contains(ci.site) ||
           window.reached_addresses.contains(address_of(state, ci));
}

void join(Fold& fold, Window& window, CiIndex ci, WallTime from) {
    WindowMember& member = window.members[ci];
    if (member.from != WallTime{} && member.to == WallTime{}) {
        return;
    }
    member = {.from = from, .to = {}};
    fold.store.insert_window_ci(
        {.window = window.number,
         .ci = fold.state.cis[ci].id,
         .from = from,
         .lsn = fold.lsn,
         .ordinal = fold.next_ordinal()}
    );
}

void add_brought(Fold& fold, Window& window, WallTime from) {
    const State& state = fold.state;
    for (CiIndex ci = 0; ci < state.cis.size(); ++ci) {
        if (!state.cis[ci].retired && !is_active_member(window, ci) &&
            is_brought(state, window, state.cis[ci])) {
            join(fold, window, ci, from);
        }
    }
}

void begin(Fold& fold, Window& window) {
    window.phase = Phase::active;
    window.version = fold.lsn;
    fold.store.update_window(window);
    bool reaches = false;
    for (CiIndex ci = 0; ci < fold.state.cis.size(); ++ci) {
        if (is_in_scope(fold, window, ci)) {
            join(fold, window, ci, window.from);
            reaches = note_reach(fold, window, ci) || reaches;
        }
    }
    if (reaches) {
        add_brought(fold, window, window.from);
    }
}

/// No window covers it any more: what it withheld is decided now.
void release(Fold& fold, CiIndex ci) {
    State& state = fold.state;
    if (window_over(state, ci) != nullptr) {
        return;
    }
    const auto withheld = state.causes.withheld.find(ci);
    if (withheld != state.causes.withheld.end() && withheld->second.why == Withholding::window) {
        state.causes.withheld.erase(withheld);
        decide_again(fold, ci, Patience::hold);
    }
    const AgentIndex agent = agent_on(state, ci);
    if (agent == nothing) {
        return;
    }
    judge_isolation_again(fold, agent);
    if (state.agents[agent].state == AgentState::silent && !state.causes.silences.contains(agent)) {
        await_silent_agent(fold, agent);
        suspect_site(fold, agent);
    }
}

void leave(Fold& fold, Window& window, CiIndex ci, WallTime at) {
    WindowMember& member = window.members.at(ci);
    member.to = std::max(at, member.from);
    fold.store.end_window_ci(window.number, fold.state.cis[ci].id, member.to);
    release(fold, ci);
}

/// The next moment at which something is to do with it.
WallTime next_of(const Window& window) {
    switch (window.phase) {
        case Phase::planned:
            return window.from;
        case Phase::active:
            return window.to;
        case Phase::ended:
        case Phase::cancelled:
            break;
    }
    return window.ended + kept_after;
}

void wait_for_next(Fold& fold) {
    Windows& windows = fold.state.windows;
    std::optional<WallTime> next;
    for (const auto& [number, window] : windows.all) {
        next = next ? std::min(*next, next_of(window)) : next_of(window);
    }
    windows.timer = 0;
    if (next) {
        const Duration wait = std::max<Duration>(*next - fold.wall, shortest_wait);
        windows.timer = fold.state.arm(fold.elapsed + wait, Timer::Kind::window, 0);
    }
}

}  // namespace

std::string_view to_string(Window::Phase phase) {
    switch (phase) {
        case Phase::planned:
            return "planned";
        case Phase::active:
            return "active";
        case Phase::ended:
            return "ended";
        case Phase::cancelled:
            return "cancelled";
    }
    return "";
}

std::string window_name(std::uint64_t number) {
    return "WIN-" + std::to_string(number);
}

bool is_in_scope(const Fold& fold, const Window& window, CiIndex ci) {
    const CiState& item = fold.state.cis[ci];
    if (item.retired || !is_seen_by_maker(window, item)) {
        return false;
    }
    if (window.match.text().empty()) {
        return survivor_of(fold.state, window.ci) == ci;
    }
    return window.match.matches(
        [&](std::string_view field) { return ci_field(item, field); },
        [&](std::string_view name, std::string_view wanted) {
            return fold.model.is_a(name, wanted);
        }
    );
}

std::size_t would_cover(const Fold& fold, Window window) {
    const std::vector<CiState>& cis = fold.state.cis;
    std::vector<bool> is_in(cis.size());
    for (CiIndex ci = 0; ci < cis.size(); ++ci) {
        is_in[ci] = is_in_scope(fold, window, ci);
        if (is_in[ci]) {
            note_reach(fold, window, ci);
        }
    }
    for (CiIndex ci = 0; ci < cis.size(); ++ci) {
        is_in[ci] = is_in[ci] || (!cis[ci].retired && is_brought(fold.state, window, cis[ci]));
    }
    return static_cast<std::size_t>(std::ranges::count(is_in, true));
}

void run_windows(Fold& fold) {
    std::vector<std::uint64_t> forgotten;
    for (auto& [number, window] : fold.state.windows.all) {
        if (window.phase == Phase::planned && window.from <= fold.wall) {
            begin(fold, window);
        }
        if (window.phase == Phase::active && window.to <= fold.wall) {
            end_window(fold, window, Phase::ended, "system");
        } else if (window.ended != WallTime{} && window.ended + kept_after <= fold.wall) {
            forgotten.push_back(number);
        }
    }
    for (const std::uint64_t number : forgotten) {
        fold.state.windows.all.erase(number);
    }
    wait_for_next(fold);
}

void window_is_due(Fold& fold, std::uint64_t timer) {
    if (timer == fold.state.windows.timer) {
        run_windows(fold);
    }
}

void end_window(Fold& fold, Window& window, Window::Phase phase, std::string_view by) {
    const bool was_active = window.phase == Phase::active;
    window.phase = phase;
    window.ended = fold.wall;
    window.ended_by = by;
    window.version = fold.lsn;
    if (was_active) {
        window.to = std::clamp(fold.wall, window.from, std::max(window.from, window.to));
    }
    fold.store.update_window(window);
    for (auto& [ci, member] : window.members) {
        if (member.to == WallTime{}) {
            leave(fold, window, ci, window.to);
        }
    }
}

const Window* window_over(const State& state, CiIndex ci) {
    for (const auto& [number, window] : state.windows.all) {
        if (is_active_member(window, ci)) {
            return &window;
        }
    }
    return nullptr;
}

const Window* window_over_agent(const State& state, AgentIndex agent) {
    if (state.windows.all.empty()) {
        return nullptr;  // asked of every agent for every fault
    }
    const Window* window = window_over(state, state.agents[agent].ci);
    return window != nullptr ? window : window_over(state, watched_ci(state, agent));
}

const Window* window_during(const State& state, CiIndex ci, WallTime from, WallTime to) {
    for (const auto& [number, window] : state.windows.all) {
        const auto found = window.members.find(ci);
        if (found == window.members.end()) {
            continue;
        }
        const WindowMember& member = found->second;
        if (member.from <= from && (member.to == WallTime{} || to <= member.to)) {
            return &window;
        }
    }
    return nullptr;
}

std::vector<WindowMember> times_in_windows(
    const State& state, CiIndex ci, WallTime from, WallTime to
) {
    std::vector<WindowMember> all;
    for (const auto& [number, window] : state.windows.all) {
        if (const auto found = window.members.find(ci); found != window.members.end()) {
            const WindowMember& member = found->second;
            all.push_back(
                {std::max(from, member.from), member.to == WallTime{} ? to : std::min(to, member.to)
                }
            );
        }
    }
    std::ranges::sort(all, {}, &WindowMember::from);
    std::vector<WindowMember> out;
    for (const WindowMember& each : all) {
        if (each.to <= each.from) {
            continue;
        }
        if (!out.empty() && each.from <= out.back().to) {
            out.back().to = std::max(out.back().to, each.to);
        } else {
            out.push_back(each);
        }
    }
    return out;
}

void reconsider_window_member(Fold& fold, CiIndex ci) {
    const State& state = fold.state;
    for (auto& [number, window] : fold.state.windows.all) {
        if (window.phase != Phase::active) {
            continue;
        }
        const bool is_named = is_in_scope(fold, window, ci);
        const CiState& item = state.cis[ci];
        const bool belongs = is_named || (!item.retired && is_brought(state, window, item));
        const bool is_member = is_active_member(window, ci);
        if (belongs && !is_member) {
            join(fold, window, ci, fold.wall);
        } else if (!belongs && is_member) {
            leave(fold, window, ci, fold.wall);
        }
        if (is_named && note_reach(fold, window, ci)) {
            add_brought(fold, window, fold.wall);
        }
    }
}

WithheldPage withheld_by_window(const Window& window, std::string_view what) {
    const std::string name = window_name(window.number);
    return {
        .why = Withholding::window,
        .rule = "what fails inside a maintenance window opens nothing",
        .text = std::string(what) + " inside " + name + " (" + window.reason + ") until " +
                format_rfc3339(window.to),
        .counterfactual = "without " + name + " it would have paged",
        .inputs =
            {{"window", name},
             {"scope", window.scope},
             {"from", format_rfc3339(window.from)},
             {"to", format_rfc3339(window.to)}}
    };
}

}  // namespace muster::collector
