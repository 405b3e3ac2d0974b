#include "collector/api/exposition.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace muster::collector {

namespace {

std::size_t place_of(std::string_view name) {
    const auto table = metric_table();
    const auto found = std::ranges::find(table, name, &MetricSpec::name);
    expect(found != table.end(), "every sample has a row in the table of metrics");
    return static_cast<std::size_t>(found - table.begin());
}

std::string_view to_string(MetricType type) {
    switch (type) {
        case MetricType::counter:
            return "counter";
        case MetricType::gauge:
            return "gauge";
        case MetricType::histogram:
            return "histogram";
    }
    return "untyped";
}

/// Backslash, quote and line break as the format wants them; what is no UTF-8 or would move a cursor is made visible.
std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : printable(value)) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string number(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : "NaN";
}

}  // namespace

Exposition::Exposition() : lines_(metric_table().size()) {}

void Exposition::line(
    std::string_view name,
    std::string_view suffix,
    std::string_view value,
    const Labels& labels,
    std::string_view bound
) {
    const std::size_t at = place_of(name);
    std::string names(metric_table()[at].labels);
    std::string pairs;
    std::size_t given = 0;
    for (std::size_t begin = 0; begin < names.size(); ++given) {
        const std::size_t end = std::min(names.find(' ', begin), names.size());
        expect(given < labels.size(), "a sample has all labels of its metric");
        pairs += fmt::format(
            "{}{}=\"{}\"",
            pairs.empty() ? "" : ",",
            names.substr(begin, end - begin),
            escaped(labels[given])
        );
        begin = end + 1;
    }
    expect(given == labels.size(), "a sample has no label that its metric has not");
    if (!bound.empty()) {
        pairs += fmt::format("{}le=\"{}\"", pairs.empty() ? "" : ",", bound);
    }
    lines_[at] += pairs.empty() ? fmt::format("{}{} {}\n", name, suffix, value)
                                : fmt::format("{}{}{{{}}} {}\n", name, suffix, pairs, value);
}

void Exposition::add(std::string_view name, std::uint64_t value, const Labels& labels) {
    line(name, "", std::to_string(value), labels);
}

void Exposition::add(std::string_view name, double value, const Labels& labels) {
    line(name, "", number(value), labels);
}

void Exposition::add(std::string_view name, const Histogram& histogram, const Labels& labels) {
    const auto cumulative = histogram.cumulative();
    for (std::size_t i = 0; i < cumulative.size(); ++i) {
        line(name, "_bucket", std::to_string(cumulative[i]), labels, number(histogram_bounds[i]));
    }
    const std::string count = std::to_string(histogram.count());
    line(name, "_bucket", count, labels, "+Inf");
    line(name, "_sum", number(histogram.sum()), labels);
    line(name, "_count", count, labels);
}

std::string Exposition::text() const {
    std::string out;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (!lines_[i].empty()) {
            const MetricSpec& spec = metric_table()[i];
            out += fmt::format("# HELP {} {}\n", spec.name, spec.help);
            out += fmt::format("# TYPE {} {}\n", spec.name, to_string(spec.type));
            out += lines_[i];
        }
    }
    return out;
}

}  // namespace muster::collector
