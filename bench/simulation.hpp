// Owns: how many seeds of the delivery simulator (tests/sim/delivery_world.hpp) one core lives through, and how much faster than the
// clock that is. Each seed is a minute or so of one to three agents and a collector, with what breaks drawn from the seed; stores lie
// in /dev/shm, so that no disk is waited for. A seed that fails ends the run: a simulator in which something is wrong has no speed.
#pragma once

#include "base/clock.hpp"
#include "bench/bench_collector.hpp"
#include "bench/figures.hpp"
#include "tests/sim/delivery_world.hpp"
#include "tests/sim/quiet_log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>

namespace muster::bench {

inline void measure_simulation(Duration length) {
    const test::QuietLog quiet;
    const SystemClock clock;
    const MonoTime began = clock.mono();
    Duration simulated{};
    Duration took{};
    std::uint64_t seeds = 0;
    while (took < length) {
        ++seeds;
        const auto verdict =
            test::live_through(test::plan_delivery(seeds), test::Trace::Detail::none);
        if (!verdict.problem.empty()) {
            give_up(fmt::format("seed {} of the simulator fails: {}", seeds, verdict.problem));
        }
        simulated += verdict.simulated;
        took = clock.mono() - began;
    }
    const double seconds = std::chrono::duration<double>(took).count();
    const Figures figures;
    figures.print("sim.seeds_per_minute", static_cast<double>(seeds) * 60 / seconds, "seeds/min");
    figures.print(
        "sim.speedup_over_real_time",
        std::chrono::duration<double>(simulated).count() / seconds,
        "times"
    );
}

}  // namespace muster::bench
