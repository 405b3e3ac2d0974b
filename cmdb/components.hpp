// Owns: cutting a set of statements into groups by their trusted keys and by people's words. Leaves to identification:
// remembering.
#pragma once

#include "base/uuid.hpp"
#include "cmdb/statement.hpp"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace muster::cmdb {

/// As many statements may share a key and be one thing. What more have tells nothing apart, and would cost the square of
/// them at every change.
inline constexpr std::size_t most_holders = 64;

/// A statement and what is known around it.
struct Member {
    const Statement* statement = nullptr;
    CiId below;           ///< the CI that it is a part of; nil: none, or not known yet
    bool is_live = true;  ///< its source sees it now
};

/// A person's word on two statements, by position.
struct Link {
    std::size_t a;
    std::size_t b;
    bool is_same;  ///< else they never become one
};

/// "namespace/kind/value", as people read it.
std::string key_words(const Key& key);
/// The same where it counts: keys below a CI name it. Empty for a key that counts below something unknown.
std::string key_text(const Key& key, CiId below);
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

/// Joins what people call the same, then along trusted keys from the strongest to the weakest by (rank, namespace, kind,
/// value), leaving out every join that would give one group two values of a `single` key, and every key that is shared or
/// among `crowded` (by key_text: more than `most_holders` have it, not all of them members).
/// The same for every order of the input.
Partition partition_by_keys(
    std::span<const Member> members,
    std::span<const Link> links = {},
    const std::set<std::string>& crowded = {}
);

/// Why a key tells nothing apart: two live holders contradict each other in a stronger one. In words; nothing where it may
/// decide. `holders` have the key.
std::optional<std::string> why_shared(std::span<const Member> holders, const Key& key);

}  // namespace muster::cmdb
