#include "cmdb/model_reader.hpp"

#include "config/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <span>
#include <utility>

namespace muster::cmdb {

namespace {

using config::Issues;
using config::Position;
using config::YamlKind;
using config::YamlNode;

/// A map of the file with what is asked of it; unknown keys are issues.
struct Map {
    std::string_view file;
    const YamlNode& node;
    Issues& issues;

    bool has_only(std::initializer_list<std::string_view> known) const {
        if (node.kind != YamlKind::map) {
            issues.add(file, node.at, node.described() + " where a map was expected");
            return false;
        }
        for (const auto& key : node.keys) {
            if (std::ranges::find(known, key.name) == known.end()) {
                issues.add(file, key.at, "unknown key \"" + key.name + "\"");
            }
        }
        return true;
    }

    std::string text(std::string_view key) const {
        const YamlNode* value = node.find(key);
        if (value == nullptr) {
            return {};
        }
        if (value->kind != YamlKind::scalar) {
            issues.add(file, value->at, value->described() + " where text was expected");
            return {};
        }
        return value->text;
    }

    Position place(std::string_view key) const {
        const YamlNode* value = node.find(key);
        return value == nullptr ? node.at : value->at;
    }

    std::string required(std::string_view key) const {
        std::string value = text(key);
        if (value.empty()) {
            issues.add(file, node.at, "\"" + std::string(key) + "\" is missing");
        }
        return value;
    }

    std::string choice(std::string_view key, std::initializer_list<std::string_view> known) const {
        std::string value = text(key);
        if (!value.empty() && std::ranges::find(known, value) == known.end()) {
            std::string words;
            for (const std::string_view word : known) {
                words.append(words.empty() ? "" : ", ").append(word);
            }
            issues.add(
                file, place(key), "\"" + value + "\" where one of " + words + " was expected"
            );
            value.clear();
        }
        return value;
    }

    std::span<const YamlNode> list(std::string_view key) const {
        const YamlNode* value = node.find(key);
        if (value == nullptr) {
            return {};
        }
        if (value->kind != YamlKind::sequence) {
            issues.add(file, value->at, value->described() + " where a list was expected");
            return {};
        }
        return value->items;
    }

    std::vector<std::string> words(std::string_view key) const {
        std::vector<std::string> out;
        for (const YamlNode& item : list(key)) {
            if (item.kind != YamlKind::scalar || item.text.empty()) {
                issues.add(file, item.at, item.described() + " where a word was expected");
            } else {
                out.push_back(item.text);
            }
        }
        return out;
    }

    std::uint32_t number(std::string_view key, std::uint32_t least) const {
        const std::string value = required(key);
        std::uint32_t out = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), out);
        if (!value.empty() &&
            (read.ec != std::errc() || read.ptr != value.data() + value.size() || out < least)) {
            issues.add(
                file,
                place(key),
                "\"" + std::string(key) + "\" must be a number from " + std::to_string(least)
            );
        }
        return out;
    }

    Label label(std::string_view key) const {
        const YamlNode* value = node.find(key);
        if (value == nullptr) {
            issues.add(
                file,
                node.at,
                "\"" + std::string(key) + "\" is missing: {en: …, zh: …} was expected"
            );
            return {};
        }
        const Map map{file, *value, issues};
        if (!map.has_only({"en", "zh", "name"})) {
            return {};
        }
        return {map.required("en"), map.required("zh")};
    }
};

AttributeSpec read_attribute(const Map& map) {
    AttributeSpec out;
    out.name = map.required("name");
    out.type = map.choice("type", {"text", "integer", "number", "boolean", "date"});
    out.unit = map.text("unit");
    out.values = map.words("values");
    out.label = map.label("label");
    return out;
}

KeyRule read_key_rule(const Map& map) {
    KeyRule rule{.space = map.required("namespace"), .kind = map.required("kind"), .of = {}};
    rule.rank = map.number("rank", 1);
    const std::string values = map.choice("values", {"single", "many", "renewed"});
    rule.values = values == "many"      ? KeyValues::many
                  : values == "renewed" ? KeyValues::renewed
                                        : KeyValues::single;
    rule.of = map.words("of");
    if (rule.space == "space" && rule.of.empty()) {
        map.issues.add(map.file, map.node.at, "a key of namespace \"space\" needs \"of\"");
    }
    return rule;
}

