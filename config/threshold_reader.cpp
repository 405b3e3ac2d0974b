// The part of watch_reader.hpp that reads `thresholds:`.
#include "config/watch_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::config {

namespace {

/// Whether some probe of theirs is one that the threshold is about; calls `visit` with each.
template <class Owners, class Visit>
void visit_concerned(const Owners& owners, const Threshold& threshold, Visit visit) {
    for (const auto& owner : owners) {
        for (const ProbeDeclaration& probe : owner.probes) {
            if (concerns(threshold, probe.type, probe.name)) {
                visit(probe);
            }
        }
    }
}

}  // namespace

Threshold WatchReader::threshold_head(const Source& source, const MapReader& reader) const {
    Threshold threshold;
    reader.read("name", threshold.name);
    reader.read("pin", threshold.pin);
    threshold.match = read_match(source, reader);
    if (reader.has("pin") == reader.has("match")) {
        source.wrong(
            reader.at("name"), "expected either \"match\", a query, or \"pin\", the name of one CI"
        );
    }
    const MapReader probe(source, reader.section("probe"), schema::threshold_probe);
    probe.read("type", threshold.probe_type);
    probe.read("name", threshold.probe_name);
    if (!threshold.probe_type.empty() &&
        std::ranges::find(types_, threshold.probe_type, &ProbeSchema::name) == types_.end()) {
        std::vector<std::string_view> names;
        for (const ProbeSchema& known : types_) {
            names.push_back(known.name);
        }
        source.wrong(
            probe.at("type"),
            fmt::format(
                "type: \"{}\", expected one of: {}", threshold.probe_type, fmt::join(names, ", ")
            )
        );
    }
    return threshold;
}

void WatchReader::read_threshold(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::threshold);
    Threshold threshold = threshold_head(source, reader);
    std::vector<std::string_view> used;
    for (const ProbeSchema& type : types_) {
        if (threshold.probe_type.empty() || threshold.probe_type == type.name) {
            used.push_back(type.name);
        }
    }
    ReadRule rule = RuleReader(source, types_).read(reader, used);
    threshold.parts = rule.parts;
    if (threshold.parts == RuleParts{} && !threshold.name.empty() && !reader.has("breach")) {
        source.wrong(
            reader.at("name"),
            "it says nothing, expected one of \"breach\", \"recover\", \"hold\" and \"flapping\""
        );
    }
    if (!threshold.name.empty() && claim(source, reader.at("name"), "threshold", threshold.name)) {
        watch_.thresholds.push_back(std::move(threshold));
        unchecked_.push_back({source.file, watch_.thresholds.size() - 1, std::move(rule)});
    }
}

void WatchReader::check_threshold(Issues& issues, const Unchecked& unchecked) const {
    const Threshold& threshold = watch_.thresholds[unchecked.threshold];
    if (!threshold.parts.answering || !threshold.parts.answering->availability) {
        return;
    }
    // The slowest probe is the one of which a single result weighs most.
    const ProbeDeclaration* slowest = nullptr;
    const auto take = [&slowest](const ProbeDeclaration& probe) {
        if (slowest == nullptr ||
            probe.interval + probe.timeout > slowest->interval + slowest->timeout) {
            slowest = &probe;
        }
    };
    visit_concerned(watch_.targets, threshold, take);
    visit_concerned(watch_.policies, threshold, take);
    if (slowest != nullptr) {
        const Source source{unchecked.file, issues};
        RuleReader(source, types_)
            .check_window(unchecked.rule, slowest->name, slowest->interval, slowest->timeout);
    }
}

}  // namespace muster::config
