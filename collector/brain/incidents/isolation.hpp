// Owns: the agent that sees nothing: whether it lost its own link rather than everything else its
// life. Leaves to correlation: what it would have said.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// What an agent sees far away, judged from a probe that has begun to fail.
/// sees: something answered since then. unsure: what answers has not been asked since. blind: nothing
/// answers, of at least two hosts, and that is its own fault. alone: nothing answers, and nothing
/// proves that it is the agent's fault.
enum class Sight { sees, unsure, blind, alone };
Sight sight_of(const State& state, AgentIndex agent, Slot failing, WallTime now);

/// Agents named in fold.changed_sight, and empties it: who lost sight, who has it again.
void look_around(Fold& fold);

/// The plan has changed: whoever has no target left that fails is isolated no longer.
void forget_targets(Fold& fold);

/// The agent is taken for isolated now unless it is already: its targets are unobserved; the
/// incident opens when it lasts.
void begin_isolation(Fold& fold, AgentIndex agent, Slot failing);
/// It turned out that it always saw something, or it is no longer asked.
void end_isolation(Fold& fold, AgentIndex agent, WallTime at, std::string_view text);

/// Timer `isolation`.
void isolation_is_certain(Fold& fold, AgentIndex agent, std::uint64_t timer);
/// Its incident was withheld for a reason that is gone.
void judge_isolation_again(Fold& fold, AgentIndex agent);

/// All that the fault is known by was seen while its agent saw nothing.
bool seen_while_blind(const State& state, const Fault& fault);

/// The failure began while the agent saw nothing, and since it sees again the probe has not failed as often as a fault must:
/// its next results tell. Ends in any case some time after the isolation.
bool is_stale(const State& state, const Fault::Member& member, WallTime now);

/// Some agent beside the collector is isolated while every other agent is silent: the incident, 0
/// while it is not open, or nothing.
std::optional<std::uint64_t> collector_isolation(const State& state);

/// The silences of all agents become symptoms of it, unless they were told of before it began; nothing for 0.
void adopt_silences(Fold& fold, std::uint64_t incident);

/// What only isolated agents speak for.
bool is_blind(const State& state, CiIndex ci);

}  // namespace muster::collector