ReadClass read_class(const Map& map) {
    ReadClass out;
    CiClass& read = out.value;
    if (!map.has_only(
            {"name",
             "parent",
             "abstract",
             "label",
             "icon",
             "criticality",
             "patience",
             "precedence",
             "attributes",
             "identification"}
        )) {
        return out;
    }
    read.name = map.required("name");
    read.parent = map.text("parent");
    out.name_at = map.place("name");
    out.parent_at = map.place("parent");
    read.abstract = map.choice("abstract", {"true", "false"}) == "true";
    read.label = map.label("label");
    read.icon = map.text("icon");
    read.criticality = map.choice("criticality", {"high", "medium", "low"});
    if (const std::string patience = map.text("patience"); !patience.empty()) {
        const auto duration = parse_duration(patience);
        if (!duration) {
            map.issues.add(map.file, map.place("patience"), duration.error().text());
        } else {
            read.patience = *duration;
        }
    }
    if (map.node.find("precedence") != nullptr) {
        read.precedence = map.number("precedence", 1);
    }
    for (const YamlNode& item : map.list("attributes")) {
        const Map row{map.file, item, map.issues};
        if (row.has_only({"name", "type", "unit", "values", "label"})) {
            read.attributes.push_back(read_attribute(row));
        }
    }
    for (const YamlNode& item : map.list("identification")) {
        const Map row{map.file, item, map.issues};
        if (row.has_only({"namespace", "kind", "rank", "values", "of"})) {
            read.identification.push_back(read_key_rule(row));
        }
    }
    return out;
}

void read_impact(const Map& map, RelationType& read) {
    const YamlNode* node = map.node.find("impact");
    if (node == nullptr) {
        return;
    }
    const Map impact{map.file, *node, map.issues};
    if (!impact.has_only({"travels", "redundancy"})) {
        return;
    }
    const std::string travels = impact.choice("travels", {"none", "from_to", "to_from"});
    read.travels = travels == "from_to"   ? RelationType::Travels::from_to
                   : travels == "to_from" ? RelationType::Travels::to_from
                                          : RelationType::Travels::none;
    if (impact.choice("redundancy", {"none", "members"}) == "members") {
        read.redundancy = RelationType::Redundancy::members;
    }
}

ReadRelation read_relation(const Map& map) {
    ReadRelation out;
    RelationType& read = out.value;
    if (!map.has_only({"relation", "label", "reverse", "parent", "pairs", "impact"})) {
        return out;
    }
    read.name = map.required("relation");
    out.name_at = map.place("relation");
    read.label = map.label("label");
    read.reverse = map.label("reverse");
    if (const YamlNode* reverse = map.node.find("reverse");
        reverse != nullptr && reverse->kind == YamlKind::map) {
        read.reverse_name = Map{map.file, *reverse, map.issues}.required("name");
    }
    const std::string parent = map.choice("parent", {"from", "to"});
    read.parent = parent == "from" ? RelationType::Parent::from
                  : parent == "to" ? RelationType::Parent::to
                                   : RelationType::Parent::none;
    for (const YamlNode& item : map.list("pairs")) {
        const Map row{map.file, item, map.issues};
        if (row.has_only({"from", "to"})) {
            std::string from = row.required("from");
            read.pairs.emplace_back(std::move(from), row.required("to"));
            out.pairs_at.push_back(item.at);
        }
    }
    if (read.pairs.empty()) {
        map.issues.add(map.file, map.node.at, "\"pairs\" is missing: which classes may it join");
    }
    read_impact(map, read);
    return out;
}

void read_piece(const Map& map, ReadFile& out) {
    if (map.node.kind == YamlKind::map && map.node.find("relation") != nullptr) {
        ReadRelation read = read_relation(map);
        if (!read.value.name.empty()) {
            out.relations.push_back(std::move(read));
        }
        return;
    }
    ReadClass read = read_class(map);
    if (!read.value.name.empty()) {
        out.classes.push_back(std::move(read));
    }
}

}  // namespace

ReadFile read_model_file(const config::ConfigText& file, Issues& issues) {
    ReadFile out;
    const auto root = config::parse_yaml(file.name, file.text, issues);
    if (!root) {
        return out;
    }
    if (root->kind == YamlKind::sequence) {
        for (const YamlNode& item : root->items) {
            read_piece({file.name, item, issues}, out);
        }
    } else {
        read_piece({file.name, *root, issues}, out);
    }
    return out;
}

}  // namespace muster::cmdb
