#include "collector/brain/availability/limits.hpp"

#include "base/human_duration.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr auto critical = static_cast<std::uint8_t>(wire::ResultState::critical);
/// Beyond so many failures apart within one window the oldest two are counted as one.
constexpr std::size_t most_spans = 256;
constexpr std::uint16_t longest_run = 0xFFFF;

const Spec& spec_of(const State& state, Slot probe) {
    return state.specs[state.cold[probe].spec];
}

std::optional<std::int64_t> value_of(
    const config::MetricLimit& limit, std::span<const std::int64_t> values
) {
    if (limit.column >= values.size() || values[limit.column] == wire::absent_value) {
        return std::nullopt;
    }
    return values[limit.column];
}

/// Runs go on over a change of the rule where the metric is still judged on the same side.
void align(LimitMemory& memory, const config::Rule& rule) {
    const auto is_of = [](const LimitMemory::Metric& had, const config::MetricLimit& limit) {
        return had.side == limit.side && had.metric == limit.metric;
    };
    if (std::ranges::equal(memory.metrics, rule.metrics, is_of)) {
        return;
    }
    std::vector<LimitMemory::Metric> aligned;
    for (const config::MetricLimit& limit : rule.metrics) {
        const auto had = std::ranges::find_if(memory.metrics, [&](const auto& each) {
            return is_of(each, limit);
        });
        if (had != memory.metrics.end()) {
            aligned.push_back(*had);
        } else {
            aligned.push_back({.metric = limit.metric, .side = limit.side});
        }
    }
    memory.metrics = std::move(aligned);
}

/// The oldest span moves up to the next one: what is counted as failed stays the same.
void bound_spans(std::vector<LimitMemory::Span>& spans) {
    if (spans.size() > most_spans) {
        spans[1].from -= spans[0].to - spans[0].from;
        spans.erase(spans.begin());
    }
}

void book_down(LimitMemory& memory, WallTime from, WallTime to) {
    if (from >= to) {
        return;
    }
    if (!memory.down.empty() && memory.down.back().to == from) {
        memory.down.back().to = to;
    } else {
        memory.down.push_back({from, to});
        bound_spans(memory.down);
    }
}

/// A failed result speaks for the time until the next one, at most for the probe's interval and timeout: what follows is
/// unobserved, and never counts as down. Nor does time in a maintenance window.
void book(const Fold& fold, LimitMemory& memory, const Judged& result, Duration reach) {
    if (memory.last_failed && result.at > memory.last) {
        const WallTime to = std::min(result.at, memory.last + reach);
        const CiIndex ci = fold.state.cold[result.probe].ci;
        WallTime from = memory.last;
        for (const WindowMember& window : times_in_windows(fold.state, ci, memory.last, to)) {
            book_down(memory, from, window.from);
            from = window.to;
        }
        book_down(memory, from, to);
    }
    memory.last = result.at;
    memory.last_failed = result.state == critical;
}

Duration down_within(LimitMemory& memory, WallTime from, WallTime to) {
    std::erase_if(memory.down, [from](const LimitMemory::Span& span) { return span.to <= from; });
    Duration down{};
    for (const LimitMemory::Span& span : memory.down) {
        down += std::max(Duration{}, std::min(span.to, to) - std::max(span.from, from));
    }
    return down;
}

/// Time in maintenance windows: neither up nor down.
Duration excluded_within(const Fold& fold, Slot probe, WallTime from, WallTime to) {
    Duration excluded{};
    const CiIndex ci = fold.state.cold[probe].ci;
    for (const WindowMember& window : times_in_windows(fold.state, ci, from, to)) {
        excluded += window.to - window.from;
    }
    return excluded;
}

/// Results in the window, by time: single good ones are nowhere counted.
std::uint64_t samples_since(const Fold& fold, const Judged& result, WallTime from) {
    const ColdProbe& cold = fold.state.cold[result.probe];
    const WallTime proven{std::chrono::seconds(cold.proven)};
    const WallTime start = std::max({from, proven, fold.state.agents[result.agent].observed_from});
    const Duration interval = fold.state.specs[cold.spec].probe->interval;
    if (result.at < start) {
        return 1;
    }
    const Duration counted =
        result.at - start - excluded_within(fold, result.probe, start, result.at);
    return 1 + static_cast<std::uint64_t>(counted / interval);
}

std::optional<Breach> judge_availability(
    const Fold& fold, const Judged& result, const Spec& spec, LimitMemory& memory
) {
    if (!spec.rule.availability) {
        memory.down.clear();
        memory.last_failed = false;
        memory.availability_exceeded = false;
        return std::nullopt;
    }
    const config::AvailabilityLimit& limit = *spec.rule.availability;
    book(fold, memory, result, spec.probe->interval + spec.probe->timeout);
    const WallTime from = result.at - limit.over;
    const Duration down = down_within(memory, from, result.at);
    const Duration judged = limit.over - excluded_within(fold, result.probe, from, result.at);
    const Duration millionth = judged / std::int64_t{config::whole};
    const auto upper =
        millionth == Duration{}
            ? config::whole
            : config::whole -
                  static_cast<config::PartsPerMillion>(std::min(down, judged) / millionth);
    if (memory.availability_exceeded) {
        memory.availability_exceeded = upper < limit.recover;
        return std::nullopt;
    }
    if (upper >= limit.below || samples_since(fold, result, from) < limit.min_samples) {
        return std::nullopt;
    }
    memory.availability_exceeded = true;
    const std::string over = format_duration(limit.over);
    return Breach{
        .first_failed = std::max(memory.down.front().from, from),
        .reason = "availability",
        .expected = "available for at least " + config::percent_text(limit.below) + " of " + over,
        .seen = "available for at most " + config::percent_text(upper) + " of " + over + ": " +
                human_duration(down) + " down"
    };
}

