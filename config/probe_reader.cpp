#include "config/probe_reader.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace muster::config {

namespace {

constexpr std::size_t longest_range = 1'000'000;
constexpr std::string_view number_mark = "{n}";

bool holds_number(std::string_view text) {
    return text.find(number_mark) != std::string_view::npos;
}

bool takes_bare_text(ParamKind kind) {
    return kind == ParamKind::integer || kind == ParamKind::number || kind == ParamKind::boolean ||
           kind == ParamKind::integer_list;
}

bool is_list(ParamKind kind) {
    return kind == ParamKind::text_list || kind == ParamKind::integer_list ||
           kind == ParamKind::oid_list;
}

bool is_common_key(std::string_view name) {
    return std::any_of(schema::probe.begin(), schema::probe.end(), [&](const KeySpec& key) {
        return key.name == name;
    });
}

Failure expected_kind(const ParamSpec& spec) {
    const std::string_view what = is_list(spec.kind)                 ? "a value or a list of values"
                                  : spec.kind == ParamKind::text_map ? "a map of texts"
                                                                     : "a single value";
    return failure(ErrorKind::invalid, fmt::format("expected {}", what));
}

/// One scalar of an option, or what was expected.
Result<std::string> scalar_text(const ParamSpec& spec, const YamlNode& node) {
    if (node.kind != YamlKind::scalar) {
        return expected_kind(spec);
    }
    if (takes_bare_text(spec.kind) && node.style == YamlStyle::quoted && !holds_number(node.text)) {
        return failure(
            ErrorKind::invalid, fmt::format("expected {} without quotes", to_string(spec.kind))
        );
    }
    // Line breaks and tabs separate the parts of lists and maps.
    if ((is_list(spec.kind) || spec.kind == ParamKind::text_map) && !check_text(node.text)) {
        return failure(ErrorKind::invalid, "expected text without control characters");
    }
    return node.text;
}

/// The text that canonical_value takes.
Result<std::string> option_text(const ParamSpec& spec, const YamlNode& node) {
    if (spec.kind == ParamKind::text_map) {
        if (node.kind != YamlKind::map) {
            return expected_kind(spec);
        }
        std::string lines;
        for (std::size_t i = 0; i < node.keys.size(); ++i) {
            const Result<std::string> value = scalar_text(spec, node.items[i]);
            if (!value || !check_text(node.keys[i].name)) {
                return expected_kind(spec);
            }
            lines += fmt::format("{}{}\t{}", i == 0 ? "" : "\n", node.keys[i].name, *value);
        }
        return lines;
    }
    if (!is_list(spec.kind) || node.kind != YamlKind::sequence) {
        return scalar_text(spec, node);
    }
    std::string lines;
    for (const YamlNode& item : node.items) {
        const Result<std::string> value = scalar_text(spec, item);
        if (!value || value->empty()) {
            return expected_kind(spec);
        }
        lines += lines.empty() ? *value : "\n" + *value;
    }
    return lines;
}

}  // namespace

std::optional<Range> read_range(
    const Source& source, const MapReader& reader, std::string_view key
) {
    const YamlNode* node = reader.find(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    const std::size_t dots =
        node->kind == YamlKind::scalar ? node->text.find("..") : std::string::npos;
    if (dots != std::string::npos) {
        const auto first = parse_integer(std::string_view(node->text).substr(0, dots));
        const auto last = parse_integer(std::string_view(node->text).substr(dots + 2));
        constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
        if (first && last && *first >= 0 && *first <= *last && *last <= most) {
            const Range range{
                static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)
            };
            if (range.size() <= longest_range) {
                return range;
            }
        }
    }
    source.wrong(
        node->at,
        fmt::format(
            "{}: {}, expected a range such as 1..100 of at most {} numbers",
            key,
            node->described(),
            longest_range
        )
    );
    return std::nullopt;
}

