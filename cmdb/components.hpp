// Owns: cutting a set of statements into groups by their trusted keys. Leaves to identification:
// remembering.
#pragma once

#include "cmdb/statement.hpp"

#include <span>
#include <string>
#include <vector>

namespace muster::cmdb {

/// "namespace/kind/value", as an index and in reasons.
std::string key_text(const Key& key);
/// By (observed, source, object).
bool older(const Statement& a, const Statement& b);

struct Partition {
    /// Two groups that a key would connect if nothing stronger spoke against it.
    struct Cut {
        std::size_t group;
        std::size_t other;
        std::string reason;
    };

    std::vector<std::vector<std::size_t>>
        groups;  ///< positions in the input, oldest statement first; groups by their oldest
    std::vector<Cut> cuts;
};

/// Joins along trusted keys from the strongest to the weakest by (rank, namespace, kind, value),
/// leaving out every join that would give one group two values of a `single` key. The same for
/// every order of the input.
Partition partition_by_keys(std::span<const Statement* const> statements);

}  // namespace muster::cmdb