/// "rtt_avg at most 200 ms"
std::string expected_of(const config::MetricLimit& limit) {
    return limit.metric + (limit.side == config::Side::above ? " at most " : " at least ") +
           config::value_text(limit.limit, limit.decimals, limit.unit);
}

std::optional<Breach> judge_metric(
    const Judged& result,
    const config::Rule& rule,
    const config::MetricLimit& limit,
    LimitMemory::Metric& memory
) {
    const std::optional<std::int64_t> value = value_of(limit, result.values);
    if (!value) {
        return std::nullopt;  // neither counts nor interrupts
    }
    const bool counts = memory.exceeded ? limit.is_clear(*value) : limit.is_beyond(*value);
    if (!counts) {
        memory.run = 0;
        return std::nullopt;
    }
    if (memory.run == 0) {
        memory.since = result.at;
    }
    memory.run = static_cast<std::uint16_t>(std::min<std::uint32_t>(memory.run + 1U, longest_run));
    if (memory.run < (memory.exceeded ? rule.successes : limit.in_a_row)) {
        return std::nullopt;
    }
    memory.run = 0;
    memory.exceeded = !memory.exceeded;
    if (!memory.exceeded) {
        return std::nullopt;
    }
    const bool above = limit.side == config::Side::above;
    return Breach{
        .first_failed = memory.since,
        .reason = "threshold",
        .expected = expected_of(limit),
        .seen = limit.metric + ' ' + config::value_text(*value, limit.decimals, limit.unit) +
                ", the " + std::to_string(limit.in_a_row) + ". result in a row " +
                (above ? "above" : "below")
    };
}

bool has_exceeded(const LimitMemory& memory) {
    return memory.availability_exceeded ||
           std::ranges::any_of(memory.metrics, &LimitMemory::Metric::exceeded);
}

bool is_empty(const LimitMemory& memory) {
    return memory.down.empty() && !memory.last_failed && !has_exceeded(memory) &&
           std::ranges::all_of(memory.metrics, [](const auto& each) { return each.run == 0; });
}

}  // namespace

bool within_limits(const State& state, Slot probe, std::span<const std::int64_t> values) {
    for (const config::MetricLimit& limit : spec_of(state, probe).rule.metrics) {
        if (const auto value = value_of(limit, values); value && limit.is_beyond(*value)) {
            return false;
        }
    }
    return true;
}

std::optional<Breach> judge_limits(Fold& fold, const Judged& result) {
    HotProbe& probe = fold.state.hot[result.probe];
    const Spec& spec = spec_of(fold.state, result.probe);
    const bool begins = (spec.rule.availability && result.state == critical) ||
                        !within_limits(fold.state, result.probe, result.values);
    if ((probe.flags & HotProbe::remembered) == 0 && !begins) {
        return std::nullopt;
    }
    probe.flags |= HotProbe::remembered;
    LimitMemory& memory = fold.state.limits[result.probe];
    align(memory, spec.rule);
    std::optional<Breach> first = judge_availability(fold, result, spec, memory);
    for (std::size_t at = 0; at < spec.rule.metrics.size(); ++at) {
        auto found = judge_metric(result, spec.rule, spec.rule.metrics[at], memory.metrics[at]);
        if (found && !first) {
            first = std::move(found);
        }
    }
    probe.flags &= static_cast<std::uint8_t>(~HotProbe::limited);
    if (has_exceeded(memory)) {
        probe.flags |= HotProbe::limited;
    } else if (is_empty(memory)) {
        forget_limits(fold.state, result.probe);
    }
    return first;
}

bool is_failing(const State& state, Slot probe) {
    const std::uint8_t flags = state.hot[probe].flags;
    if ((flags & HotProbe::exceeded) != 0 || (flags & HotProbe::limited) == 0) {
        return (flags & HotProbe::exceeded) != 0;
    }
    const auto memory = state.limits.find(probe);
    return memory != state.limits.end() && memory->second.availability_exceeded;
}

std::optional<Breach> standing_limit(const State& state, const Judged& result) {
    const auto memory = state.limits.find(result.probe);
    if (memory == state.limits.end()) {
        return std::nullopt;
    }
    const auto& metrics = memory->second.metrics;
    const auto beyond = std::ranges::find_if(metrics, &LimitMemory::Metric::exceeded);
    if (beyond == metrics.end()) {
        return std::nullopt;
    }
    const config::MetricLimit& limit =
        spec_of(state, result.probe)
            .rule.metrics[static_cast<std::size_t>(beyond - metrics.begin())];
    const auto value = value_of(limit, result.values);
    return Breach{
        .first_failed = beyond->since,
        .reason = "threshold",
        .expected = expected_of(limit),
        .seen = limit.metric + (value ? " " + config::value_text(*value, limit.decimals, limit.unit)
                                      : std::string(" beyond its limit"))
    };
}

void adopt_rule(State& state, Slot probe) {
    HotProbe& hot = state.hot[probe];
    hot.flags &= static_cast<std::uint8_t>(~(HotProbe::settled | HotProbe::measured));
    if (!spec_of(state, probe).rule.metrics.empty()) {
        hot.flags |= HotProbe::measured;
    }
}

void forget_limits(State& state, Slot probe) {
    HotProbe& hot = state.hot[probe];
    if ((hot.flags & HotProbe::remembered) != 0) {
        state.limits.erase(probe);
        hot.flags &= static_cast<std::uint8_t>(~(HotProbe::remembered | HotProbe::limited));
    }
}

}  // namespace muster::collector
