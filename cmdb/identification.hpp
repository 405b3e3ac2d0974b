// Owns: which statements speak of the same thing. Leaves to attributes: what the thing looks like;
// to the owner: storing.
#pragma once

#include "base/uuid.hpp"
#include "cmdb/statement.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmdb {

/// What one submission changed. Ids are in the order in which they were found changed, each once.
struct IdentityChange {
    /// One row of the ledger.
    struct Verdict {
        enum class Kind { created, joined, split, kept_apart, retired, returned };
        Kind kind;
        CiId ci;
        CiId
            other;  ///< joined: what it was before; split: what it came from; kept_apart: the other half
        std::string reason;  ///< which keys, in words
    };

    std::vector<Verdict> ledger;
    std::vector<CiId> touched;  ///< CIs whose members or statements changed; project them again
};

std::string_view to_string(IdentityChange::Verdict::Kind kind);

/// CIs as connected components of statements joined by trusted keys. A contradiction (two values of
/// a `single` key) cuts the weakest link by (rank, namespace, kind, value), never by arrival. A
/// CI's id is computed from its oldest statement by (observed, source, object), so that any order
/// of the same statements gives the same CIs. A value type without clock or store; not thread-safe.
class Identification {
  public:
    Identification();
    Identification(Identification&&) noexcept;
    Identification& operator=(Identification&&) noexcept;
    ~Identification();

    /// The new current statement of its (source, object). `observed` of the first one stays.
    /// Recomputes only what its keys, old and new, touch: O(statements of these components).
    IdentityChange submit(Statement statement);
    /// The source no longer says it. The statement stays as a tombstone: its keys still identify.
    IdentityChange remove(std::string_view source, std::string_view object);

    /// Nil where there is no such statement.
    CiId ci_of(std::string_view source, std::string_view object) const;
    /// The current statement, also when it was removed; null where there is none.
    const Statement* find(std::string_view source, std::string_view object) const;
    /// The statements of a CI that still stand, oldest first; with none left the CI is retired and
    /// they are the removed ones.
    std::vector<const Statement*> members(CiId ci) const;
    bool is_retired(CiId ci) const;
    /// What a source names now, in order of first submission.
    std::vector<std::string> objects(std::string_view source) const;
    std::size_t size() const;

    /// A statement with what was decided of it: for saving and loading without deciding again.
    struct Saved {
        Statement statement;
        CiId ci;
        bool present = true;
    };

    /// In order of first submission.
    std::vector<Saved> save() const;
    static Identification load(std::vector<Saved> saved);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::cmdb
