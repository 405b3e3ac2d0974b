// Owns: the class tree: names, inheritance, labels, attributes, what identifies. Leaves to
// classes/*.yaml: the classes themselves.
#pragma once

#include "base/result.hpp"
#include "cmdb/statement.hpp"
#include "config/watch.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

/// A name for people, in both languages.
struct Label {
    std::string en;
    std::string zh;
};

struct AttributeSpec {
    std::string name;
    std::string type;  ///< "text", "integer", "number", "boolean"
    Label label;
};

/// One key that may identify a CI of a class.
struct KeyRule {
    std::string space;
    std::string kind;
    std::uint32_t rank = 1;
    KeyValues values = KeyValues::single;
};

/// One class. Lists hold its own rows; Model adds the inherited ones.
struct CiClass {
    std::string name;
    std::string parent;  ///< empty for the root
    Label label;
    bool abstract = false;  ///< no CI is of this class itself
    std::vector<AttributeSpec> attributes;
    std::vector<KeyRule> identification;
};

/// All classes. Immutable after parsing; safe to read from any thread.
class Model {
  public:
    /// One class a file. `invalid` with `file:line:column: what`: unknown key, missing name,
    /// unknown parent, circle, same name twice.
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

  private:
    std::map<std::string, CiClass, std::less<>> classes_;
};

/// The classes compiled in.
std::vector<config::ConfigText> shipped_classes();

}  // namespace muster::cmdb
