#include "config/reader.hpp"

#include "base/expect.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::config {

namespace {

constexpr std::size_t longest_name = 200;

const YamlNode& nothing() {
    static const YamlNode node;
    return node;
}

/// The checked text of a scalar, or why it is wrong.
Result<std::string> checked(const KeySpec& key, const std::string& text) {
    switch (key.kind) {
        case KeyKind::address:
            return check_address(text);
        case KeyKind::host:
            return check_host(text);
        case KeyKind::url:
            return check_url(text);
        case KeyKind::name:
            if (text.empty() || text.size() > longest_name) {
                return failure(
                    ErrorKind::invalid, fmt::format("expected 1 to {} bytes", longest_name)
                );
            }
            return check_text(text);
        case KeyKind::path:
            if (!text.starts_with('/')) {
                return failure(ErrorKind::invalid, "expected an absolute path");
            }
            return check_text(text);
        case KeyKind::choice: {
            const auto choices = split(key.choices, '|');
            if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
                const std::string_view guess = nearest(text, choices);
                return failure(
                    ErrorKind::invalid,
                    "expected " + expectation(key) +
                        (guess.empty() ? "" : fmt::format("; did you mean \"{}\"?", guess))
                );
            }
            return text;
        }
        default:
            return check_text(text);
    }
}

}  // namespace

std::string unknown_key(std::string_view given, const std::vector<std::string_view>& known) {
    const std::string_view guess = nearest(given, known);
    if (!guess.empty()) {
        return fmt::format("unknown key \"{}\"; did you mean \"{}\"?", given, guess);
    }
    return fmt::format("unknown key \"{}\", expected one of: {}", given, fmt::join(known, ", "));
}

void read_secret_path(const Source& source, const YamlNode& node, std::string& into) {
    if (node.kind != YamlKind::map) {
        // The value itself may be a secret: it is not repeated in the message.
        source.wrong(node.at, "a secret is never written here, expected {file: /path}");
        return;
    }
    const MapReader reader(source, node, schema::secret);
    reader.read("file", into);
}

MapReader::MapReader(
    const Source& source, const YamlNode& node, std::span<const KeySpec> keys, Strictness strictness
)
    : source_(source), node_(node), keys_(keys) {
    if (node.kind != YamlKind::map && node.kind != YamlKind::null) {
        source.wrong(node.at, fmt::format("{}, expected a map", node.described()));
        return;
    }
    if (strictness == Strictness::unknown_keys_refused) {
        check_known();
    }
    for (const KeySpec& key : keys_) {
        if (key.required && node_.find(key.name) == nullptr) {
            source.wrong(
                node.at, fmt::format("\"{}\" is missing, expected {}", key.name, expectation(key))
            );
        }
    }
}

void MapReader::check_known() const {
    for (const YamlKey& given : node_.keys) {
        const bool known = std::any_of(keys_.begin(), keys_.end(), [&](const KeySpec& key) {
            return key.name == given.name;
        });
        if (!known) {
            std::vector<std::string_view> names;
            for (const KeySpec& key : keys_) {
                names.push_back(key.name);
            }
            source_.wrong(given.at, unknown_key(given.name, names));
        }
    }
}

const KeySpec& MapReader::spec(std::string_view key) const {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const KeySpec& each) {
        return each.name == key;
    });
    expect(found != keys_.end(), "a key is read that its table does not have");
    return *found;
}

const YamlNode* MapReader::find(std::string_view key) const {
    expect(!spec(key).name.empty(), "a key has a name");
    return node_.kind == YamlKind::map ? node_.find(key) : nullptr;
}

Position MapReader::at(std::string_view key) const {
    const YamlNode* value = find(key);
    return value == nullptr ? node_.at : value->at;
}

void MapReader::wrong(const KeySpec& key, const YamlNode& node) const {
    source_.wrong(
        node.at, fmt::format("{}: {}, expected {}", key.name, node.described(), expectation(key))
    );
}

const YamlNode* MapReader::scalar(std::string_view key) const {
    const YamlNode* value = find(key);
    if (value != nullptr && value->kind != YamlKind::scalar) {
        wrong(spec(key), *value);
        return nullptr;
    }
    return value;
}

