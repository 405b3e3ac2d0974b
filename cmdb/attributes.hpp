// Owns: which of several statements gives a CI its class and each attribute. Leaves to
// identification: which belong together.
#pragma once

#include "cmdb/model.hpp"
#include "cmdb/statement.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

struct AttributeValue {
    std::string value;
    std::string source;
    WallTime observed;
    bool operator==(const AttributeValue&) const = default;
};

/// A value that held for a time, by the word of the source that was to be believed then.
struct AttributeInterval {
    std::string name;
    std::string value;
    std::string source;
    WallTime from;
    WallTime to;  ///< 0: it holds still
    bool operator==(const AttributeInterval&) const = default;
};

/// What a CI looks like: the projection of its statements.
struct Projection {
    std::string ci_class;
    std::map<std::string, AttributeValue> attributes;
    bool operator==(const Projection&) const = default;
};

/// Rank of a source, 0 the strongest: a person, then configuration, then enrolment, then everything
/// found.
std::uint32_t source_rank(std::string_view source);

/// Every value that its statements remember, by (name, from). At each moment the strongest source is believed that says
/// anything then; of two equally strong the one that spoke last, then by source and object: the same for every order of
/// arrival.
std::vector<AttributeInterval> timeline(std::span<const Statement* const> statements);

/// The values at the end of the timeline. The class is the deepest of the strongest source's.
Projection project(const Model& model, std::span<const Statement* const> statements);

}  // namespace muster::cmdb
