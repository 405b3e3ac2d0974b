#include "cmdb/model.hpp"

#include "cmdb/model_builder.hpp"
#include "cmdb/model_reader.hpp"

#include <algorithm>
#include <utility>

namespace muster::cmdb {

namespace {

constexpr Duration default_patience = std::chrono::hours(24 * 7);
constexpr std::uint32_t default_precedence = 50;

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
    Declarations declared;
    for (const config::ConfigText& file : files) {
        read_declarations(file, FileKind::classes_only, issues, declared);
    }
    Model model = ModelBuilder(nullptr, issues).build(std::move(declared));
    if (!issues.empty()) {
        return failure(issues.error());
    }
    return model;
}

Model Model::with(Declarations declared, config::Issues& issues) const {
    return ModelBuilder(this, issues).build(std::move(declared));
}

const CiClass* Model::find(std::string_view name) const {
    const auto found = classes_.find(name);
    return found == classes_.end() ? nullptr : &found->second;
}

bool Model::is_a(std::string_view name, std::string_view wanted) const {
    while (name != wanted) {
        const CiClass* here = find(name);
        if (here == nullptr || here->parent.empty()) {
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
        ++steps;
    }
    return steps;
}

std::vector<AttributeSpec> Model::attributes(std::string_view name) const {
    const CiClass* here = find(name);
    if (here == nullptr) {
        return {};
    }
    std::vector<AttributeSpec> all = attributes(here->parent);
    for (const AttributeSpec& own : here->attributes) {
        const auto inherited = std::ranges::find(all, own.name, &AttributeSpec::name);
        if (inherited == all.end()) {
            all.push_back(own);
        } else {
            *inherited = own;
        }
    }
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
    for (const CiClass* here = find(name); here != nullptr; here = find(here->parent)) {
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
