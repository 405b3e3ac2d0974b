#include "cmdb/model_reader.hpp"

#include "config/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::cmdb {

namespace {

using config::MapReader;
using config::Source;
using config::YamlNode;
namespace schema = config::schema;

constexpr std::array keys_of_classes = {
    config::KeySpec{"classes", config::KeyKind::list_of_maps, "Classes."},
    config::KeySpec{"relation_types", config::KeyKind::list_of_maps, "Kinds of relations."},
};

bool is_plain(std::string_view name) {
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

/// Empty where there is none that could be used.
std::string plain_name(const Source& source, const MapReader& reader) {
    std::string name;
    reader.read("name", name);
    if (!name.empty() && !is_plain(name)) {
        source.wrong(
            reader.at("name"),
            "name: \"" + name + "\", expected small letters, digits and \"_\", a letter first"
        );
        name.clear();
    }
    return name;
}

std::string with_blanks(std::string name) {
    std::ranges::replace(name, '_', ' ');
    return name;
}

/// As written; what is missing is filled in by `complete`.
Label label_of(const Source& source, const MapReader& owner) {
    Label label;
    const MapReader reader(source, owner.section("label"), schema::label);
    reader.read("en", label.en);
    reader.read("zh", label.zh);
    return label;
}

void complete(Label& label, const std::string& fallback) {
    label.en = label.en.empty() ? fallback : label.en;
    label.zh = label.zh.empty() ? label.en : label.zh;
}

/// "smart_lamp" → "Smart lamp"
std::string title_of(const std::string& name) {
    std::string title = with_blanks(name);
    if (!title.empty() && title.front() >= 'a' && title.front() <= 'z') {
        title.front() = static_cast<char>(title.front() - 'a' + 'A');
    }
    return title;
}

AttributeSpec read_attribute(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::class_attribute);
    AttributeSpec out;
    out.name = plain_name(source, reader);
    out.type = "text";
    reader.read("type", out.type);
    reader.read("unit", out.unit);
    reader.read("values", out.values);
    out.label = label_of(source, reader);
    complete(out.label, title_of(out.name));
    return out;
}

KeyRule read_key_rule(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::class_identification);
    KeyRule rule{.space = {}, .kind = {}, .of = {}};
    std::string values = "single";
    reader.read("namespace", rule.space);
    reader.read("kind", rule.kind);
    reader.read("rank", rule.rank);
    reader.read("values", values);
    reader.read("of", rule.of);
    rule.values = values == "many"      ? KeyValues::many
                  : values == "renewed" ? KeyValues::renewed
                                        : KeyValues::single;
    if (rule.space == "space" && rule.of.empty()) {
        source.wrong(node.at, "of: a key of namespace \"space\" has none, expected attributes");
    }
    return rule;
}

Declares read_extend(const MapReader& reader) {
    bool is_extension = false;
    reader.read("extend", is_extension);
    return is_extension ? Declares::extension : Declares::new_one;
}

DeclaredClass read_class(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::ci_class);
    DeclaredClass out;
    CiClass& read = out.value;
    read.name = plain_name(source, reader);
    out.as = read_extend(reader);
    out.file = source.file;
    out.name_at = reader.at("name");
    out.parent_at = reader.at("parent");
    reader.read("parent", read.parent);
    reader.read("abstract", read.abstract);
    read.label = label_of(source, reader);
    if (out.as == Declares::new_one || !read.label.en.empty()) {
        complete(read.label, title_of(read.name));
    }
    reader.read("icon", read.icon);
    reader.read("criticality", read.criticality);
    if (reader.has("patience")) {
        reader.read("patience", read.patience.emplace());
    }
    if (reader.has("precedence")) {
        reader.read("precedence", read.precedence.emplace());
    }
    for (const YamlNode& item : reader.list("attributes")) {
        AttributeSpec attribute = read_attribute(source, item);
        if (!attribute.name.empty()) {
            read.attributes.push_back(std::move(attribute));
            out.attributes_at.push_back(item.at);
        }
    }
    for (const YamlNode& item : reader.list("identification")) {
        read.identification.push_back(read_key_rule(source, item));
        out.keys_at.push_back(item.at);
    }
    return out;
}

void read_impact(const Source& source, const MapReader& owner, RelationType& read) {
    const MapReader impact(source, owner.section("impact"), schema::relation_impact);
    std::string travels = "none";
    std::string redundancy = "none";
    impact.read("travels", travels);
    impact.read("redundancy", redundancy);
    read.travels = travels == "from_to"   ? RelationType::Travels::from_to
                   : travels == "to_from" ? RelationType::Travels::to_from
                                          : RelationType::Travels::none;
    read.redundancy = redundancy == "members" ? RelationType::Redundancy::members
                                              : RelationType::Redundancy::none;
}

DeclaredRelation read_relation(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::relation_type);
    DeclaredRelation out;
    RelationType& read = out.value;
    read.name = plain_name(source, reader);
    out.as = read_extend(reader);
    out.file = source.file;
    out.name_at = reader.at("name");
    read.label = label_of(source, reader);
    complete(read.label, with_blanks(read.name));
    if (reader.has("reverse")) {
        const MapReader reverse(source, reader.section("reverse"), schema::relation_reverse);
        reverse.read("name", read.reverse_name);
        reverse.read("en", read.reverse.en);
        reverse.read("zh", read.reverse.zh);
        complete(read.reverse, with_blanks(read.reverse_name));
    }
    std::string parent;
    reader.read("parent", parent);
    read.parent = parent == "from" ? RelationType::Parent::from
                  : parent == "to" ? RelationType::Parent::to
                                   : RelationType::Parent::none;
    for (const YamlNode& item : reader.list("pairs")) {
        const MapReader pair(source, item, schema::relation_pair);
        auto& [from, to] = read.pairs.emplace_back();
        pair.read("from", from);
        pair.read("to", to);
        out.pairs_at.push_back(item.at);
        if (from.empty() || to.empty()) {
            read.pairs.pop_back();
            out.pairs_at.pop_back();
        }
    }
    read_impact(source, reader, read);
    return out;
}

}  // namespace

void read_declarations(
    const config::ConfigText& file, FileKind kind, config::Issues& issues, Declarations& into
) {
    const bool is_strict = kind == FileKind::classes_only;
    if (!is_strict && file.text.find("classes") == std::string::npos &&
        file.text.find("relation_types") == std::string::npos) {
        return;  // most texts: they are read a second time only where it matters
    }
    config::Issues told_elsewhere;
    const auto root = config::parse_yaml(file.name, file.text, is_strict ? issues : told_elsewhere);
    if (!root || (!is_strict && root->kind != config::YamlKind::map)) {
        return;
    }
    const Source source{file.name, issues};
    const MapReader reader(
        source,
        *root,
        keys_of_classes,
        is_strict ? config::Strictness::unknown_keys_refused : config::Strictness::unknown_keys_left
    );
    for (const YamlNode& item : reader.list("classes")) {
        DeclaredClass read = read_class(source, item);
        if (!read.value.name.empty()) {
            into.classes.push_back(std::move(read));
        }
    }
    for (const YamlNode& item : reader.list("relation_types")) {
        DeclaredRelation read = read_relation(source, item);
        if (!read.value.name.empty()) {
            into.relations.push_back(std::move(read));
        }
    }
}

}  // namespace muster::cmdb
