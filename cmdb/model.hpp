// Owns: the class tree and the kinds of relations: names, inheritance, labels, attributes, what identifies, which way
// failure travels. Leaves to classes/*.yaml and relations/*.yaml: which there are; to model_reader: reading them.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "cmdb/statement.hpp"
#include "config/watch.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::cmdb {

/// A name for people, in both languages.
struct Label {
    std::string en;
    std::string zh;
    bool operator==(const Label&) const = default;
};

struct AttributeSpec {
    std::string name;
    std::string type;                 ///< "text", "integer", "number", "boolean", "date"
    std::string unit;                 ///< "bytes", "bit/s"; empty: none
    std::vector<std::string> values;  ///< the values there are; empty: any
    Label label;
};

/// One key that may identify a CI of a class.
struct KeyRule {
    std::string
        space;  ///< "parent": counts below the CI's parent; "space": within an address space; else as it is
    std::string kind;
    std::uint32_t rank = 1;
    KeyValues values = KeyValues::single;
    /// Attributes whose values, joined by '/', are the key; "class" stands for the kind itself. Empty: a source must say it.
    std::vector<std::string> of;
};

/// One class. Lists hold its own rows; Model adds the inherited ones.
struct CiClass {
    std::string name;
    std::string parent;  ///< empty for the root
    Label label;
    bool abstract = false;                    ///< no CI is of this class itself
    std::string icon;                         ///< empty: the parent's
    std::string criticality;                  ///< "high", "medium", "low"; empty: the parent's
    std::optional<Duration> patience;         ///< nothing: the parent's
    std::optional<std::uint32_t> precedence;  ///< nothing: the parent's
    std::vector<AttributeSpec> attributes;
    std::vector<KeyRule> identification;
};

/// One kind of relation, read "from … to".
struct RelationType {
    /// Which way failure goes: from_to: what the first loses, the second loses.
    enum class Travels : std::uint8_t { none, from_to, to_from };
    /// members: those on the failing side may stand in for each other, at least k of n.
    enum class Redundancy : std::uint8_t { none, members };
    /// Which end identifies the other, where the other is of a dependent class.
    enum class Parent : std::uint8_t { none, from, to };

    std::string name;          ///< "runs_on"
    std::string reverse_name;  ///< "runs"
    Label label;
    Label reverse;
    std::vector<std::pair<std::string, std::string>>
        pairs;  ///< classes (from, to) it may join, with all below them
    Travels travels = Travels::none;
    Redundancy redundancy = Redundancy::none;
    Parent parent = Parent::none;
};

std::string_view to_string(RelationType::Travels travels);
std::string_view to_string(RelationType::Redundancy redundancy);

/// All classes and relations. Immutable after parsing; safe to read from any thread.
class Model {
  public:
    /// Files with `name:` hold a class, those with `relation:` a kind of relation; a list holds several. `invalid` with
    /// `file:line:column: what`: unknown key, missing name, unknown parent, circle, same name twice.
    static Result<Model> parse(std::span<const config::ConfigText> files);

    /// Null where there is no such class.
    const CiClass* find(std::string_view name) const;
    /// True for the class itself and everything below it. Unknown classes are only themselves.
    bool is_a(std::string_view name, std::string_view wanted) const;
    /// Inherited attributes first.
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
    template <class Member>
    const CiClass* nearest(std::string_view name, Member member) const;

    std::map<std::string, CiClass, std::less<>> classes_;
    std::map<std::string, RelationType, std::less<>> relations_;
};

/// The classes and kinds of relations compiled in.
std::vector<config::ConfigText> shipped_classes();

}  // namespace muster::cmdb
