#include "cmdb/model.hpp"

#include "config/yaml.hpp"

#include <algorithm>
#include <charconv>

namespace muster::cmdb {

namespace {

using config::Issues;
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
            issues.add(file, node.find(key)->at, "\"" + value + "\" is not one of the known words");
        }
        return value;
    }
};

Label read_label(std::string_view file, const YamlNode& parent, Issues& issues) {
    const YamlNode* node = parent.find("label");
    if (node == nullptr) {
        issues.add(file, parent.at, "\"label\" is missing: {en: …, zh: …} was expected");
        return {};
    }
    const Map map{file, *node, issues};
    if (!map.has_only({"en", "zh"})) {
        return {};
    }
    return {map.required("en"), map.required("zh")};
}

std::span<const YamlNode> list_of(const Map& map, std::string_view key) {
    const YamlNode* node = map.node.find(key);
    if (node == nullptr) {
        return {};
    }
    if (node->kind != YamlKind::sequence) {
        map.issues.add(map.file, node->at, node->described() + " where a list was expected");
        return {};
    }
    return node->items;
}

KeyRule read_key_rule(const Map& map) {
    KeyRule rule{.space = map.required("namespace"), .kind = map.required("kind")};
    const std::string rank = map.required("rank");
    const auto read = std::from_chars(rank.data(), rank.data() + rank.size(), rule.rank);
    if (read.ec != std::errc() || rule.rank == 0) {
        map.issues.add(map.file, map.node.at, "\"rank\" must be a number from 1");
    }
    rule.values =
        map.choice("values", {"single", "many"}) == "many" ? KeyValues::many : KeyValues::single;
    return rule;
}

CiClass read_class(std::string_view file, const YamlNode& root, Issues& issues) {
    const Map map{file, root, issues};
    CiClass read;
    if (!map.has_only({"name", "parent", "abstract", "label", "attributes", "identification"})) {
        return read;
    }
    read.name = map.required("name");
    read.parent = map.text("parent");
    read.abstract = map.choice("abstract", {"true", "false"}) == "true";
    read.label = read_label(file, root, issues);
    for (const YamlNode& item : list_of(map, "attributes")) {
        const Map row{file, item, issues};
        if (row.has_only({"name", "type", "label"})) {
            read.attributes.push_back(
                {row.required("name"),
                 row.choice("type", {"text", "integer", "number", "boolean"}),
                 read_label(file, item, issues)}
            );
        }
    }
    for (const YamlNode& item : list_of(map, "identification")) {
        const Map row{file, item, issues};
        if (row.has_only({"namespace", "kind", "rank", "values"})) {
            read.identification.push_back(read_key_rule(row));
        }
    }
    return read;
}

}  // namespace

Result<Model> Model::parse(std::span<const config::ConfigText> files) {
    Issues issues;
    Model model;
    std::map<std::string, std::string> file_of;
    for (const auto& file : files) {
        const auto root = config::parse_yaml(file.name, file.text, issues);
        if (!root) {
            continue;
        }
        CiClass read = read_class(file.name, *root, issues);
        if (read.name.empty()) {
            continue;
        }
        const std::string name = read.name;
        if (!model.classes_.emplace(name, std::move(read)).second) {
            issues.add_file(file.name, "class \"" + name + "\" is defined twice");
        }
        file_of[name] = file.name;
    }
    for (const auto& [name, each] : model.classes_) {
        if (!each.parent.empty() && model.find(each.parent) == nullptr) {
            issues.add_file(file_of[name], "parent class \"" + each.parent + "\" does not exist");
        }
        if (model.depth(name) > model.classes_.size()) {
            issues.add_file(file_of[name], "class \"" + name + "\" inherits from itself");
        }
    }
    if (!issues.empty()) {
        return tl::unexpected(issues.error());
    }
    return model;
}

const CiClass* Model::find(std::string_view name) const {
    const auto found = classes_.find(name);
    return found == classes_.end() ? nullptr : &found->second;
}

bool Model::is_a(std::string_view name, std::string_view wanted) const {
    std::size_t steps = 0;
    while (name != wanted) {
        const CiClass* here = find(name);
        if (here == nullptr || here->parent.empty() || ++steps > classes_.size()) {
            return false;
        }
        name = here->parent;
    }
    return true;
}

std::size_t Model::depth(std::string_view name) const {
    std::size_t steps = 0;
    for (const CiClass* here = find(name); here != nullptr && !here->parent.empty();
         here = find(here->parent)) {
        if (++steps > classes_.size()) {
            break;
        }
    }
    return steps;
}

std::vector<AttributeSpec> Model::attributes(std::string_view name) const {
    const CiClass* here = find(name);
    if (here == nullptr) {
        return {};
    }
    std::vector<AttributeSpec> all = attributes(here->parent);
    all.insert(all.end(), here->attributes.begin(), here->attributes.end());
    return all;
}

std::vector<KeyRule> Model::identification(std::string_view name) const {
    const CiClass* here = find(name);
    if (here == nullptr) {
        return {};
    }
    std::vector<KeyRule> all;
    std::vector<KeyRule> unordered = here->identification;
    const std::vector<KeyRule> inherited = identification(here->parent);
    unordered.insert(unordered.end(), inherited.begin(), inherited.end());
    for (KeyRule& rule :
         unordered) {  // std::stable_sort of libstdc++ 12 uses what clang calls deprecated
        const auto after = std::ranges::upper_bound(all, rule.rank, {}, &KeyRule::rank);
        all.insert(after, std::move(rule));
    }
    return all;
}

std::vector<std::string> Model::names() const {
    std::vector<std::string> all;
    all.reserve(classes_.size());
    for (const auto& [name, each] : classes_) {
        all.push_back(name);
    }
    return all;
}

}  // namespace muster::cmdb
