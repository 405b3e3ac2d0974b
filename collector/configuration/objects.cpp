#include "collector/configuration/objects.hpp"

#include "config/yaml.hpp"

namespace muster::collector {

namespace {

using config::YamlKind;
using config::YamlNode;

void flatten(
    const YamlNode& node, const std::string& prefix, std::map<std::string, std::string>& out
) {
    const std::string dot = prefix.empty() ? "" : prefix + ".";
    switch (node.kind) {
        case YamlKind::map:
            for (std::size_t at = 0; at < node.keys.size(); ++at) {
                flatten(node.items[at], dot + node.keys[at].name, out);
            }
            break;
        case YamlKind::sequence:
            for (std::size_t at = 0; at < node.items.size(); ++at) {
                flatten(node.items[at], dot + std::to_string(at), out);
            }
            break;
        case YamlKind::scalar:
        case YamlKind::null:
            out[prefix] = node.text;
            break;
    }
}

void collect(const config::ConfigText& text, DeclaredObjects& out) {
    config::Issues ignored;
    const auto root = config::parse_yaml(text.name, text.text, ignored);
    if (!root || root->kind != YamlKind::map) {
        return;
    }
    for (std::size_t at = 0; at < root->keys.size(); ++at) {
        if (root->items[at].kind != YamlKind::sequence) {
            continue;
        }
        for (const YamlNode& item : root->items[at].items) {
            const YamlNode* name = item.find("name");
            if (name == nullptr || name->kind != YamlKind::scalar) {
                continue;
            }
            DeclaredObject& object = out[{root->keys[at].name, name->text}];
            object.file = text.name;
            object.line = item.at.line;
            flatten(item, "", object.fields);
        }
    }
}

std::vector<ObjectChange::Field> compare_fields(
    const std::map<std::string, std::string>& before,
    const std::map<std::string, std::string>& after
) {
    std::vector<ObjectChange::Field> out;
    for (const auto& [name, value] : before) {
        const auto now = after.find(name);
        if (now == after.end()) {
            out.push_back({name, value, ""});
        } else if (now->second != value) {
            out.push_back({name, value, now->second});
        }
    }
    for (const auto& [name, value] : after) {
        if (!before.contains(name)) {
            out.push_back({name, "", value});
        }
    }
    return out;
}

}  // namespace

DeclaredObjects objects_of(std::span<const config::ConfigText> texts) {
    DeclaredObjects out;
    for (const config::ConfigText& text : texts) {
        collect(text, out);
    }
    return out;
}

std::string_view to_string(ObjectChange::Kind kind) {
    switch (kind) {
        case ObjectChange::Kind::created:
            return "created";
        case ObjectChange::Kind::changed:
            return "changed";
        case ObjectChange::Kind::removed:
            return "removed";
        case ObjectChange::Kind::unchanged:
            break;
    }
    return "unchanged";
}

std::vector<ObjectChange> compare_objects(
    const DeclaredObjects& before, const DeclaredObjects& after
) {
    using Kind = ObjectChange::Kind;
    std::map<std::pair<std::string, std::string>, ObjectChange> all;
    for (const auto& [key, object] : before) {
        all[key] = {
            .kind = Kind::removed,
            .list = key.first,
            .name = key.second,
            .file = object.file,
            .fields = {}
        };
    }
    for (const auto& [key, object] : after) {
        const auto had = before.find(key);
        ObjectChange& change = all[key];
        change = {
            .kind = Kind::created,
            .list = key.first,
            .name = key.second,
            .file = object.file,
            .fields = {}
        };
        if (had != before.end()) {
            change.fields = compare_fields(had->second.fields, object.fields);
            change.kind = change.fields.empty() ? Kind::unchanged : Kind::changed;
        }
    }
    std::vector<ObjectChange> out;
    out.reserve(all.size());
    for (auto& [key, change] : all) {
        out.push_back(std::move(change));
    }
    return out;
}

}  // namespace muster::collector
