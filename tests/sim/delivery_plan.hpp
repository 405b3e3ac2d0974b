// Owns: what a seed means: how many agents, which settings, what is done to them and when.
#pragma once

#include "tests/sim/delivery_agent.hpp"
#include "tests/sim/delivery_collector.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::test {

enum class Disturbance {
    agent_killed,
    agent_power_cut,
    agent_image,     ///< the machine is copied …
    agent_set_back,  ///< … and set back to that
    connections_reset,
    path_cut,
    collector_killed,
    collector_power_cut,
    collector_dies_at_commit,
    backup_made,
    collector_restored,
    agent_disk_fails,
    bit_flipped,
    agent_clock_stepped,
    collector_clock_stepped,
    collector_full,
    collector_disk_fails,
};

struct PlannedDisturbance {
    Disturbance what;
    Duration at{};
    Duration lasts{};
    std::size_t agent = 0;
    std::uint64_t draw = 0;  ///< for whatever else it needs
};

struct DeliveryPlan {
    std::uint64_t seed = 0;
    std::size_t agents = 1;
    Duration lasts{};
    DeliveryAgentOptions agent;
    collector::IntakeOptions intake;
    collector::JournalOptions journal;
    std::uint32_t probes = 2;
    Duration interval = std::chrono::seconds(2);
    bool is_hostile = false;  ///< the network repeats frames and lets batches overtake each other
    bool has_brain = false;
    bool collector_has_bad_disk = false;
    std::vector<PlannedDisturbance> disturbances;  ///< by time
    SeededBug bug = SeededBug::none;
    bool checksums_are_skipped =
        false;  ///< a seeded bug as well: what a flipped bit spoils has a checksum that fits
};

/// Everything that can be done to delivery, each kind in half of the seeds.
DeliveryPlan plan_delivery(std::uint64_t seed);
/// An agent that keeps next to nothing of what is confirmed, begins spools all the time and is set back, and a collector that goes back
/// to backups: what is lacking then is of streams that are no more, or have another name.
DeliveryPlan plan_forgetful(std::uint64_t seed);
/// What a collector stores lies on a disk that loses power at any of its calls, errs and is full; a third of the seeds have a brain.
DeliveryPlan plan_power_cuts(std::uint64_t seed);
/// With a brain, and only what loses nothing and is over before anybody counts as silent: all of it must leave no trace in
/// incidents and messages. Not among it: power cuts (up to 200 ms of results are gone), machines set back (results are gone), clock
/// steps (times of results move), full disks (results are gone), partitions beyond `silent_after` (unobserved is a state of its own).
DeliveryPlan plan_gentle(std::uint64_t seed);
/// The same with nothing happening.
DeliveryPlan plan_calm(std::uint64_t seed);

/// Whether the device fails then: each for most of a minute, at a time of its own; by the seed of the plan.
bool fails_at(std::uint64_t seed, const std::string& host, Duration since_start);

/// What a plan of this kind watches.
std::string watch_of(const DeliveryPlan& plan);

}  // namespace muster::test
