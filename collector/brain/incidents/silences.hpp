// Owns: agents that say nothing: what their silence is a symptom of, and what it tells of their
// hosts. Leaves to presence: who is silent; to correlation: faults.
#pragma once

#include "collector/brain/fold.hpp"

#include <cstdint>

namespace muster::collector {

/// A planned reboot is over this long after the goodbye.
inline constexpr Duration longest_goodbye = std::chrono::minutes(10);

/// An agent fell silent; is heard again, or gone for good; said goodbye; has been gone for as long as
/// a reboot takes.
void silence_began(Fold& fold, AgentIndex agent);
void silence_ended(Fold& fold, AgentIndex agent);
void agent_stopped(Fold& fold, AgentIndex agent);
void goodbye_is_long(Fold& fold, AgentIndex agent);
bool is_goodbye_over(const State& state, AgentIndex agent, Elapsed now);

/// The silence is long enough for an incident. True: it has a cause, or joined a storm.
bool silence_has_cause(Fold& fold, AgentIndex agent);

/// The silence is an incident, or a symptom of one.
bool is_told_silence(const State& state, AgentIndex agent);

/// Until something that is only suspected is asked again.
Duration short_wait(const State& state);

/// What a person resolved still holds.
bool cause_goes_on(const State& state, std::uint64_t incident);

}  // namespace muster::collector
