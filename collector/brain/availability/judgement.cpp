#include "collector/brain/availability/judgement.hpp"

#include "base/bytes.hpp"
#include "collector/brain/availability/batch.hpp"
#include "collector/brain/availability/limits.hpp"
#include "collector/brain/incidents/hosts.hpp"
#include "collector/brain/incidents/isolation.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

using wire::ResultState;

constexpr auto ok = static_cast<std::uint8_t>(ResultState::ok);
constexpr auto critical = static_cast<std::uint8_t>(ResultState::critical);
constexpr auto unknown = static_cast<std::uint8_t>(ResultState::unknown);
constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::uint16_t longest_run = 0xFFFF;
constexpr std::size_t note_bytes = 512;  // kept in memory while the trouble lasts

/// An answer: all of it or some. What is unknown is neither an answer nor a failure.
bool is_answer(std::uint8_t state) {
    return state != critical && state != unknown;
}

/// What a probe weighs in the condition of its CI.
struct Standing {
    bool exceeded = false;  ///< by failures in a row or by a limit
    bool limited = false;   ///< it answers, and is beyond a limit only
    bool failing = false;   ///< it is down, not merely slow
};

Standing standing_of(const State& state, Slot slot) {
    const HotProbe& probe = state.hot[slot];
    const bool by_failures = (probe.flags & HotProbe::exceeded) != 0;
    const bool by_limit = (probe.flags & HotProbe::limited) != 0;
    return {
        by_failures || by_limit,
        by_limit && !by_failures && probe.state != critical,
        is_failing(state, slot)
    };
}

/// Position in the order of time; 0 for boots that are no longer (or never were) the agent's.
std::size_t boot_rank(const Agent& agent, std::uint32_t boot) {
    const auto found = std::ranges::find(agent.boots, boot, &Agent::Boot::id);
    return found == agent.boots.end() ? 0
                                      : 1 + static_cast<std::size_t>(found - agent.boots.begin());
}

bool is_newer(const Fold& fold, const Judged& result, const HotProbe& probe) {
    if (probe.boot == result.boot) {
        return result.at_ms > probe.latest_ms;
    }
    const Agent& agent = fold.state.agents[result.agent];
    return boot_rank(agent, result.boot) > boot_rank(agent, probe.boot);
}

/// The probe's trouble, made when it has none.
Trouble& trouble_of(Fold& fold, Slot probe) {
    return fold.state.troubles[probe];
}

void take_note(Trouble& trouble, const wire::ResultNote* note) {
    if (note == nullptr) {
        trouble.reason.clear();
        trouble.expected.clear();
        trouble.seen.clear();
        return;
    }
    trouble.reason = printable(note->reason, note_bytes);
    trouble.expected = printable(note->expected, note_bytes);
    trouble.seen = printable(note->seen, note_bytes);
}

void end_interval(Fold& fold, const ColdProbe& cold, Trouble& trouble, WallTime at) {
    if (trouble.interval_lsn != 0) {
        fold.store.close_interval(cold.id, trouble, at);
        trouble.interval_lsn = 0;
    }
}

void begin_interval(Fold& fold, const ColdProbe& cold, Trouble& trouble, const Judged& result) {
    trouble.interval_from = result.at;
    trouble.interval_lsn = fold.lsn;
    trouble.interval_ordinal = fold.next_ordinal();
    fold.store.insert_interval(
        cold.id, wire::to_string(static_cast<ResultState>(result.state)), trouble
    );
}

/// Forgets a trouble that is over.
void drop_if_well(Fold& fold, Slot slot) {
    const HotProbe& probe = fold.state.hot[slot];
    if (probe.state == ok && probe.run == 0 && !standing_of(fold.state, slot).exceeded) {
        fold.state.troubles.erase(slot);
    }
}

/// Whether its agent still sees anything is asked only when a probe changes.
void note_sight(Fold& fold, const Judged& result, const ColdProbe& cold) {
    if (!is_answer(result.state) || fold.state.causes.isolations.contains(cold.agent)) {
        fold.changed_sight.emplace_back(cold.agent, result.probe);
    }
}

/// It fails as before, and now for another reason.
void renew_note(Fold& fold, const Judged& result, const ColdProbe& cold) {
    if (result.note == nullptr || result.state == ok) {
        return;
    }
    const wire::ResultNote& note = *result.note;
    Trouble& trouble = trouble_of(fold, result.probe);
    if (note.reason == trouble.reason && note.expected == trouble.expected &&
        note.seen == trouble.seen) {
        return;
    }
    take_note(trouble, result.note);
    fold.store.update_probe_seen(cold, trouble);
}

