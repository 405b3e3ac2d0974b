#include "cmdb/model_builder.hpp"

#include "config/values.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::cmdb {

namespace {

constexpr std::size_t most_classes = 1000;
constexpr std::size_t most_relations = 200;
/// Fields of queries over CIs that are no attributes.
constexpr std::string_view reserved[] = {
    "class", "id", "label", "open_incidents", "probes", "source", "state"
};

std::string place_of(const std::string& file, config::Position at) {
    return file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

/// "text", "integer in bytes"
std::string described(const AttributeSpec& attribute) {
    return attribute.type + (attribute.unit.empty() ? "" : " in " + attribute.unit);
}

/// The elements of `more` take the place of those that are the same by `is_same`, or come behind.
template <class Element, class Same>
void take_over(std::vector<Element>& into, const std::vector<Element>& more, Same is_same) {
    for (const Element& each : more) {
        const auto found =
            std::ranges::find_if(into, [&](const Element& had) { return is_same(had, each); });
        if (found == into.end()) {
            into.push_back(each);
        } else {
            *found = each;
        }
    }
}

}  // namespace

Model ModelBuilder::build(Declarations declared) {
    if (base_ != nullptr) {
        model_ = *base_;
    }
    for (const DeclaredClass& each : declared.classes) {
        if (classes_.size() == most_classes) {
            issues_.add(
                each.file,
                each.name_at,
                "more than " + std::to_string(most_classes) + " classes are declared"
            );
            break;
        }
        const auto [had, is_new] = classes_.emplace(each.value.name, &each);
        if (!is_new) {
            issues_.add(
                each.file,
                each.name_at,
                "class \"" + each.value.name + "\" is declared twice; the other one is at " +
                    place_of(had->second->file, had->second->name_at)
            );
        } else if (each.as == Declares::extension) {
            extend_class(each);
        } else {
            add_class(each);
        }
    }
    for (const auto& [name, each] : classes_) {
        check_parent(*each);
    }
    for (const auto& [name, each] : classes_) {
        cut_circle(*each);
    }
    check_attributes();
    for (const auto& [name, each] : classes_) {
        check_keys(*each);
    }
    for (const DeclaredRelation& each : declared.relations) {
        add_relation(each);
    }
    if (base_ != nullptr) {
        model_.declared_ = std::move(declared);
    }
    return std::move(model_);
}

void ModelBuilder::add_class(const DeclaredClass& each) {
    const std::string& name = each.value.name;
    if (model_.find(name) != nullptr) {
        issues_.add(
            each.file,
            each.name_at,
            "class \"" + name + "\" is one that Muster ships; with \"extend: true\" this adds to it"
        );
        return;
    }
    CiClass& made = model_.classes_.emplace(name, each.value).first->second;
    if (made.parent.empty() && base_ != nullptr) {
        made.parent = root();
    }
}

void ModelBuilder::extend_class(const DeclaredClass& each) {
    const auto found = model_.classes_.find(each.value.name);
    if (found == model_.classes_.end() || base_ == nullptr ||
        base_->find(each.value.name) == nullptr) {
        issues_.add(
            each.file,
            each.name_at,
            "extend: Muster ships no class \"" + each.value.name + "\", expected one that it ships"
        );
        return;
    }
    CiClass& its = found->second;
    const CiClass& more = each.value;
    if (!more.parent.empty() || more.abstract) {
        issues_.add(
            each.file,
            each.name_at,
            "class \"" + more.name +
                "\" is extended: its \"parent\" and \"abstract\" stay as shipped"
        );
    }
    its.label = more.label.en.empty() ? its.label : more.label;
    its.icon = more.icon.empty() ? its.icon : more.icon;
    its.criticality = more.criticality.empty() ? its.criticality : more.criticality;
    its.patience = more.patience ? more.patience : its.patience;
    its.precedence = more.precedence ? more.precedence : its.precedence;
    for (std::size_t at = 0; at < more.attributes.size(); ++at) {
        const AttributeSpec& added = more.attributes[at];
        const auto had = std::ranges::find(its.attributes, added.name, &AttributeSpec::name);
        if (had != its.attributes.end() && (had->type != added.type || had->unit != added.unit)) {
            issues_.add(
                each.file,
                each.attributes_at.at(at),
                "attribute \"" + added.name + "\" of class \"" + more.name + "\" is shipped as " +
                    described(*had) + ", expected the same"
            );
        }
    }
    take_over(its.attributes, more.attributes, [](const AttributeSpec& a, const AttributeSpec& b) {
        return a.name == b.name;
    });
    take_over(its.identification, more.identification, [](const KeyRule& a, const KeyRule& b) {
        return a.space == b.space && a.kind == b.kind;
    });
}

void ModelBuilder::check_parent(const DeclaredClass& each) {
    const auto its = model_.classes_.find(each.value.name);
    if (each.as == Declares::extension || its == model_.classes_.end() ||
        its->second.parent.empty() || model_.find(its->second.parent) != nullptr) {
        return;
    }
    issues_.add(each.file, each.parent_at, "parent: " + no_class(its->second.parent));
    its->second.parent = its->first == root() ? "" : root();
}

void ModelBuilder::cut_circle(const DeclaredClass& each) {
    std::vector<std::string> path{each.value.name};
    std::set<std::string, std::less<>> seen{each.value.name};
    const CiClass* here = model_.find(each.value.name);
    while (here != nullptr && !here->parent.empty()) {
        path.push_back(here->parent);
        if (here->parent == each.value.name) {
            std::string words;
            for (const std::string& step : path) {
                words += (words.empty() ? "" : " → ") + step;
            }
            issues_.add(
                each.file,
                each.parent_at,
                "class \"" + each.value.name + "\" inherits from itself: " + words
            );
            model_.classes_.find(each.value.name)->second.parent.clear();
            return;
        }
        if (!seen.insert(here->parent).second) {
            return;  // it stands below a circle that is told of where it begins
        }
        here = model_.find(here->parent);
    }
}

void ModelBuilder::check_attributes() {
    for (const auto& [name, its] : model_.classes_) {
        std::set<std::string_view> names;
        for (const AttributeSpec& attribute : its.attributes) {
            if (!names.insert(attribute.name).second) {
                wrong_attribute(attribute.name, its, its, "is declared twice");
            }
            check_attribute(its, attribute);
        }
    }
}

void ModelBuilder::check_attribute(const CiClass& its, const AttributeSpec& attribute) {
    if (std::ranges::find(reserved, attribute.name) != std::end(reserved)) {
        wrong_attribute(
            attribute.name, its, its, "has a name that queries use otherwise, expected another"
        );
    }
    for (const CiClass* above = model_.find(its.parent); above != nullptr;
         above = model_.find(above->parent)) {
        const auto had = std::ranges::find(above->attributes, attribute.name, &AttributeSpec::name);
        if (had == above->attributes.end()) {
            continue;
        }
        if (had->type != attribute.type || had->unit != attribute.unit) {
            wrong_attribute(
                attribute.name,
                its,
                *above,
                "is " + described(attribute) + " in class \"" + its.name + "\" and " +
                    described(*had) + " in class \"" + above->name +
                    "\", from which it inherits; expected the same"
            );
        }
        return;
    }
}

void ModelBuilder::wrong_attribute(
    const std::string& attribute, const CiClass& its, const CiClass& above, std::string_view what
) {
    for (const CiClass* each : {&its, &above}) {
        const auto said = classes_.find(each->name);
        if (said == classes_.end()) {
            continue;
        }
        const auto& attributes = said->second->value.attributes;
        for (std::size_t at = attributes.size(); at-- > 0;) {
            if (attributes[at].name == attribute) {
                issues_.add(
                    said->second->file,
                    said->second->attributes_at.at(at),
                    "attribute \"" + attribute + "\" " + std::string(what)
                );
                return;
            }
        }
    }
}

void ModelBuilder::check_keys(const DeclaredClass& each) {
    const std::vector<AttributeSpec> known = model_.attributes(each.value.name);
    std::vector<std::string_view> names{"class"};
    for (const AttributeSpec& attribute : known) {
        names.emplace_back(attribute.name);
    }
    for (std::size_t at = 0; at < each.value.identification.size(); ++at) {
        for (const std::string& word : each.value.identification[at].of) {
            if (std::ranges::find(names, word) != names.end()) {
                continue;
            }
            const std::string_view guess = config::nearest(word, names);
            issues_.add(
                each.file,
                each.keys_at.at(at),
                "of: class \"" + each.value.name + "\" has no attribute \"" + word + "\"" +
                    (guess.empty() ? "" : "; did you mean \"" + std::string(guess) + "\"?")
            );
        }
    }
}

void ModelBuilder::add_relation(const DeclaredRelation& each) {
    const std::string& name = each.value.name;
    const auto [had, is_new] = relations_.emplace(name, &each);
    const bool is_shipped = base_ != nullptr && base_->relation(name) != nullptr;
    std::string problem;
    if (!is_new) {
        problem = "relation \"" + name + "\" is declared twice; the other one is at " +
                  place_of(had->second->file, had->second->name_at);
    } else if (relations_.size() > most_relations) {
        problem =
            "more than " + std::to_string(most_relations) + " kinds of relations are declared";
    } else if (each.as == Declares::extension && !is_shipped) {
        problem =
            "extend: Muster ships no kind of relation \"" + name + "\", expected one that it ships";
    } else if (each.as == Declares::new_one && is_shipped) {
        problem = "relation \"" + name +
                  "\" is one that Muster ships; with \"extend: true\" this adds pairs to it";
    } else if (each.as == Declares::new_one && each.value.reverse_name.empty()) {
        problem = "relation \"" + name + "\" has no \"reverse\", expected {name: …}";
    }
    if (!problem.empty()) {
        issues_.add(each.file, each.name_at, problem);
        return;
    }
    check_pairs(each);
    if (each.as == Declares::extension) {
        auto& pairs = model_.relations_.find(name)->second.pairs;
        pairs.insert(pairs.end(), each.value.pairs.begin(), each.value.pairs.end());
    } else {
        model_.relations_.emplace(name, each.value);
    }
}

void ModelBuilder::check_pairs(const DeclaredRelation& each) {
    for (std::size_t at = 0; at < each.value.pairs.size(); ++at) {
        for (const std::string& end : {each.value.pairs[at].first, each.value.pairs[at].second}) {
            if (model_.find(end) == nullptr) {
                issues_.add(each.file, each.pairs_at.at(at), no_class(end));
            }
        }
    }
}

std::string ModelBuilder::no_class(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& [known, its] : model_.classes_) {
        names.emplace_back(known);
    }
    const std::string_view guess = config::nearest(name, names);
    return "there is no class \"" + std::string(name) + "\"" +
           (guess.empty() ? "" : "; did you mean \"" + std::string(guess) + "\"?");
}

const std::string& ModelBuilder::root() const {
    static const std::string name = "configuration_item";
    return name;
}

}  // namespace muster::cmdb
