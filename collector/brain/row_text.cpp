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
    return std::to_string(rule.failures) + " failures in a row, recovers after " +
           std::to_string(rule.successes) + " successes, held " + format_duration(rule.hold);
}

const SpecText& CachedSpecText::of(const Spec& spec) {
    if (spec.probe == spec_.probe && spec.rule == spec_.rule && spec.urgency == spec_.urgency) {
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
    static constexpr std::string_view urgencies[] = {"high", "medium", "low"};
    text_.rule = json::serialize(json::object{
        {"failures", spec.rule.failures},
        {"successes", spec.rule.successes},
        {"hold", format_duration(spec.rule.hold)},
        {"urgency", urgencies[static_cast<std::size_t>(spec.urgency)]}
    });
    return text_;
}

std::string dump_text(std::string_view value) {
    const bool plain = std::ranges::all_of(value, [](char c) { return c >= ' ' && c != 0x7f; });
    return plain ? std::string(value) : "x" + to_hex(value);
}

}  // namespace muster::collector