/// Before its first answer a probe opens nothing: it may have the wrong credential, or never have
/// existed.
void judge_unproven(Fold& fold, const Judged& result, HotProbe& probe, const ColdProbe& cold) {
    const bool is_first = probe.state != result.state;
    probe.state = result.state;
    if (is_first && result.note != nullptr) {
        Trouble seen;
        take_note(seen, result.note);
        fold.store.update_probe_state(cold, probe_state(probe), result.at, &seen);
    } else if (result.note != nullptr) {
        Trouble seen;
        take_note(seen, result.note);
        fold.store.update_probe_seen(cold, seen);
    }
    if (result.state != critical) {
        return;
    }
    const config::Rule& rule = fold.state.specs[cold.spec].rule;
    probe.run = static_cast<std::uint16_t>(std::min<std::uint32_t>(probe.run + 1U, longest_run));
    if (probe.run >= std::max(1U, rule.failures) && (probe.flags & HotProbe::told) == 0) {
        probe.flags |= HotProbe::told;
        fold.store.insert_receipt(
            {.lsn = fold.lsn,
             .ordinal = fold.next_ordinal(),
             .wall = fold.wall,
             .ci = fold.state.cis[cold.ci].id,
             .probe = cold.id,
             .reason = "unproven",
             .data =
                 R"({"text":"it has never answered: wrong credential, filtered, or wrong address"})"
            }
        );
    }
    if ((probe.flags & HotProbe::told) != 0) {
        probe.run = 0;  // counted enough: settled
    }
}

void become_proven(Fold& fold, const Judged& result, HotProbe& probe, ColdProbe& cold) {
    if (cold.proven == 0) {
        cold.proven = static_cast<std::uint32_t>(to_ns(result.at) / ns_per_s);
        fold.state.cold_pages.mark(result.probe / hot_page_slots);
        fold.store.update_probe_proven(cold, result.at);
    }
    probe.flags |= HotProbe::proven;
    probe.flags &= static_cast<std::uint8_t>(~HotProbe::told);
    probe.run = 0;
    probe.state = ok;
    fold.state.cis[cold.ci].proven += 1;
    fold.touched_cis.push_back(cold.ci);
    note_sight(fold, result, cold);
    if (result.state == ok) {
        fold.store.update_probe_state(cold, "ok", result.at, nullptr);
    }
}

/// From one state to another, of a proven probe: intervals, counts, the row.
void change_state(Fold& fold, const Judged& result, HotProbe& probe, const ColdProbe& cold) {
    CiState& ci = fold.state.cis[cold.ci];
    const bool was_well = probe.state == ok;
    probe.state = result.state;
    note_sight(fold, result, cold);
    Trouble& trouble = trouble_of(fold, result.probe);
    end_interval(fold, cold, trouble, result.at);
    if (result.state == ok) {
        ci.troubled -= 1;
        fold.touched_cis.push_back(cold.ci);
        Trouble shown;
        shown.exceeded_at = trouble.exceeded_at;
        fold.store.update_probe_state(cold, "ok", result.at, &shown);
        return;
    }
    take_note(trouble, result.note);
    begin_interval(fold, cold, trouble, result);
    if (was_well) {
        ci.troubled += 1;
        fold.touched_cis.push_back(cold.ci);
    }
    fold.store.update_probe_state(cold, probe_state(probe), result.at, &trouble);
}

/// The rule's first condition: n failures in a row; it is over after m answers in a row. Unknown results neither
/// count nor interrupt.
std::optional<Breach> count_failures(Fold& fold, const Judged& result, HotProbe& probe) {
    const config::Rule& rule = fold.state.specs[fold.state.cold[result.probe].spec].rule;
    const bool was_exceeded = (probe.flags & HotProbe::exceeded) != 0;
    if (rule.failures == 0 && was_exceeded) {  // no condition any more
        probe.flags &= static_cast<std::uint8_t>(~HotProbe::exceeded);
        probe.run = 0;
        return std::nullopt;
    }
    if (result.state == unknown || rule.failures == 0) {
        return std::nullopt;
    }
    const bool counts = was_exceeded ? is_answer(result.state) : result.state == critical;
    if (!counts) {
        if (probe.run != 0 && !was_exceeded) {
            trouble_of(fold, result.probe).first_failed = WallTime{};
        }
        probe.run = 0;
        return std::nullopt;
    }
    if (probe.run == 0 && !was_exceeded) {
        trouble_of(fold, result.probe).first_failed = result.at;
    }
    probe.run = static_cast<std::uint16_t>(std::min<std::uint32_t>(probe.run + 1U, longest_run));
    if (probe.run < (was_exceeded ? rule.successes : rule.failures)) {
        return std::nullopt;
    }
    probe.run = 0;
    Trouble& trouble = trouble_of(fold, result.probe);
    if (was_exceeded) {
        probe.flags &= static_cast<std::uint8_t>(~HotProbe::exceeded);
        trouble.first_failed = WallTime{};
        return std::nullopt;
    }
    probe.flags |= HotProbe::exceeded;
    return Breach{trouble.first_failed, trouble.reason, trouble.expected, trouble.seen};
}

