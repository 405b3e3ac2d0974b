// Owns: YAML text → a tree with exact places. yaml-cpp stays in yaml.cpp. Leaves to reader.hpp: what the tree means.
#pragma once

#include "config/issues.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

enum class YamlKind { null, scalar, sequence, map };
/// plain: written without quotes.
enum class YamlStyle { plain, quoted };

struct YamlKey {
    std::string name;
    Position at;
};

/// One value. A map has as many `keys` as `items`, in the order of the file, each name once.
struct YamlNode {
    YamlKind kind = YamlKind::null;
    YamlStyle style = YamlStyle::plain;
    Position at;       ///< where the value begins; for a missing value, its key
    std::string text;  ///< of a scalar
    /// Of a scalar written line by line (`|`): by how many characters its lines are indented; it begins a line below `at`.
    int block_indent = 0;
    std::vector<YamlKey> keys;
    std::vector<YamlNode> items;

    /// The value of a key of a map, or null.
    const YamlNode* find(std::string_view key) const;
    /// "a list", "a map", "nothing", or the scalar in quotes: for messages.
    std::string described() const;
};

/// Parses one document (YAML 1.2 as yaml-cpp has it). Refused, with the place: syntax errors, a second document, aliases and
/// anchors, explicit tags, keys that are not text, the same key twice, nesting deeper than 32, text that is not UTF-8.
/// Nothing where the text could not be read; an empty text is a null node.
std::optional<YamlNode> parse_yaml(std::string_view file, std::string_view text, Issues& issues);

}  // namespace muster::config
