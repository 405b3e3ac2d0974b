// Owns: which statements speak of the same thing. Leaves to attributes: what the thing looks like;
// to the owner: storing.
#pragma once

#include "base/uuid.hpp"
#include "cmdb/statement.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

    /// A statement that is another CI's now; `from` is nil for a new one.
    struct Move {
        std::string source;
        std::string object;
        CiId from;
        CiId to;
    };

    std::vector<Verdict> ledger;
    std::vector<CiId> touched;  ///< CIs whose members or statements changed; project them again
    std::vector<CiId> decided;  ///< whose keys were judged anew
    std::vector<Move> moved;
    /// All that the decided ones are kept apart from, with the reason; the lesser id first.
    std::map<std::pair<CiId, CiId>, std::string> apart;
};

std::string_view to_string(IdentityChange::Verdict::Kind kind);

/// A statement by its name.
struct ObjectName {
    std::string source;
    std::string object;
    auto operator<=>(const ObjectName&) const = default;
};

/// What a person said of two statements. Outranks every key.
struct Word {
    ObjectName a;
    ObjectName b;
    bool is_same = true;  ///< else they are two things, whatever keys say
    bool operator==(const Word&) const = default;
};

/// CIs as connected components of statements joined by trusted keys. A contradiction (two values of
/// a `single` key) cuts the weakest link by (rank, namespace, kind, value), never by arrival. A
/// CI's id is computed from its oldest statement by (observed, source, object), so that any order
/// of the same statements gives the same CIs. A key of space "parent" counts below the CI of the statement's `below`: it
/// is followed when that changes. A value type without clock or store; not thread-safe.
class Identification {
  public:
    Identification();
    Identification(Identification&&) noexcept;
    Identification& operator=(Identification&&) noexcept;
    ~Identification();

    /// The new current statement of its (source, object). `observed` of the first one stays. What it changes is decided by
    /// `settle`; until then `ci_of` and `members` answer as before, nil for a new one.
    void hear(Statement statement);
    /// The source no longer says it. The statement stays as a tombstone: its keys still identify.
    void drop(std::string_view source, std::string_view object);
    /// Decides once for all that was heard and dropped since the last time. Recomputes only what the keys of these, old and
    /// new, touch: about O(statements of these components), however many of them there are.
    IdentityChange settle();
    /// hear and settle.
    IdentityChange submit(Statement statement);
    /// drop and settle.
    IdentityChange remove(std::string_view source, std::string_view object);
    /// A person calls two statements the same, or two. The newest word on two statements counts alone.
    IdentityChange say(Word word);
    /// Takes a word back.
    IdentityChange unsay(const Word& word);
    /// In the order in which they were said.
    const std::vector<Word>& words() const;

    /// Nil where there is no such statement.
    CiId ci_of(std::string_view source, std::string_view object) const;
    /// The current statement, also when it was removed; null where there is none.
    const Statement* find(std::string_view source, std::string_view object) const;
    bool is_removed(std::string_view source, std::string_view object) const;
    /// The statements of a CI that still stand, oldest first; with none left the CI is retired and
    /// they are the removed ones.
    std::vector<const Statement*> members(CiId ci) const;
    /// Also the removed ones, oldest first.
    std::vector<const Statement*> all_members(CiId ci) const;
    bool is_retired(CiId ci) const;
    /// What a source names now, in order of first submission.
    std::vector<std::string> objects(std::string_view source) const;
    /// CIs that hold a trusted key of that value, removed ones too; by id.
    std::vector<CiId> holders(const Key& key) const;
    /// Why a trusted key of a statement decides nothing; nothing where it may decide.
    std::optional<std::string> why_shared(const Statement& statement, const Key& key) const;
    std::size_t size() const;
    /// How often a statement was looked at to decide, since the beginning: a measure of work.
    std::uint64_t looks() const;

    /// A number for a statement that stays its own for ever, and back. `number_of` of what is not there is `size()`.
    std::uint32_t number_of(std::string_view source, std::string_view object) const;
    const Statement& numbered(std::uint32_t number) const;

    /// A statement with what was decided of it: for saving and loading without deciding again.
    struct Saved {
        Statement statement;
        CiId ci;
        bool present = true;
    };

    /// In order of first submission.
    std::vector<Saved> save() const;
    static Identification load(std::vector<Saved> saved, std::vector<Word> words = {});
    /// A copy of everything that `seeds` may change: for trying out what would happen.
    Identification excerpt(std::span<const Statement> seeds, std::span<const CiId> cis) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::cmdb
