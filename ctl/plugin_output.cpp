#include "ctl/plugin_output.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace muster::ctl {

namespace {

std::string upper(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return result;
}

/// Units the guidelines know; others are left out of performance data.
std::string_view plugin_unit(std::string_view unit) {
    return unit == "ms" || unit == "s" || unit == "us" || unit == "%" ? unit
           : unit == "bytes"                                          ? std::string_view("B")
                                                                      : std::string_view();
}

/// Text from the network may hold the bar that begins performance data.
std::string plugin_text(std::string_view text) {
    std::string safe = printable(text, 512);
    std::replace(safe.begin(), safe.end(), '|', '/');
    std::replace(safe.begin(), safe.end(), '\n', ' ');
    return safe;
}

bool measured(const probes::Outcome& outcome, std::size_t metric) {
    return metric < outcome.values.size() && outcome.values[metric] != wire::absent_value;
}

}  // namespace

int plugin_exit_code(wire::ResultState state) {
    switch (state) {
        case wire::ResultState::ok:
            return 0;
        case wire::ResultState::warning:
            return 1;
        case wire::ResultState::critical:
            return 2;
        case wire::ResultState::unknown:
            return 3;
    }
    return 3;
}

std::string metric_text(const probes::MetricSpec& metric, std::int64_t value) {
    if (metric.decimals == 0) {
        return std::to_string(value);
    }
    std::int64_t scale = 1;
    for (int i = 0; i < metric.decimals; ++i) {
        scale *= 10;
    }
    return fmt::format(
        "{}{}.{:0{}}",
        value < 0 ? "-" : "",
        std::abs(value / scale),
        std::abs(value % scale),
        metric.decimals
    );
}

std::string plugin_line(const probes::ProbeType& type, const probes::Outcome& outcome) {
    std::string text;
    std::string data;
    for (std::size_t i = 0; i < type.metrics.size(); ++i) {
        if (!measured(outcome, i)) {
            continue;
        }
        const probes::MetricSpec& metric = type.metrics[i];
        const std::string value = metric_text(metric, outcome.values[i]);
        text += fmt::format(
            "{}{} {}{}{}",
            text.empty() ? "" : ", ",
            metric.name,
            value,
            metric.unit.empty() || metric.unit == "count" ? "" : " ",
            metric.unit == "count" ? "" : metric.unit
        );
        data += fmt::format(
            "{}{}={}{}", data.empty() ? "" : " ", metric.name, value, plugin_unit(metric.unit)
        );
    }
    if (outcome.state != wire::ResultState::ok) {
        std::string why = plugin_text(outcome.seen.empty() ? outcome.reason : outcome.seen);
        if (!outcome.expected.empty()) {
            why += fmt::format(" (expected {})", plugin_text(outcome.expected));
        }
        text = text.empty() ? why : why + "; " + text;
    }
    return fmt::format(
        "{} {} - {}{}{}",
        upper(type.name),
        upper(wire::to_string(outcome.state)),
        text,
        data.empty() ? "" : " | ",
        data
    );
}

json::value outcome_json(
    const probes::ProbeType& type, const std::string& target, const probes::Outcome& outcome
) {
    json::object values;
    for (std::size_t i = 0; i < type.metrics.size(); ++i) {
        if (measured(outcome, i)) {
            const probes::MetricSpec& metric = type.metrics[i];
            // The text goes through the parser, so that 1.230 is not 1.2299999.
            boost::system::error_code wrong;
            json::value number = json::parse(metric_text(metric, outcome.values[i]), wrong);
            values[metric.name] = json::object{
                {"value", wrong ? json::value(nullptr) : number}, {"unit", metric.unit}
            };
        }
    }
    return json::object{
        {"type", type.name},
        {"target", target},
        {"state", wire::to_string(outcome.state)},
        {"reason", outcome.reason},
        {"expected", printable(outcome.expected)},
        {"seen", printable(outcome.seen)},
        {"values", std::move(values)},
    };
}

}  // namespace muster::ctl
