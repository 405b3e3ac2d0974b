// Owns: which machine an agent, a CI and a probe are on, and how a host looks from another vantage.
// Leaves to host_watch: who watches; to correlation: what it means.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// The origin of the probes that watch hosts of agents.
inline constexpr std::string_view host_watch_origin = "host watch";

/// "192.0.2.1" of "192.0.2.1:51234", "2001:db8::1" of "[2001:db8::1]:51234".
std::string_view host_part(std::string_view peer);

/// 127.0.0.0/8, ::1, localhost; the empty text too.
bool is_loopback(std::string_view host);

/// The link comes from the collector's own machine.
bool is_local(const Agent& agent);

/// The /24 or /64 of an address: "192.0.2.0/24"; empty for a name.
std::string subnet_of(std::string_view host);

/// The CI of the machine on which the agent runs: what its inventory found, the agent's own until then.
CiIndex machine_of(const State& state, AgentIndex agent);

/// The agent whose CI it is, or that runs on the machine which it is; `nothing` where there is none.
AgentIndex agent_on(const State& state, CiIndex ci);

/// `agent_on`, or the agent on whose host it is by its address; `nothing` where unknown.
AgentIndex host_agent(const State& state, CiIndex ci);

bool is_host_watch(const State& state, Slot probe);

/// The probe that watches the agent's host; `nothing` where there is none.
Slot host_watch_of(const State& state, AgentIndex agent);

/// The agent whose host the probe watches.
AgentIndex watched_by(const State& state, Slot host_watch);

/// Where faults of the agent's host are: the CI of its watch, `machine_of` where nobody watches.
CiIndex watched_ci(const State& state, AgentIndex agent);

/// How a host looks from outside: `nobody` sees it, whoever does is `unsure` yet, or it is clear.
enum class OutsideView { nobody, unsure, answers, fails };
OutsideView outside_view(const State& state, AgentIndex agent);

/// Who watches the agent's host: its name, empty for nobody.
std::string watcher_name(const State& state, AgentIndex agent);

}  // namespace muster::collector
