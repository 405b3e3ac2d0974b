// Owns: conditions beyond a run of failures: availability over a window, limits on metrics. What they remember exists only
// while something is not well. Leaves to judgement: runs of failures, and what follows from exceeding.
#pragma once

#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/fold.hpp"

#include <optional>
#include <span>
#include <string>

namespace muster::collector {

/// A condition that holds now and did not before.
struct Breach {
    WallTime first_failed{};
    std::string reason;
    std::string expected;
    std::string seen;
};

/// Whether nothing of these values, of a probe that remembers nothing, concerns a limit. No look-up, no allocation.
bool within_limits(const State& state, Slot probe, std::span<const std::int64_t> values);

/// Judges one result of a proven probe. Sets or clears HotProbe::limited.
std::optional<Breach> judge_limits(Fold& fold, const Judged& result);

/// Down, not merely slow: so many failures in a row, or too little availability.
bool is_failing(const State& state, Slot probe);

/// The limit of a metric that a probe is beyond, in the words of this result; none where it is beyond none.
std::optional<Breach> standing_limit(const State& state, const Judged& result);

/// The probe got its rule, or another one: what no condition asks for any more is forgotten with the next result, which is judged
/// whatever it is.
void adopt_rule(State& state, Slot probe);

/// The probe is taken away.
void forget_limits(State& state, Slot probe);

}  // namespace muster::collector