/// What differs from before the result: counts of the CI, the row, events.
void report(
    Fold& fold, const Judged& result, const Standing& before, const std::optional<Breach>& breach
) {
    const ColdProbe& cold = fold.state.cold[result.probe];
    const Standing now = standing_of(fold.state, result.probe);
    CiState& ci = fold.state.cis[cold.ci];
    if (now.exceeded != before.exceeded || now.limited != before.limited) {
        ci.exceeded += now.exceeded ? 1U : 0U;
        ci.exceeded -= before.exceeded ? 1U : 0U;
        ci.limited += now.limited ? 1U : 0U;
        ci.limited -= before.limited ? 1U : 0U;
        fold.touched_cis.push_back(cold.ci);
    }
    if (now.exceeded != before.exceeded) {
        const WallTime since = now.exceeded ? result.at : WallTime{};
        trouble_of(fold, result.probe).exceeded_at = since;
        fold.store.update_probe_exceeded(cold, since);
    }
    if (breach && now.exceeded) {
        fold.events.push_back(
            {.kind = AvailabilityEvent::Kind::exceeded,
             .probe = result.probe,
             .at = result.at,
             .first_failed = breach->first_failed,
             .reason = breach->reason,
             .expected = breach->expected,
             .seen = breach->seen}
        );
    } else if (before.exceeded && !now.exceeded) {
        fold.events.push_back(
            {.kind = AvailabilityEvent::Kind::recovered, .probe = result.probe, .at = result.at}
        );
    } else if (before.failing && !now.failing) {
        if (const std::optional<Breach> left = standing_limit(fold.state, result)) {
            fold.events.push_back(
                {.kind = AvailabilityEvent::Kind::eased,
                 .probe = result.probe,
                 .at = result.at,
                 .reason = left->reason,
                 .expected = left->expected,
                 .seen = left->seen}
            );
        }
    }
}

/// Of a failure that counts already: its incident may say something else by now.
void tell_reason(Fold& fold, const Judged& result, const HotProbe& probe) {
    if (result.note == nullptr || result.state != critical ||
        (probe.flags & HotProbe::exceeded) == 0) {
        return;
    }
    const Trouble& trouble = trouble_of(fold, result.probe);
    fold.events.push_back(
        {.kind = AvailabilityEvent::Kind::reason_changed,
         .probe = result.probe,
         .at = result.at,
         .reason = trouble.reason,
         .expected = trouble.expected,
         .seen = trouble.seen}
    );
}

void apply_rule(Fold& fold, const Judged& result, HotProbe& probe, const Standing& before) {
    const std::optional<Breach> failed = count_failures(fold, result, probe);
    const std::optional<Breach> limit = judge_limits(fold, result);
    report(fold, result, before, failed ? failed : limit);
}

/// True when another result of the same state would change nothing but the time of the latest.
bool settles(const HotProbe& probe) {
    if ((probe.flags & HotProbe::remembered) != 0) {
        return false;
    }
    if (probe.state == unknown) {
        return true;
    }
    const bool exceeded = (probe.flags & HotProbe::exceeded) != 0;
    if ((probe.flags & HotProbe::proven) == 0) {
        return (probe.flags & HotProbe::told) != 0;
    }
    return exceeded ? probe.state == critical && probe.run == 0
                    : is_answer(probe.state) && probe.run == 0;
}

}  // namespace

void judge(Fold& fold, const Judged& result) {
    HotProbe& probe = fold.state.hot[result.probe];
    ColdProbe& cold = fold.state.cold[result.probe];
    if (cold.agent != result.agent || !is_newer(fold, result, probe)) {
        return;
    }
    probe.boot = result.boot;
    probe.latest_ms = result.at_ms;
    const Standing before = standing_of(fold.state, result.probe);
    if ((probe.flags & HotProbe::proven) == 0 && is_answer(result.state)) {
        become_proven(fold, result, probe, cold);
    }
    if ((probe.flags & HotProbe::proven) == 0) {
        judge_unproven(fold, result, probe, cold);
    } else {
        if (probe.state != result.state) {
            change_state(fold, result, probe, cold);
        } else {
            renew_note(fold, result, cold);
        }
        tell_reason(fold, result, probe);
        apply_rule(fold, result, probe, before);
        drop_if_well(fold, result.probe);
    }
    probe.flags &= static_cast<std::uint8_t>(~HotProbe::settled);
    if (settles(probe)) {
        probe.flags |= HotProbe::settled;
    }
}

