#include "cmdb/model.hpp"

#include "cmdb/model_reader.hpp"

#include <algorithm>
#include <utility>

namespace muster::cmdb {

namespace {

constexpr Duration default_patience = std::chrono::hours(24 * 7);
constexpr std::uint32_t default_precedence = 50;

/// Where a name was defined, for messages.
struct Place {
    std::string file;
    config::Position name;
    config::Position parent;
};

using Places = std::map<std::string, Place, std::less<>>;

bool remember(
    Places& places,
    const std::string& what,
    const std::string& name,
    Place place,
    config::Issues& issues
) {
    const auto [at, is_new] = places.emplace(name, place);
    if (!is_new) {
        issues.add(
            place.file,
            place.name,
            what + " \"" + name + "\" is defined twice; the other one is in " + at->second.file
        );
    }
    return is_new;
}

}  // namespace

std::string_view to_string(RelationType::Travels travels) {
    switch (travels) {
        case RelationType::Travels::none:
            return "none";
        case RelationType::Travels::from_to:
            return "from_to";
        case RelationType::Travels::to_from:
            return "to_from";
    }
    return "none";
}

std::string_view to_string(RelationType::Redundancy redundancy) {
    return redundancy == RelationType::Redundancy::members ? "members" : "none";
}

Result<Model> Model::parse(std::span<const config::ConfigText> files) {
    config::Issues issues;
    Model model;
    Places class_places;
    Places relation_places;
    std::vector<std::pair<std::string, ReadRelation>> relations;
    for (const config::ConfigText& file : files) {
        ReadFile read = read_model_file(file, issues);
        for (ReadClass& each : read.classes) {
            const std::string name = each.value.name;
            if (remember(
                    class_places, "class", name, {file.name, each.name_at, each.parent_at}, issues
                )) {
                model.classes_.emplace(name, std::move(each.value));
            }
        }
        for (ReadRelation& each : read.relations) {
            if (remember(
                    relation_places,
                    "relation",
                    each.value.name,
                    {file.name, each.name_at, each.name_at},
                    issues
                )) {
                relations.emplace_back(file.name, std::move(each));
            }
        }
    }
    for (const auto& [name, each] : model.classes_) {
        const Place& place = class_places[name];
        if (!each.parent.empty() && model.find(each.parent) == nullptr) {
            issues.add(
                place.file, place.parent, "parent class \"" + each.parent + "\" does not exist"
            );
        }
        if (model.depth(name) > model.classes_.size()) {
            issues.add(place.file, place.parent, "class \"" + name + "\" inherits from itself");
        }
    }
    for (auto& [file, each] : relations) {
        for (std::size_t at = 0; at < each.value.pairs.size(); ++at) {
            for (const std::string& end :
                 {each.value.pairs[at].first, each.value.pairs[at].second}) {
                if (model.find(end) == nullptr) {
                    issues.add(file, each.pairs_at[at], "class \"" + end + "\" does not exist");
                }
            }
        }
        model.relations_.emplace(each.value.name, std::move(each.value));
    }
    if (!issues.empty()) {
        return tl::unexpected(issues.error());
    }
    return model;
}

const CiClass* Model::find(std::string_view name) const {
    const auto found = classes_.find(name);
    return found == classes_.end() ? nullptr : &found->second;
}

bool Model::is_a(std::string_view name, std::string_view wanted) const {
    std::size_t steps = 0;
    while (name != wanted) {
        const CiClass* here = find(name);
        if (here == nullptr || here->parent.empty() || ++steps > classes_.size()) {
            return false;
        }
        name = here->parent;
    }
    return true;
}

std::size_t Model::depth(std::string_view name) const {
    std::size_t steps = 0;
    for (const CiClass* here = find(name); here != nullptr && !here->parent.empty();
         here = find(here->parent)) {
        if (++steps > classes_.size()) {
            break;
        }
    }
    return steps;
}

std::vector<AttributeSpec> Model::attributes(std::string_view name) const {
    const CiClass* here = find(name);
    if (here == nullptr) {
        return {};
    }
    std::vector<AttributeSpec> all = attributes(here->parent);
    all.insert(all.end(), here->attributes.begin(), here->attributes.end());
    return all;
}

std::vector<KeyRule> Model::identification(std::string_view name) const {
    const CiClass* here = find(name);
    if (here == nullptr) {
        return {};
    }
    std::vector<KeyRule> all;
    std::vector<KeyRule> unordered = here->identification;
    const std::vector<KeyRule> inherited = identification(here->parent);
    unordered.insert(unordered.end(), inherited.begin(), inherited.end());
    for (KeyRule& rule :
         unordered) {  // std::stable_sort of libstdc++ 12 uses what clang calls deprecated
        const auto after = std::ranges::upper_bound(all, rule.rank, {}, &KeyRule::rank);
        all.insert(after, std::move(rule));
    }
    return all;
}

std::vector<std::string> Model::names() const {
    std::vector<std::string> all;
    all.reserve(classes_.size());
    for (const auto& [name, each] : classes_) {
        all.push_back(name);
    }
    return all;
}

/// The class itself or the nearest above it for which `member` holds.
template <class Member>
const CiClass* Model::nearest(std::string_view name, Member member) const {
    std::size_t steps = 0;
    for (const CiClass* here = find(name); here != nullptr && steps++ <= classes_.size();
         here = find(here->parent)) {
        if (member(*here)) {
            return here;
        }
    }
    return nullptr;
}

std::string_view Model::criticality(std::string_view name) const {
    const CiClass* found = nearest(name, [](const CiClass& c) { return !c.criticality.empty(); });
    return found == nullptr ? std::string_view("medium") : std::string_view(found->criticality);
}

Duration Model::patience(std::string_view name) const {
    const CiClass* found = nearest(name, [](const CiClass& c) { return c.patience.has_value(); });
    return found == nullptr ? default_patience : *found->patience;
}

std::uint32_t Model::precedence(std::string_view name) const {
    const CiClass* found = nearest(name, [](const CiClass& c) { return c.precedence.has_value(); });
    return found == nullptr ? default_precedence : *found->precedence;
}

std::string_view Model::icon(std::string_view name) const {
    const CiClass* found = nearest(name, [](const CiClass& c) { return !c.icon.empty(); });
    return found == nullptr ? std::string_view() : std::string_view(found->icon);
}

bool Model::is_dependent(std::string_view name) const {
    return nearest(name, [](const CiClass& c) {
               return std::ranges::find(c.identification, "parent", &KeyRule::space) !=
                      c.identification.end();
           }) != nullptr;
}

const RelationType* Model::relation(std::string_view name) const {
    const auto found = relations_.find(name);
    return found == relations_.end() ? nullptr : &found->second;
}

bool Model::may_relate(std::string_view type, std::string_view from, std::string_view to) const {
    const RelationType* found = relation(type);
    return found != nullptr && std::ranges::any_of(found->pairs, [&](const auto& pair) {
               return is_a(from, pair.first) && is_a(to, pair.second);
           });
}

std::vector<std::string> Model::relation_names() const {
    std::vector<std::string> all;
    all.reserve(relations_.size());
    for (const auto& [name, each] : relations_) {
        all.push_back(name);
    }
    return all;
}

}  // namespace muster::cmdb
