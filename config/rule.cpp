#include "config/rule.hpp"

#include <fmt/format.h>

namespace muster::config {

namespace {

/// An integer with its decimal point, without zeros at the end.
std::string decimal_text(std::int64_t value, std::uint32_t decimals) {
    const bool negative = value < 0;
    // Magnitude by unsigned arithmetic: the least integer has no positive counterpart.
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::string digits = std::to_string(magnitude);
    if (digits.size() <= decimals) {
        digits.insert(0, decimals + 1 - digits.size(), '0');
    }
    std::string out = digits.substr(0, digits.size() - decimals);
    std::string rest = digits.substr(digits.size() - decimals);
    rest.erase(rest.find_last_not_of('0') + 1);
    if (!rest.empty()) {
        out += '.' + rest;
    }
    return negative ? '-' + out : out;
}

}  // namespace

std::string percent_text(PartsPerMillion share) {
    return decimal_text(share, 4) + '%';
}

std::string value_text(std::int64_t value, std::uint32_t decimals, std::string_view unit) {
    std::string out = decimal_text(value, decimals);
    if (unit == "%") {
        return out + '%';
    }
    return unit.empty() || unit == "count" ? out : out + ' ' + std::string(unit);
}

std::string availability_text(const AvailabilityLimit& limit) {
    std::string out = fmt::format(
        "availability < {} over {} of at least {} results",
        percent_text(limit.below),
        format_duration(limit.over),
        limit.min_samples
    );
    if (limit.recover != limit.below) {
        out += fmt::format(", until {}", percent_text(limit.recover));
    }
    return out;
}

std::string limit_text(const MetricLimit& limit) {
    const bool above = limit.side == Side::above;
    std::string out = fmt::format(
        "{} {} {}, {} results in a row",
        limit.metric,
        above ? "above" : "below",
        value_text(limit.limit, limit.decimals, limit.unit),
        limit.in_a_row
    );
    if (limit.clear != limit.limit) {
        out += fmt::format(
            ", until {} {}",
            above ? "at most" : "at least",
            value_text(limit.clear, limit.decimals, limit.unit)
        );
    }
    return out;
}

std::string answering_text(std::uint32_t failures, const std::optional<AvailabilityLimit>& limit) {
    std::string out = failures == 0 ? std::string() : fmt::format("{} failures in a row", failures);
    if (limit) {
        out += (out.empty() ? "" : " or ") + availability_text(*limit);
    }
    return out;
}

}  // namespace muster::config