std::string_view probe_state(const HotProbe& probe) {
    if ((probe.flags & HotProbe::proven) == 0) {
        return "unproven";
    }
    return wire::to_string(static_cast<ResultState>(probe.state));
}

void withdraw(Fold& fold, Slot slot) {
    HotProbe& probe = fold.state.hot[slot];
    const ColdProbe& cold = fold.state.cold[slot];
    CiState& ci = fold.state.cis[cold.ci];
    if (const auto found = fold.state.troubles.find(slot); found != fold.state.troubles.end()) {
        end_interval(fold, cold, found->second, fold.wall);
    }
    if ((probe.flags & HotProbe::proven) != 0) {
        ci.proven -= 1;
        ci.troubled -= probe.state == ok ? 0 : 1;
    }
    if (const Standing standing = standing_of(fold.state, slot); standing.exceeded) {
        ci.exceeded -= 1;
        ci.limited -= standing.limited ? 1U : 0U;
        fold.events.push_back(
            {.kind = AvailabilityEvent::Kind::removed, .probe = slot, .at = fold.wall}
        );
    }
    fold.state.troubles.erase(slot);
    forget_limits(fold.state, slot);
    fold.touched_cis.push_back(cold.ci);
    probe = HotProbe{};
}

namespace {

/// `by`: 1 or -1.
void count_at(const State& state, CiState& ci, Slot slot, int by) {
    const HotProbe& probe = state.hot[slot];
    const auto add = [by](std::uint32_t& count, bool counts) {
        count += counts ? static_cast<std::uint32_t>(by) : 0U;
    };
    const bool is_proven = (probe.flags & HotProbe::proven) != 0;
    const Standing standing = standing_of(state, slot);
    add(ci.probes, true);
    add(ci.proven, is_proven);
    add(ci.troubled, is_proven && probe.state != ok);
    add(ci.exceeded, standing.exceeded);
    add(ci.limited, standing.limited);
}

/// Of a CI with probes over their thresholds, or in trouble.
std::string_view troubled_state(const State& state, CiIndex index) {
    if (is_blind(state, index)) {
        return "unobserved";
    }
    if (state.cis[index].exceeded == state.cis[index].limited) {
        return "degraded";
    }
    const auto withheld = state.causes.withheld.find(index);
    const bool is_minor =
        withheld != state.causes.withheld.end() &&
        (withheld->second.why == Withholding::path || withheld->second.why == Withholding::quorum);
    if (is_minor) {
        return "degraded";
    }
    // A host is down when its agent is silent too: until that is clear it is not.
    const auto fault = state.faults.find(index);
    const bool is_undecided =
        fault != state.faults.end() && fault->second.phase == Fault::Phase::pending &&
        std::ranges::any_of(fault->second.members, [&state](const Fault::Member& each) {
            return is_host_watch(state, each.probe);
        });
    return is_undecided ? "degraded" : "down";
}

bool is_linked(const State& state, AgentIndex agent) {
    return agent != nothing && state.agents[agent].state == AgentState::connected;
}

std::string_view state_of(const State& state, CiIndex index) {
    const CiState& ci = state.cis[index];
    if (ci.probes == 0) {
        return is_linked(state, ci.agent) ? "up" : "unobserved";
    }
    if (ci.exceeded != 0 || ci.troubled != 0) {
        return troubled_state(state, index);
    }
    return ci.proven == 0 && !is_linked(state, agent_on(state, index)) ? "unproven" : "up";
}

}  // namespace

void count_for(State& state, Slot probe, CiIndex from, CiIndex to) {
    count_at(state, state.cis[from], probe, -1);
    count_at(state, state.cis[to], probe, 1);
}

void refresh_cis(Fold& fold) {
    for (const CiIndex index : fold.touched_cis) {
        CiState& ci = fold.state.cis[index];
        fold.state.ci_pages.mark(index / ci_page_items);
        const std::string_view state = state_of(fold.state, index);
        if (ci.state != state) {
            ci.state = state;
            fold.store.update_ci_state(ci, fold.wall);
        }
    }
    fold.touched_cis.clear();
}

}  // namespace muster::collector
