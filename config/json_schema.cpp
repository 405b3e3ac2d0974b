#include "config/json_schema.hpp"

#include "base/expect.hpp"
#include "config/schema.hpp"
#include "config/values.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::config {

namespace {

namespace json = boost::json;

constexpr std::string_view collector_title = "collector.yaml";
constexpr std::string_view watch_title = "collector.yaml and conf.d/*.yaml";
constexpr std::string_view duration_pattern = "^([0-9]+(d|h|m|s|ms|us|ns))+$";
constexpr std::string_view size_pattern = "^[0-9]+(B|KiB|MiB|GiB|TiB)$";
constexpr std::string_view address_pattern = "^(\\[[0-9A-Fa-f:.]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5}$";
constexpr std::string_view host_pattern = "^[A-Za-z0-9._:%{}-]{1,253}$";
constexpr std::string_view url_pattern = "^https?://[^\\s]+$";
constexpr std::string_view number_pattern = "\\{n\\}";  // of `each`

constexpr SchemaFile files[] = {
    {"agent", "agent.yaml"},
    {"collector", collector_title},
    {"watch", watch_title},
    {"cli", "cli.yaml"},
};

/// Any scalar of YAML is text to us.
json::object scalar() {
    return {{"type", {"string", "number", "boolean"}}};
}

json::object matching(std::string_view pattern) {
    return {{"type", "string"}, {"pattern", pattern}};
}

/// "collector.yaml: listen" → "collector.yaml.listen", which needs no escapes in a reference.
std::string definition_name(std::string_view title) {
    std::string name;
    for (const char c : title) {
        if (c == ':') {
            name += '.';
        } else if (c != ' ') {
            name += c;
        }
    }
    return name;
}

json::object reference(std::string_view title) {
    return {{"$ref", "#/definitions/" + definition_name(title)}};
}

json::array choices_of(std::string_view choices) {
    json::array all;
    for (const std::string_view choice : split(choices, '|')) {
        all.emplace_back(choice);
    }
    return all;
}

const Section* find_section(std::string_view title) {
    const auto all = schema_sections();
    const auto found = std::ranges::find(all, title, &Section::title);
    return found == all.end() ? nullptr : &*found;
}

/// The table of what a key holds: "collector.yaml: listen", "breach: any", else "breach".
std::string_view inner_title(std::string_view title, std::string_view key) {
    const Section* section = find_section(fmt::format("{}: {}", title, key));
    section = section == nullptr ? find_section(key) : section;
    expect(section != nullptr, "a key that holds a map has a table of that name");
    return section->title;
}

json::object integer_between(std::int64_t least, std::int64_t most) {
    json::object out{{"type", "integer"}};
    if (least != 0 || most != 0) {
        out["minimum"] = least;
        out["maximum"] = most;
    }
    return out;
}

json::object value_of(std::string_view title, const KeySpec& key) {
    switch (key.kind) {
        case KeyKind::text:
        case KeyKind::name:
        case KeyKind::query:
            return scalar();
        case KeyKind::integer:
            return integer_between(key.least, key.most);
        case KeyKind::number:
            return {{"type", "number"}};
        case KeyKind::boolean:
            return {{"type", "boolean"}};
        case KeyKind::duration:
            return matching(duration_pattern);
        case KeyKind::size:
            return matching(size_pattern);
        case KeyKind::address:
            return matching(address_pattern);
        case KeyKind::host:
            return matching(host_pattern);
        case KeyKind::url:
            return matching(url_pattern);
        case KeyKind::path:
            return matching("^/");
        case KeyKind::choice:
            return {{"enum", choices_of(key.choices)}};
        case KeyKind::range:
            return matching("^[0-9]+\\.\\.[0-9]+$");
        case KeyKind::secret:
            return reference("Secrets");
        case KeyKind::map:
            return reference(inner_title(title, key.name));
        case KeyKind::text_map:
            return {{"type", "object"}, {"additionalProperties", scalar()}};
        case KeyKind::text_list:
            return {{"type", "array"}, {"items", scalar()}};
        case KeyKind::list_of_maps:
            return {
                {"type", {"array", "null"}}, {"items", reference(inner_title(title, key.name))}
            };
    }
    return {};
}

json::object described(json::object value, std::string_view summary, std::string_view fallback) {
    if (value.contains("$ref")) {
        // Beside a reference draft 7 reads nothing.
        value = {{"allOf", json::array{value}}};
    }
    value["description"] = summary;
    if (!fallback.empty()) {
        value["default"] = fallback;
    }
    return value;
}

json::object properties_of(const Section& section) {
    json::object properties;
    for (const KeySpec& key : section.keys) {
        properties[key.name] =
            described(value_of(section.title, key), key.summary, key.default_text);
    }
    return properties;
}

json::object closed_map(json::object properties, json::array required) {
    json::object out{{"type", {"object", "null"}}, {"additionalProperties", false}};
    if (!required.empty()) {
        out["type"] = "object";
        out["required"] = std::move(required);
    }
    out["properties"] = std::move(properties);
    return out;
}

json::object map_of(const Section& section) {
    json::array required;
    for (const KeySpec& key : section.keys) {
        if (key.required) {
            required.emplace_back(key.name);
        }
    }
    return closed_map(properties_of(section), std::move(required));
}

json::object one_or_many(json::object item) {
    json::object list{{"type", "array"}, {"minItems", 1}, {"items", item}};
    return {{"anyOf", json::array{std::move(item), std::move(list)}}};
}

json::object option_value(const ParamSpec& spec) {
    switch (spec.kind) {
        case ParamKind::text:
        case ParamKind::bytes:
        case ParamKind::regex:
            return scalar();
        case ParamKind::integer:
            return {
                {"anyOf",
                 json::array{integer_between(spec.least, spec.most), matching(number_pattern)}}
            };
        case ParamKind::number:
            return {{"anyOf", json::array{{{"type", "number"}}, matching(number_pattern)}}};
        case ParamKind::boolean:
            return {{"type", "boolean"}};
        case ParamKind::duration:
            return matching(duration_pattern);
        case ParamKind::choice: {
            // `ip: 4` is a number to YAML.
            json::array all = choices_of(spec.choices);
            for (const std::string_view choice : split(spec.choices, '|')) {
                if (const auto number = parse_integer(choice)) {
                    all.emplace_back(*number);
                }
            }
            return {{"enum", std::move(all)}};
        }
        case ParamKind::text_list:
        case ParamKind::oid_list:
            return one_or_many(scalar());
        case ParamKind::integer_list:
            return one_or_many(integer_between(spec.least, spec.most));
        case ParamKind::text_map:
            return {{"type", "object"}, {"additionalProperties", scalar()}};
        case ParamKind::url:
            return matching(url_pattern);
        case ParamKind::secret:
            return reference("Secrets");
    }
    return {};
}

/// "expect.status" is the key `status` of the map `expect`.
void put_option(json::object& properties, json::array& required, const ParamSpec& spec) {
    json::object value = described(option_value(spec), spec.summary, spec.default_text);
    const std::size_t dot = spec.name.find('.');
    if (dot == std::string_view::npos) {
        properties[spec.name] = std::move(value);
        if (spec.required) {
            required.emplace_back(spec.name);
        }
        return;
    }
    const std::string_view group = spec.name.substr(0, dot);
    if (!properties.contains(group)) {
        properties[group] = closed_map({}, {});
    }
    json::object& inner = properties[group].as_object()["properties"].as_object();
    inner[spec.name.substr(dot + 1)] = std::move(value);
}

/// A map a type, so that each has its options and no others.
json::object probe_map(const Section& common, std::span<const ProbeSchema> types) {
    json::array all;
    for (const ProbeSchema& type : types) {
        json::object properties = properties_of(common);
        json::array required{"type"};
        properties["type"] = json::object{{"const", type.name}};
        for (const ParamSpec& spec : type.params) {
            put_option(properties, required, spec);
        }
        all.push_back(closed_map(std::move(properties), std::move(required)));
    }
    return {{"oneOf", std::move(all)}};
}

/// All tables a file reaches, by title.
void define(json::object& definitions, std::string_view title, std::span<const ProbeSchema> types) {
    const std::string name = definition_name(title);
    if (definitions.contains(name)) {
        return;
    }
    const Section* section = find_section(title);
    expect(section != nullptr, "a table has a title");
    const bool is_probe = title == "probes";
    definitions[name] = is_probe ? probe_map(*section, types) : map_of(*section);
    for (const KeySpec& key : section->keys) {
        if (key.kind == KeyKind::map || key.kind == KeyKind::list_of_maps) {
            define(definitions, inner_title(title, key.name), types);
        }
        if (key.kind == KeyKind::secret) {
            define(definitions, "Secrets", types);
        }
    }
    if (is_probe) {
        define(definitions, "Secrets", types);
    }
}

void print(std::string& out, const json::value& value, std::size_t depth);

template <class Items, class Print>
void print_items(
    std::string& out, const Items& items, std::string_view brackets, std::size_t depth, Print one
) {
    if (items.empty()) {
        out += brackets;
        return;
    }
    out += brackets.front();
    const char* separator = "\n";
    for (const auto& item : items) {
        out += separator;
        out.append(2 * (depth + 1), ' ');
        one(item);
        separator = ",\n";
    }
    out += '\n';
    out.append(2 * depth, ' ');
    out += brackets.back();
}

/// Two spaces a level, scalars on a line of their own.
void print(std::string& out, const json::value& value, std::size_t depth) {
    if (const auto* object = value.if_object()) {
        print_items(out, *object, "{}", depth, [&](const json::key_value_pair& pair) {
            out += json::serialize(json::string(pair.key())) + ": ";
            print(out, pair.value(), depth + 1);
        });
    } else if (const auto* array = value.if_array()) {
        print_items(out, *array, "[]", depth, [&](const json::value& item) {
            print(out, item, depth + 1);
        });
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::span<const SchemaFile> schema_files() {
    return files;
}

std::string json_schema(const SchemaFile& file, std::span<const ProbeSchema> probe_types) {
    json::object definitions;
    define(definitions, file.title, probe_types);
    json::object root = definitions[definition_name(file.title)].as_object();
    definitions.erase(definition_name(file.title));
    if (file.title == collector_title) {
        // What to watch may stand in it too.
        define(definitions, watch_title, probe_types);
        json::object& properties = root["properties"].as_object();
        const std::string watch = definition_name(watch_title);
        for (const auto& pair : definitions[watch].at("properties").as_object()) {
            properties[pair.key()] = pair.value();
        }
        definitions.erase(watch);
    }
    json::object schema{
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"title", fmt::format("Muster: {}", file.title)},
    };
    for (const auto& pair : root) {
        schema[pair.key()] = pair.value();
    }
    if (!definitions.empty()) {
        schema["definitions"] = std::move(definitions);
    }
    std::string text;
    print(text, schema, 0);
    return text + "\n";
}

}  // namespace muster::config
