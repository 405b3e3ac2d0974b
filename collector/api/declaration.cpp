#include "collector/api/declaration.hpp"

#include "config/yaml_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace {

using config::YamlKind;
using config::YamlNode;

struct ReadOnly {
    std::string_view list;
    std::string_view member;
};

/// What the answers have that nobody declares.
constexpr ReadOnly read_only[] = {
    {"targets", "repeats"},
    {"policies", "cis"},
    {"policies", "assigned_probes"},
    {"thresholds", "probe_type"},
    {"thresholds", "probe_name"},
    {"thresholds", "specificity"},
    {"thresholds", "says"},
    {"channels", "target"},
    {"channels", "state"},
    {"channels", "state_since"},
    {"channels", "failures"},
    {"channels", "last_error"},
    {"channels", "last_delivered"},
    {"channels", "waiting"},
    {"channels", "merged"},
};

bool is_read_only(std::string_view list, std::string_view member) {
    return member == "file" || member == "line" ||
           std::ranges::any_of(read_only, [&](const ReadOnly& each) {
               return each.list == list && each.member == member;
           });
}

bool is_nothing(const json::value& value) {
    return (value.is_string() && value.get_string().empty()) ||
           (value.is_object() && value.get_object().empty());
}

const YamlNode* element(const YamlNode& root, std::string_view list, const std::string& name) {
    const YamlNode* all = root.find(list);
    if (all == nullptr || all->kind != YamlKind::sequence) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(all->items, [&](const YamlNode& item) {
        const YamlNode* its = item.find("name");
        return its != nullptr && its->kind == YamlKind::scalar && its->text == name;
    });
    return found == all->items.end() ? nullptr : &*found;
}

/// Lists of the same length are told element by element: the probes of a target.
json::value merged(json::value shown, const json::value& declared) {
    if (shown.is_object() && declared.is_object()) {
        for (const auto& [name, value] : declared.get_object()) {
            json::value& its = shown.get_object()[name];
            its = merged(std::move(its), value);
        }
        return shown;
    }
    if (shown.is_array() && declared.is_array() &&
        shown.get_array().size() == declared.get_array().size()) {
        for (std::size_t at = 0; at < declared.get_array().size(); ++at) {
            json::value& its = shown.get_array()[at];
            its = merged(std::move(its), declared.get_array()[at]);
        }
        return shown;
    }
    // `site: 12` is a text to whoever reads the file.
    const bool is_text = shown.is_string() && (declared.is_number() || declared.is_bool());
    return is_text ? json_text(json::serialize(declared)) : declared;
}

void keep_declared(json::value& given, const json::value& shown, const json::value& declared);

void keep_declared(json::object& given, const json::object& shown, const json::object& declared) {
    std::vector<std::string> filled_in;
    for (auto& [name, value] : given) {
        const json::value* was = shown.if_contains(name);
        const json::value* its = declared.if_contains(name);
        if (was != nullptr && its == nullptr && *was == value) {
            filled_in.emplace_back(name);
        } else if (was != nullptr && its != nullptr) {
            keep_declared(value, *was, *its);
        }
    }
    for (const std::string& name : filled_in) {
        given.erase(name);
    }
}

void keep_declared(json::value& given, const json::value& shown, const json::value& declared) {
    if (given.is_object() && shown.is_object() && declared.is_object()) {
        keep_declared(given.get_object(), shown.get_object(), declared.get_object());
    } else if (given.is_array() && shown.is_array() && declared.is_array() &&
               given.get_array().size() == shown.get_array().size() &&
               given.get_array().size() == declared.get_array().size()) {
        for (std::size_t at = 0; at < given.get_array().size(); ++at) {
            keep_declared(given.get_array()[at], shown.get_array()[at], declared.get_array()[at]);
        }
    }
}

}  // namespace

std::optional<json::object> declaration_of(
    std::span<const config::ConfigText> texts, std::string_view list, const std::string& name
) {
    config::Issues ignored;
    for (const config::ConfigText& text : texts) {
        const auto root = config::parse_yaml(text.name, text.text, ignored);
        const YamlNode* found = root ? element(*root, list, name) : nullptr;
        if (found != nullptr) {
            json::object out = config::to_json(*found).as_object();
            out["name"] = json_text(name);  // 5 is a name, too
            return out;
        }
    }
    return std::nullopt;
}

json::object with_declaration(
    json::object shown, const json::object& declared, std::string_view list
) {
    for (auto& [name, value] : shown) {
        if (!declared.contains(name) && !is_read_only(list, name) && is_nothing(value)) {
            value = nullptr;
        }
    }
    return merged(std::move(shown), declared).as_object();
}

void keep_declaration(
    json::object& given,
    const json::object& shown,
    const json::object& declared,
    std::string_view list
) {
    std::vector<std::string> others;
    for (const auto& [name, value] : given) {
        if (is_read_only(list, name) || value.is_null()) {
            others.emplace_back(name);
        }
    }
    for (const std::string& name : others) {
        given.erase(name);
    }
    keep_declared(given, shown, declared);
}

}  // namespace muster::collector
