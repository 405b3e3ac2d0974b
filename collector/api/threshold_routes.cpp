// Thresholds one by one.
#include "collector/api/declared_object.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/list_rules.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

json::object threshold_json(const config::Threshold& threshold) {
    const config::Candidate candidate = config::candidate_of(threshold);
    json::object out{
        {"name", json_text(threshold.name)},
        {"match", nullptr},
        {"pin", nullptr},
        {"probe_type", json_text(threshold.probe_type)},
        {"probe_name", json_text(threshold.probe_name)},
        {"specificity", config::to_string(candidate.specificity)}
    };
    if (threshold.pin.empty()) {
        out["match"] = json_text(threshold.match.text());
    } else {
        out["pin"] = json_text(threshold.pin);
    }
    const config::RuleParts& parts = threshold.parts;
    json::array says;
    if (parts.answering) {
        says.push_back(json_text(
            config::answering_text(parts.answering->failures, parts.answering->availability)
        ));
    }
    for (const config::MetricLimit& limit : parts.metrics) {
        says.push_back(json_text(limit.probe_type + " " + config::limit_text(limit)));
    }
    if (parts.successes) {
        says.push_back(json_text("recovers after " + std::to_string(*parts.successes)));
    }
    if (parts.hold) {
        says.push_back(json_text("held " + format_duration(*parts.hold)));
    }
    if (parts.flapping) {
        says.push_back(json_text(
            "flapping at " + std::to_string(parts.flapping->transitions) + " transitions in " +
            format_duration(parts.flapping->over)
        ));
    }
    out["says"] = std::move(says);
    return out;
}

}  // namespace

Task<HttpResponse> put_threshold(Call call) {
    std::string name = call.path.at("id");
    const std::vector<config::Threshold>& all =
        call.context->configuration()->running().watch.thresholds;
    const auto found = std::ranges::find(all, name, &config::Threshold::name);
    json::object shown = found == all.end() ? json::object() : threshold_json(*found);
    return put_object(std::move(call), "thresholds", std::move(name), std::move(shown));
}

Task<HttpResponse> delete_threshold(Call call) {
    std::string name = call.path.at("id");
    return delete_object(std::move(call), "thresholds", std::move(name));
}

Task<HttpResponse> list_thresholds(Call call) {
    json::array items;
    for (const config::Threshold& threshold :
         call.context->configuration()->running().watch.thresholds) {
        items.push_back(threshold_json(threshold));
    }
    co_return whole_list(call.query, threshold_list(), std::move(items), "name");
}

Task<HttpResponse> show_threshold(Call call) {
    const std::string& name = call.path.at("id");
    const std::vector<config::Threshold>& all =
        call.context->configuration()->running().watch.thresholds;
    const auto found = std::ranges::find(all, name, &config::Threshold::name);
    if (found == all.end()) {
        co_return problem(404, "there is no threshold with this name: " + name);
    }
    co_return declared_answer(call, "thresholds", name, threshold_json(*found));
}

}  // namespace muster::collector