void put_number(std::string& text, std::uint32_t number) {
    std::size_t at = text.find(number_mark);
    if (at == std::string::npos) {
        return;
    }
    const std::string digits = std::to_string(number);
    while (at != std::string::npos) {
        text.replace(at, number_mark.size(), digits);
        at = text.find(number_mark, at + digits.size());
    }
}

std::vector<ProbeTemplate> ProbeReader::read(const std::vector<YamlNode>& entries, Repeats repeats)
    const {
    std::vector<ProbeTemplate> probes;
    std::map<std::string, int> count;
    std::map<std::string, Position> names;
    for (const YamlNode& entry : entries) {
        std::optional<ProbeTemplate> probe = read_one(entry, repeats);
        if (!probe) {
            continue;
        }
        const int ordinal = ++count[probe->probe.type];
        std::string& name = probe->probe.name;
        if (name.empty()) {
            name =
                ordinal == 1 ? probe->probe.type : fmt::format("{} {}", probe->probe.type, ordinal);
            if (probe->each) {
                name += " {n}";
            }
        } else if (probe->each && !holds_number(name)) {
            source_.wrong(
                probe->at,
                fmt::format(
                    "name: \"{}\" would be given to every repetition, expected {{n}} in it", name
                )
            );
        }
        const auto [other, is_new] = names.emplace(name, probe->at);
        if (!is_new) {
            source_.wrong(
                probe->at,
                fmt::format(
                    "a second probe named \"{}\" (the first is on line {}), expected names that "
                    "differ",
                    name,
                    other->second.line
                )
            );
            continue;
        }
        probes.push_back(std::move(*probe));
    }
    return probes;
}

const ProbeSchema* ProbeReader::find_type(std::string_view name) const {
    const auto found = std::find_if(types_.begin(), types_.end(), [&](const ProbeSchema& type) {
        return type.name == name;
    });
    return found == types_.end() ? nullptr : &*found;
}

std::optional<ProbeTemplate> ProbeReader::read_one(const YamlNode& node, Repeats repeats) const {
    const MapReader reader(source_, node, schema::probe, Strictness::unknown_keys_left);
    ProbeTemplate read;
    read.at = reader.has("name") ? reader.at("name") : node.at;
    reader.read("type", read.probe.type);
    reader.read("name", read.probe.name);
    reader.read("interval", read.probe.interval);
    read.probe.timeout = std::min(read.probe.timeout, read.probe.interval);
    reader.read("timeout", read.probe.timeout);
    if (read.probe.timeout > read.probe.interval) {
        source_.wrong(
            reader.at("timeout"),
            fmt::format(
                "timeout: {}, expected at most the interval, {}",
                format_duration(read.probe.timeout),
                format_duration(read.probe.interval)
            )
        );
    }
    read.each = read_range(source_, reader, "each");
    if (read.each && repeats == Repeats::outer) {
        source_.wrong(
            reader.at("each"), "each: its target has one already, expected one of the two"
        );
        return std::nullopt;
    }
    if (read.probe.type.empty()) {
        return std::nullopt;
    }
    const ProbeSchema* type = find_type(read.probe.type);
    if (type == nullptr) {
        std::vector<std::string_view> names;
        for (const ProbeSchema& known : types_) {
            names.push_back(known.name);
        }
        source_.wrong(
            reader.at("type"),
            fmt::format(
                "type: \"{}\", expected one of: {}", read.probe.type, fmt::join(names, ", ")
            )
        );
        return std::nullopt;
    }
    read_options(*type, "", node, read);
    fill_in(*type, node, read);
    if (!read.each && repeats == Repeats::own) {
        // Nothing will be put in: what was left open is meant as it stands.
        for (const ProbeTemplate::Open& open : std::exchange(read.open, {})) {
            const Result<std::string> value = canonical_value(*open.spec, open.text);
            if (!value) {
                source_.wrong(
                    open.at, fmt::format("{}: {}", open.spec->name, value.error().what())
                );
                continue;
            }
            read.probe.params[std::string(open.spec->name)] = *value;
        }
    }
    return read;
}

