#include "collector/api/object_pointer.hpp"

#include "config/yaml.hpp"

#include <optional>
#include <tuple>

namespace muster::collector {

namespace {

bool is_at_or_before(config::Position a, config::Position b) {
    return std::tie(a.line, a.column) <= std::tie(b.line, b.column);
}

/// RFC 6901 §3.
std::string escaped(std::string_view member) {
    std::string out;
    for (const char c : member) {
        out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return out;
}

/// Nodes come in the order of the text: the last one that begins before the place is the one it is in.
void look(
    const config::YamlNode& node,
    const std::string& pointer,
    config::Position wanted,
    std::string& found
) {
    if (is_at_or_before(node.at, wanted)) {
        found = pointer;
    }
    for (std::size_t at = 0; at < node.items.size(); ++at) {
        const bool is_map = node.kind == config::YamlKind::map;
        const std::string inner =
            pointer + "/" + (is_map ? escaped(node.keys[at].name) : std::to_string(at));
        if (is_map && is_at_or_before(node.keys[at].at, wanted)) {
            found = inner;
        }
        look(node.items[at], inner, wanted, found);
    }
}

}  // namespace

std::string pointer_into_object(std::string_view text, config::Position at) {
    config::Issues ignored;
    const std::optional<config::YamlNode> root = config::parse_yaml("", text, ignored);
    if (!root || root->items.size() != 1 || root->items.front().items.size() != 1) {
        return {};
    }
    std::string found;
    look(root->items.front().items.front(), "", at, found);
    return found;
}

}  // namespace muster::collector
