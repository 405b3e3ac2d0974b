// Owns: when a probe exceeds its threshold and when it has recovered, as data; and what one place of the files says of it.
// Leaves to rule_reader.hpp: reading it; to threshold.hpp: which place wins; to collector/brain: judging.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// Shares of time in millionths: 90 % is 900,000.
using PartsPerMillion = std::uint32_t;
inline constexpr PartsPerMillion whole = 1'000'000;

/// `{availability: "< 90%", over: 15m, min_samples: 10}`, judged on the upper bound: what nobody observed counts as up.
struct AvailabilityLimit {
    PartsPerMillion below = 0;
    PartsPerMillion recover = 0;  ///< recovered from here on; `below` unless `recover:` says more
    Duration over{};
    std::uint32_t min_samples = 2;  ///< results the window must hold before it is judged
    bool operator==(const AvailabilityLimit&) const = default;
};

enum class Side { above, below };

/// `{metric: rtt_avg, above: 200, clear: 150, for: 3}`, for one probe type that has the metric. Limits are in the integers that
/// results carry: a value v is beyond when v > limit (above) or v < limit (below), clear when v <= clear or v >= clear.
struct MetricLimit {
    std::string probe_type;
    std::string metric;
    std::string unit;
    std::uint32_t column = 0;    ///< of a result's values
    std::uint32_t decimals = 0;  ///< of those integers
    Side side = Side::above;
    std::int64_t limit = 0;
    std::int64_t clear = 0;
    std::uint32_t in_a_row = 3;  ///< 1 only with allow_single
    bool operator==(const MetricLimit&) const = default;

    bool is_beyond(std::int64_t value) const {
        return side == Side::above ? value > limit : value < limit;
    }

    bool is_clear(std::int64_t value) const {
        return side == Side::above ? value <= clear : value >= clear;
    }
};

/// A CI that exceeds or recovers this often within `over` is flapping, until it has done neither for `over`.
struct Flapping {
    std::uint32_t transitions = 5;
    Duration over = std::chrono::minutes(30);
    bool operator==(const Flapping&) const = default;
};

/// All that judges a probe. Any one of the conditions is enough to exceed; it has recovered when none holds any more.
struct Rule {
    std::uint32_t failures = 3;  ///< in a row; 0: not a condition; 1 only with allow_single
    std::uint32_t successes = 2;
    Duration hold = std::chrono::seconds(5);  ///< between exceeding and opening an incident
    std::optional<AvailabilityLimit> availability{};
    std::vector<MetricLimit> metrics{};
    Flapping flapping{};
    bool operator==(const Rule&) const = default;
};

/// How a probe that does not answer is judged: one piece, since naming either replaces both.
struct Answering {
    std::uint32_t failures = 0;
    std::optional<AvailabilityLimit> availability{};
    bool operator==(const Answering&) const = default;
};

/// What one place (a policy, a target, a threshold) says. A piece it leaves out comes from the next place.
struct RuleParts {
    std::optional<Answering> answering{};
    std::vector<MetricLimit> metrics{};  ///< each metric is a piece of its own
    std::optional<std::uint32_t> successes{};
    std::optional<Duration> hold{};
    std::optional<Flapping> flapping{};
    bool operator==(const RuleParts&) const = default;
};

/// "90%", "99.95%"
std::string percent_text(PartsPerMillion share);
/// "231.4 ms"
std::string value_text(std::int64_t value, std::uint32_t decimals, std::string_view unit);
/// "availability < 90% over 15m of at least 10 results"
std::string availability_text(const AvailabilityLimit& limit);
/// "rtt_avg above 200 ms, 3 results in a row, until at most 150 ms"
std::string limit_text(const MetricLimit& limit);
/// "3 failures in a row", "availability < 90% over 15m …", or both joined by "or".
std::string answering_text(std::uint32_t failures, const std::optional<AvailabilityLimit>& limit);

}  // namespace muster::config
