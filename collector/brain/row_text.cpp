#include "collector/brain/row_text.hpp"

#include "base/bytes.hpp"
#include "wire/link.pb.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>

namespace muster::collector {

namespace json = boost::json;

std::string keys_json(std::span<const cmdb::Key> keys) {
    json::array out;
    for (const cmdb::Key& key : keys) {
        out.push_back(json::object{
            {"namespace", key.space},
            {"kind", key.kind},
            {"value", key.value},
            {"rank", key.rank},
            {"trusted", key.trust == cmdb::KeyTrust::trusted}
        });
    }
    return json::serialize(out);
}

std::string attributes_json(const cmdb::Attributes& attributes) {
    json::object out;
    for (const auto& [name, value] : attributes) {
        out[name] = value;
    }
    return json::serialize(out);
}

std::string rule_text(const config::Rule& rule) {
    std::string out = config::answering_text(rule.failures, rule.availability);
    for (const config::MetricLimit& limit : rule.metrics) {
        out += (out.empty() ? "" : " or ") + config::limit_text(limit);
    }
    return out + ", recovers after " + std::to_string(rule.successes) + " successes, held " +
           format_duration(rule.hold);
}

namespace {

json::object rule_json(const Spec& spec) {
    static constexpr std::string_view urgencies[] = {"high", "medium", "low"};
    const config::Rule& rule = spec.rule;
    json::object out{
        {"failures", rule.failures},
        {"successes", rule.successes},
        {"hold", format_duration(rule.hold)},
        {"urgency", urgencies[static_cast<std::size_t>(spec.urgency)]}
    };
    if (rule.availability) {
        out["availability"] = config::availability_text(*rule.availability);
    }
    json::object metrics;
    for (const config::MetricLimit& limit : rule.metrics) {
        json::value& text = metrics[limit.metric];
        text = (text.is_string() ? std::string(text.get_string()) + " or " : std::string()) +
               config::limit_text(limit);
    }
    if (!metrics.empty()) {
        out["metrics"] = std::move(metrics);
    }
    if (spec.from.any > 1) {
        out["quorum"] = spec.from.quorum;
    }
    if (rule.flapping != config::Flapping{}) {
        out["flapping"] = std::to_string(rule.flapping.transitions) + " transitions in " +
                          format_duration(rule.flapping.over);
    }
    return out;
}

}  // namespace

const SpecText& CachedSpecText::of(const Spec& spec) {
    if (spec.probe == spec_.probe && spec.rule == spec_.rule && spec.urgency == spec_.urgency &&
        spec.from == spec_.from) {
        return text_;
    }
    spec_ = spec;
    wire::proto::Assignment decoded;
    json::object params;
    if (decoded.ParseFromString(spec.probe->encoded)) {
        const std::map<std::string, std::string> ordered(
            decoded.params().begin(), decoded.params().end()
        );
        for (const auto& [name, value] : ordered) {
            params[name] = value;
        }
    }
    text_.params = json::serialize(params);
    text_.rule = json::serialize(rule_json(spec));
    return text_;
}

std::string dump_text(std::string_view value) {
    const bool plain = std::ranges::all_of(value, [](char c) { return c >= ' ' && c != 0x7f; });
    return plain ? std::string(value) : "x" + to_hex(value);
}

}  // namespace muster::collector
