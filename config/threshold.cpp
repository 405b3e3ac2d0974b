#include "config/threshold.hpp"

#include <algorithm>
#include <tuple>

namespace muster::config {

namespace {

bool is_threshold(const Candidate& candidate) {
    return candidate.origin.starts_with("threshold ");
}

/// An upper and a lower limit of one metric are one piece: they stand or fall together.
bool same_metric(const MetricLimit& a, const MetricLimit& b) {
    return a.probe_type == b.probe_type && a.metric == b.metric;
}

/// What this place says of metrics that no place before it named.
void add_metrics(Rule& rule, const RuleParts& parts, std::string_view probe_type) {
    const std::size_t named_before = rule.metrics.size();
    for (const MetricLimit& limit : parts.metrics) {
        const auto end = rule.metrics.begin() + static_cast<std::ptrdiff_t>(named_before);
        const bool is_named = std::any_of(rule.metrics.begin(), end, [&](const MetricLimit& each) {
            return same_metric(each, limit);
        });
        if (!is_named && (probe_type.empty() || limit.probe_type == probe_type)) {
            rule.metrics.push_back(limit);
        }
    }
}

}  // namespace

std::string_view to_string(Specificity specificity) {
    switch (specificity) {
        case Specificity::shipped:
            return "shipped";
        case Specificity::policy:
            return "policy";
        case Specificity::ci_class:
            return "class";
        case Specificity::site:
            return "site";
        case Specificity::label:
            return "label";
        case Specificity::pin:
            return "pin";
    }
    return "shipped";
}

Candidate candidate_of(const Threshold& threshold) {
    Candidate out{.origin = "threshold " + threshold.name, .parts = &threshold.parts};
    if (!threshold.pin.empty()) {
        out.specificity = Specificity::pin;
        return out;
    }
    const std::vector<std::string> fields = threshold.match.fields();
    out.fields = static_cast<std::uint32_t>(fields.size());
    out.specificity = Specificity::ci_class;
    for (const std::string& field : fields) {
        const Specificity named = field == "class"  ? Specificity::ci_class
                                  : field == "site" ? Specificity::site
                                                    : Specificity::label;
        out.specificity = std::max(out.specificity, named);
    }
    return out;
}

bool concerns(
    const Threshold& threshold, std::string_view probe_type, std::string_view probe_name
) {
    return (threshold.probe_type.empty() || threshold.probe_type == probe_type) &&
           (threshold.probe_name.empty() || threshold.probe_name == probe_name);
}

const RuleParts& shipped_parts() {
    static const Rule rule;
    static const RuleParts parts{
        .answering = Answering{.failures = rule.failures, .availability = std::nullopt},
        .metrics = {},
        .successes = rule.successes,
        .hold = rule.hold,
        .flapping = rule.flapping
    };
    return parts;
}

void rank(std::vector<Candidate>& candidates) {
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
        return std::tuple(b.specificity, is_threshold(b), b.fields, std::string_view(a.origin)) <
               std::tuple(a.specificity, is_threshold(a), a.fields, std::string_view(b.origin));
    });
}

Rule resolve(std::span<const Candidate> ranked, std::string_view probe_type) {
    Rule rule;
    const RuleParts* answering = nullptr;
    const RuleParts* successes = nullptr;
    const RuleParts* hold = nullptr;
    const RuleParts* flapping = nullptr;
    for (const Candidate& each : ranked) {
        answering = answering == nullptr && each.parts->answering ? each.parts : answering;
        successes = successes == nullptr && each.parts->successes ? each.parts : successes;
        hold = hold == nullptr && each.parts->hold ? each.parts : hold;
        flapping = flapping == nullptr && each.parts->flapping ? each.parts : flapping;
        add_metrics(rule, *each.parts, probe_type);
    }
    if (answering != nullptr) {
        rule.failures = answering->answering->failures;
        rule.availability = answering->answering->availability;
    }
    rule.successes = successes == nullptr ? rule.successes : *successes->successes;
    rule.hold = hold == nullptr ? rule.hold : *hold->hold;
    rule.flapping = flapping == nullptr ? rule.flapping : *flapping->flapping;
    return rule;
}

Rule rule_of(const RuleParts& parts) {
    const Candidate only[] = {{.origin = {}, .specificity = Specificity::policy, .parts = &parts}};
    return resolve(only, {});
}

}  // namespace muster::config
