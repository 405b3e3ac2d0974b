// Owns: the one query language: `class = network_device and (site = HQ or label.role != spare) and name ~ "core*"`.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// What queries over one kind of object may name.
struct Vocabulary {
    std::vector<std::string> fields;    ///< "class", "name", …
    std::vector<std::string> prefixes;  ///< "label.": whatever follows is a field
    std::vector<std::string> classes;   ///< values `class` may have; empty: any
};

/// A parsed query. Immutable, cheap to copy. An empty query matches nothing.
class Query {
  public:
    /// The error names the column. Operators: = != ~ (shell wildcard) in (a, b) and, on numbers, < <= > >=; and, or, not,
    /// parentheses; fields are dotted names; values are bare words or "quoted". docs/query.md is the reference.
    static Result<Query> parse(std::string_view text);

    /// Gives a field's value, nothing where the object has no such field.
    using Fields = std::function<std::optional<std::string>(std::string_view field)>;
    /// `is_a(class, wanted)`: class inheritance, for `class = hardware`. By default equality.
    using IsA = std::function<bool(std::string_view ci_class, std::string_view wanted)>;
    bool matches(const Fields& fields, const IsA& is_a = {}) const;

    /// Whether it names only fields and classes there are; the error names the column and the nearest word.
    Status check(const Vocabulary& words) const;
    /// Whether some object matches of which `known` gives the fields that are certain; nothing: it may be anything.
    bool possible(const Fields& known) const;
    /// The fields it asks for, each once, in the order of the text.
    std::vector<std::string> fields() const;

    const std::string& text() const { return text_; }

    struct Node;

  private:
    std::string text_;
    std::shared_ptr<const Node>
        root_;  // shared by copies of the query; never changed after parsing
};

}  // namespace muster::config