void MapReader::read(std::string_view key, std::string& into) const {
    const KeySpec& known = spec(key);
    if (known.kind == KeyKind::secret) {
        if (const YamlNode* value = find(key); value != nullptr) {
            read_secret_path(source_, *value, into);
        }
        return;
    }
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    const auto text = checked(known, value->text);
    if (!text) {
        source_.wrong(
            value->at, fmt::format("{}: {}, {}", key, value->described(), text.error().what())
        );
        return;
    }
    into = *text;
}

void MapReader::read(std::string_view key, bool& into) const {
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    if (value->style == YamlStyle::quoted || (value->text != "true" && value->text != "false")) {
        wrong(spec(key), *value);
        return;
    }
    into = value->text == "true";
}

void MapReader::read(std::string_view key, std::uint32_t& into) const {
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    const KeySpec& known = spec(key);
    const auto number = parse_integer(value->text);
    if (value->style == YamlStyle::quoted || !number || *number < known.least ||
        *number > known.most) {
        wrong(known, *value);
        return;
    }
    into = static_cast<std::uint32_t>(*number);
}

void MapReader::read_millionths(std::string_view key, std::int64_t& into) const {
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    const auto number = parse_millionths(value->text);
    if (!number) {
        wrong(spec(key), *value);
        return;
    }
    into = *number;
}

void MapReader::read(std::string_view key, std::uint64_t& into) const {
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    const KeySpec& known = spec(key);
    const auto size = parse_size(value->text);
    if (!size || *size < static_cast<std::uint64_t>(known.least) ||
        *size > static_cast<std::uint64_t>(known.most)) {
        wrong(known, *value);
        return;
    }
    into = *size;
}

void MapReader::read(std::string_view key, Duration& into) const {
    const YamlNode* value = scalar(key);
    if (value == nullptr) {
        return;
    }
    const KeySpec& known = spec(key);
    const auto duration = parse_duration(value->text);
    if (!duration || *duration < std::chrono::milliseconds(known.least) ||
        *duration > std::chrono::milliseconds(known.most)) {
        wrong(known, *value);
        return;
    }
    into = *duration;
}

void MapReader::read(std::string_view key, std::map<std::string, std::string>& into) const {
    const YamlNode* value = find(key);
    if (value == nullptr) {
        return;
    }
    if (value->kind != YamlKind::map) {
        wrong(spec(key), *value);
        return;
    }
    for (std::size_t i = 0; i < value->keys.size(); ++i) {
        const YamlNode& item = value->items[i];
        const auto text = item.kind == YamlKind::scalar
                              ? check_text(item.text)
                              : Result<std::string>(failure(ErrorKind::invalid, "expected text"));
        if (!text || value->keys[i].name.empty()) {
            source_.wrong(
                item.at,
                fmt::format("{}.{}: {}, expected text", key, value->keys[i].name, item.described())
            );
            continue;
        }
        into.emplace(value->keys[i].name, *text);
    }
}

void MapReader::read(std::string_view key, std::vector<std::string>& into) const {
    const YamlNode* value = find(key);
    if (value == nullptr) {
        return;
    }
    if (value->kind != YamlKind::sequence) {
        wrong(spec(key), *value);
        return;
    }
    for (const YamlNode& item : value->items) {
        if (item.kind != YamlKind::scalar || item.text.empty() || !check_text(item.text)) {
            source_.wrong(item.at, fmt::format("{}: {}, expected text", key, item.described()));
            continue;
        }
        into.push_back(item.text);
    }
}

const YamlNode& MapReader::section(std::string_view key) const {
    const YamlNode* value = find(key);
    if (value == nullptr) {
        return nothing();
    }
    if (value->kind != YamlKind::map && value->kind != YamlKind::null) {
        wrong(spec(key), *value);
        return nothing();
    }
    return *value;
}

const std::vector<YamlNode>& MapReader::list(std::string_view key) const {
    const YamlNode* value = find(key);
    if (value == nullptr || value->kind == YamlKind::null) {
        return nothing().items;
    }
    if (value->kind != YamlKind::sequence) {
        wrong(spec(key), *value);
        return nothing().items;
    }
    return value->items;
}

}  // namespace muster::config