void ProbeReader::read_options(
    const ProbeSchema& type, const std::string& prefix, const YamlNode& map, ProbeTemplate& into
) const {
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
        const std::string name = prefix + map.keys[i].name;
        if (prefix.empty() && is_common_key(name)) {
            continue;
        }
        const std::string inner = name + ".";
        std::vector<std::string_view> known;
        const ParamSpec* found = nullptr;
        bool is_group = false;
        for (const ParamSpec& spec : type.params) {
            known.push_back(spec.name);
            found = spec.name == name ? &spec : found;
            is_group = is_group || spec.name.starts_with(inner);
        }
        const YamlNode& item = map.items[i];
        if (found != nullptr) {
            read_option(*found, item, into);
        } else if (is_group && item.kind == YamlKind::map) {
            read_options(type, inner, item, into);
        } else if (is_group) {
            source_.wrong(item.at, fmt::format("{}: {}, expected a map", name, item.described()));
        } else {
            for (const KeySpec& key : schema::probe) {
                known.push_back(key.name);
            }
            source_.wrong(map.keys[i].at, unknown_key(name, known));
        }
    }
}

void ProbeReader::read_option(const ParamSpec& spec, const YamlNode& node, ProbeTemplate& into)
    const {
    const std::string name(spec.name);
    if (spec.kind == ParamKind::secret) {
        std::string path;
        read_secret_path(source_, node, path);
        into.probe.secret_files[name] = path;
        into.secrets_at[name] = node.at;
        return;
    }
    Result<std::string> text = option_text(spec, node);
    if (text && holds_number(*text)) {
        into.open.push_back({&spec, *text, node.at});
        return;
    }
    const Result<std::string> value = text ? canonical_value(spec, *text) : text;
    if (!value) {
        source_.wrong(
            node.at, fmt::format("{}: {}, {}", spec.name, node.described(), value.error().what())
        );
        return;
    }
    into.probe.params[name] = *value;
}

void ProbeReader::fill_in(const ProbeSchema& type, const YamlNode& node, ProbeTemplate& into)
    const {
    for (const ParamSpec& spec : type.params) {
        const std::string name(spec.name);
        const bool is_open =
            std::any_of(into.open.begin(), into.open.end(), [&](const ProbeTemplate::Open& open) {
                return open.spec == &spec;
            });
        if (is_open || into.probe.params.contains(name) || into.probe.secret_files.contains(name)) {
            continue;
        }
        if (spec.required && node.find(spec.name) == nullptr) {
            source_.wrong(
                node.at,
                fmt::format(
                    "\"{}\" is missing, expected by probes of type {}", spec.name, type.name
                )
            );
        } else if (!spec.default_text.empty() && spec.kind != ParamKind::secret) {
            into.probe.params.emplace(name, spec.default_text);
        }
    }
}

std::optional<ProbeDeclaration> ProbeReader::numbered(
    const ProbeTemplate& probe, std::uint32_t number
) const {
    ProbeDeclaration made = probe.probe;
    put_number(made.name, number);
    for (auto& [name, path] : made.secret_files) {
        put_number(path, number);
    }
    for (const ProbeTemplate::Open& open : probe.open) {
        std::string text = open.text;
        put_number(text, number);
        Result<std::string> value = canonical_value(*open.spec, text);
        if (!value) {
            source_.wrong(
                open.at,
                fmt::format(
                    "{}: with {{n}} = {}, {}", open.spec->name, number, value.error().what()
                )
            );
            return std::nullopt;
        }
        made.params[std::string(open.spec->name)] = std::move(*value);
    }
    return made;
}

bool ProbeReader::has_url(const ProbeDeclaration& probe) const {
    const ProbeSchema* type = find_type(probe.type);
    return type != nullptr &&
           std::any_of(type->params.begin(), type->params.end(), [&](const ParamSpec& spec) {
               return spec.kind == ParamKind::url;
           });
}

}  // namespace muster::config
