// Owns: relations read backwards: which statements name an object as the other end. Leaves to cmdb/: the statements; to
// incidents/dependants: what follows.
#pragma once

#include "cmdb/identification.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Follows from the statements alone: it is not saved, but made again. By hashes: whoever asks looks at the statement.
class RelationIndex {
  public:
    /// Everything that stands.
    static RelationIndex of(const cmdb::Identification& identity);

    /// `number`: of the statement, by Identification::number_of.
    void add(const cmdb::Statement& statement, std::uint32_t number);
    void remove(const cmdb::Statement& statement, std::uint32_t number);

    /// Numbers of statements that may name it, rising; valid until the next change.
    std::span<const std::uint32_t> naming(std::string_view source, std::string_view object) const;

  private:
    boost::unordered_flat_map<std::uint64_t, std::vector<std::uint32_t>> by_object_;
};

}  // namespace muster::collector
