#include "agent/inventory_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace muster::agent {

namespace {

void add_line(std::string& out, const std::string& name, const std::string& value) {
    constexpr std::size_t width = 18;
    out += "    " + name + std::string(name.size() < width ? width - name.size() : 1, ' ') + value +
           "\n";
}

}  // namespace

std::string inventory_table(const wire::Observations& seen) {
    std::string out;
    for (const wire::ObservedItem& item : seen.items) {
        out += item.object + "  (" + item.ci_class + ")\n";
        for (const wire::ObservedKey& key : item.keys) {
            add_line(out, "key " + key.space + "/" + key.kind, key.value);
        }
        for (const auto& [name, value] : item.attributes) {
            add_line(out, name, value);
        }
        const auto self = static_cast<std::uint32_t>(&item - seen.items.data());
        for (const wire::ObservedRelation& relation : seen.relations) {
            if (relation.from == self) {
                add_line(out, relation.type, seen.items[relation.to].object);
            }
        }
    }
    for (const std::string& fact : seen.lacking) {
        out += "lacking: " + fact + "\n";
    }
    return out;
}

std::string inventory_json(const wire::Observations& seen) {
    boost::json::array items;
    for (const wire::ObservedItem& item : seen.items) {
        boost::json::array keys;
        for (const wire::ObservedKey& key : item.keys) {
            keys.push_back({{"space", key.space}, {"kind", key.kind}, {"value", key.value}});
        }
        boost::json::object attributes;
        for (const auto& [name, value] : item.attributes) {
            attributes[name] = value;
        }
        items.push_back(
            {{"object", item.object},
             {"class", item.ci_class},
             {"keys", std::move(keys)},
             {"attributes", std::move(attributes)}}
        );
    }
    boost::json::array relations;
    for (const wire::ObservedRelation& relation : seen.relations) {
        relations.push_back(
            {{"from", seen.items[relation.from].object},
             {"type", relation.type},
             {"to", seen.items[relation.to].object}}
        );
    }
    boost::json::array lacking(seen.lacking.begin(), seen.lacking.end());
    const boost::json::object all{
        {"full", seen.full},
        {"items", std::move(items)},
        {"relations", std::move(relations)},
        {"lacking", std::move(lacking)}
    };
    return boost::json::serialize(all) + "\n";
}

}  // namespace muster::agent
