#include "collector/brain/relation_index.hpp"

#include <algorithm>
#include <functional>

namespace muster::collector {

namespace {

std::uint64_t hash_of(std::string_view source, std::string_view object) {
    const std::hash<std::string_view> text;
    return text(source) * 0x9E3779B97F4A7C15ULL + text(object);
}

}  // namespace

RelationIndex RelationIndex::of(const cmdb::Identification& identity) {
    RelationIndex out;
    for (std::uint32_t number = 0; number < identity.size(); ++number) {
        const cmdb::Statement& statement = identity.numbered(number);
        if (!identity.is_removed(statement.source, statement.object)) {
            out.add(statement, number);
        }
    }
    return out;
}

void RelationIndex::add(const cmdb::Statement& statement, std::uint32_t number) {
    for (const cmdb::Related& each : statement.relations) {
        std::vector<std::uint32_t>& naming = by_object_[hash_of(statement.source, each.to)];
        const auto place = std::ranges::lower_bound(naming, number);
        if (place == naming.end() || *place != number) {
            naming.insert(place, number);
        }
    }
}

void RelationIndex::remove(const cmdb::Statement& statement, std::uint32_t number) {
    for (const cmdb::Related& each : statement.relations) {
        const auto found = by_object_.find(hash_of(statement.source, each.to));
        if (found == by_object_.end()) {
            continue;
        }
        std::erase(found->second, number);
        if (found->second.empty()) {
            by_object_.erase(found);
        }
    }
}

std::span<const std::uint32_t> RelationIndex::naming(
    std::string_view source, std::string_view object
) const {
    const auto found = by_object_.find(hash_of(source, object));
    return found == by_object_.end() ? std::span<const std::uint32_t>() : found->second;
}

}  // namespace muster::collector
