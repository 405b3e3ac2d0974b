// Owns: a day of one agent, the link and the collector on virtual time, and what is left of it to look at.
#pragma once

#include "agent/scheduler.hpp"
#include "tests/sim/scripted_outcome.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

/// The channel "ops", for a watch file.
inline constexpr const char* one_channel =
    "channels:\n  - {name: ops, type: webhook, url: \"http://127.0.0.1:9/\", secret: {file: "
    "/none}}\n";

/// What is watched, and how it fares.
struct Scenario {
    /// The watch file; `secret` is a file with a password.
    std::function<std::string(const std::string& secret)> watch;
    std::function<Device(const agent::ScheduledProbe& probe, Duration since_start)> script;
};

/// An incident as the record holds it; times since the start of the day.
struct SimIncident {
    std::string number;
    std::string ci;
    std::string probe;
    std::string reason;
    std::string expected;
    std::string seen;
    std::string state;
    std::string resolved_by;
    Duration started{};
    Duration opened{};
};

/// How a day went.
struct Day {
    std::string digest;
    std::string refolded;
    std::vector<std::string> told;
    std::vector<SimIncident> incidents;         ///< by number
    std::map<std::string, std::string> probes;  ///< state by name of the item
    std::uint64_t produced = 0;
    std::uint64_t unacked = 0;
};

/// One simulated day from `seed`. `cuts`: how often the network breaks; `restarts`: how often the collector is stopped for a
/// minute.
Day live_through(const Scenario& scenario, std::uint64_t seed, int cuts, int restarts);

}  // namespace muster::test
