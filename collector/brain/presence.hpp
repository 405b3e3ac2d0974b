// Owns: which agents are there: heard, silent, gone, back; the time in which nobody watched. Leaves
// to faults: what was held.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// It is there and has told what it knew.
bool is_observing(const Agent& agent);

/// The key of the incident about its silence.
std::string silent_key(const Agent& agent);

/// The time from which on its probes are unobserved; nothing while they are already.
void begin_gap(Fold& fold, Agent& agent, WallTime from, std::string_view reason);
/// What an agent delivers later was observed after all: the gap ends where its records begin.
void end_gap(Fold& fold, Agent& agent, WallTime now);

/// What explained its silence is over: it gets the usual time to be heard before it is an incident.
void await_silent_agent(Fold& fold, AgentIndex agent);

/// Anything from the agent: a batch, a heartbeat, a Hello.
void hear(Fold& fold, AgentIndex agent);
/// A record of a spool was committed: the backlog of the Hello may be at its end. `record_wall`:
/// base time of the record.
void hear_record(
    Fold& fold, AgentIndex agent, SpoolId spool, std::uint64_t seq, WallTime record_wall
);

void fold_connected(Fold& fold, const Entry& entry);
void fold_disconnected(Fold& fold, const Entry& entry);
void fold_alive(Fold& fold, const Entry& entry);
/// Time in which the collector did not listen is evidence of nothing: full grace for everybody.
void fold_started(Fold& fold, const Entry& entry);

/// Timers.
void silence_is_over(Fold& fold, AgentIndex agent, std::uint64_t timer);
void silence_is_long(Fold& fold, AgentIndex agent);

/// The agent may never come back: what was silent about it is resolved.
void forget_presence(Fold& fold, AgentIndex agent);

}  // namespace muster::collector
