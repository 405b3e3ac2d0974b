#include "collector/relation_name.hpp"

#include <utility>

namespace muster::collector {

std::string to_text(const RelationName& name) {
    return name.type + ":" + name.from.text() + ":" + name.to.text();
}

std::optional<RelationName> parse_relation_name(std::string_view text) {
    const std::size_t second = text.rfind(':');
    const std::size_t first =
        second == std::string_view::npos || second == 0 ? second : text.rfind(':', second - 1);
    if (first == std::string_view::npos || first == 0 || first == second) {
        return std::nullopt;
    }
    const Result<Uuid> from = Uuid::parse(text.substr(first + 1, second - first - 1));
    const Result<Uuid> to = Uuid::parse(text.substr(second + 1));
    if (!from || !to) {
        return std::nullopt;
    }
    return RelationName{std::string(text.substr(0, first)), *from, *to};
}

}  // namespace muster::collector
