// Owns: classes and kinds of relations as files declare them, with the places of what they name. Leaves to model: whether
// they fit together, and what is inherited.
#pragma once

#include "base/time.hpp"
#include "cmdb/statement.hpp"
#include "config/issues.hpp"

#include <cstdint>
#include <optional>
#include <string>
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

/// new_one: nothing of this name is there yet. extension: adds to the one of this name.
enum class Declares : std::uint8_t { new_one, extension };

struct DeclaredClass {
    CiClass value;  ///< of an extension what is empty stays as it is
    Declares as = Declares::new_one;
    std::string file;
    config::Position name_at;
    config::Position parent_at;
    std::vector<config::Position> attributes_at;
    std::vector<config::Position> keys_at;
};

struct DeclaredRelation {
    RelationType value;  ///< of an extension only the pairs count
    Declares as = Declares::new_one;
    std::string file;
    config::Position name_at;
    std::vector<config::Position> pairs_at;
};

struct Declarations {
    std::vector<DeclaredClass> classes;
    std::vector<DeclaredRelation> relations;
};

}  // namespace muster::cmdb
