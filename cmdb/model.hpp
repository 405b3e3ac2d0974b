// Owns: the class tree and the kinds of relations: names, inheritance, labels, attributes, what identifies, which way
// failure travels. Leaves to classes/*.yaml, relations/*.yaml and the configuration: which there are; to model_reader:
// reading them; to model_builder: whether they fit together.
#pragma once

#include "base/result.hpp"
#include "cmdb/declaration.hpp"
#include "config/watch.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

std::string_view to_string(RelationType::Travels travels);
std::string_view to_string(RelationType::Redundancy redundancy);

/// All classes and relations. Immutable after parsing; safe to read from any thread.
class Model {
  public:
    /// What the keys `classes:` and `relation_types:` of these files declare, and nothing else. `invalid` with
    /// `file:line:column: what`: unknown key, missing name, unknown parent, circle, same name twice.
    static Result<Model> parse(std::span<const config::ConfigText> files);

    /// This one and what is declared beside it. What is wrong lands in `issues`, and the rest still makes a model: the
    /// names in it are known.
    Model with(Declarations declared, config::Issues& issues) const;

    /// What `with` was given; nothing for the shipped one.
    const Declarations& declared() const { return declared_; }

    /// Null where there is no such class.
    const CiClass* find(std::string_view name) const;
    /// True for the class itself and everything below it. Unknown classes are only themselves.
    bool is_a(std::string_view name, std::string_view wanted) const;
    /// Inherited attributes first; one that is declared again below stands in place of the inherited one.
    std::vector<AttributeSpec> attributes(std::string_view name) const;
    /// By rank, then own before inherited.
    std::vector<KeyRule> identification(std::string_view name) const;
    /// Distance to the root; 0 for the root and for unknown classes.
    std::size_t depth(std::string_view name) const;
    /// By name.
    std::vector<std::string> names() const;
    /// "high", "medium" or "low", inherited; "medium" for unknown classes.
    std::string_view criticality(std::string_view name) const;
    /// How long a CI may be unseen by its source before it is retired, inherited; 7 days for unknown classes.
    Duration patience(std::string_view name) const;
    /// How far a class is from a whole of its own, inherited; 50 for unknown classes. From 60 on it is part of something, and a name
    /// that it shares with a whole means the whole.
    std::uint32_t precedence(std::string_view name) const;
    /// Name of a drawing, inherited.
    std::string_view icon(std::string_view name) const;
    /// Whether a key of it counts below another CI: an interface, an operating system.
    bool is_dependent(std::string_view name) const;

    /// Null where there is no such kind of relation. By its name in reading direction alone.
    const RelationType* relation(std::string_view name) const;
    /// Whether its class pairs allow it between these two.
    bool may_relate(std::string_view type, std::string_view from, std::string_view to) const;
    /// By name.
    std::vector<std::string> relation_names() const;

  private:
    friend class ModelBuilder;

    template <class Member>
    const CiClass* nearest(std::string_view name, Member member) const;

    std::map<std::string, CiClass, std::less<>> classes_;
    std::map<std::string, RelationType, std::less<>> relations_;
    Declarations declared_;
};

/// The classes and kinds of relations compiled in.
std::vector<config::ConfigText> shipped_classes();

}  // namespace muster::cmdb
