// Owns: the Prometheus text format 0.0.4: families in the order of the table, samples, escaping.
// Leaves to metric_table.cpp: which metrics there are; to metrics_routes.cpp: their values.
#pragma once

#include "collector/figures/histogram.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// One family. `labels`: names separated by blanks, in the order in which samples give their values.
struct MetricSpec {
    std::string_view name;
    MetricType type;
    std::string_view labels;
    std::string_view help;
};

/// Every metric of /metrics, in the order of the answer. docs/metrics.md lists the same; a test compares them.
std::span<const MetricSpec> metric_table();

/// Collects samples. A name or a number of labels that the table does not have is our bug.
class Exposition {
  public:
    using Labels = std::vector<std::string>;

    Exposition();

    void add(std::string_view name, std::uint64_t value, const Labels& labels = {});
    void add(std::string_view name, double value, const Labels& labels = {});
    void add(std::string_view name, const Histogram& histogram, const Labels& labels = {});

    /// Families without samples are left out.
    std::string text() const;

  private:
    void line(
        std::string_view name,
        std::string_view suffix,
        std::string_view value,
        const Labels& labels,
        std::string_view bound = {}
    );

    std::vector<std::string> lines_;  // as metric_table()
};

inline constexpr std::string_view exposition_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

}  // namespace muster::collector
