// Owns: the changes of statements within one entry: gathered while they are made, then CIs, values, keys, relations and
// the ledger are written once. Leaves to cmdb/: identity and projection; to the callers: who says what; to policy_stage:
// what is watched.
#pragma once

#include "collector/brain/fold.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

class CmdbWork {
  public:
    enum class Effect : std::uint8_t { created, updated, unchanged };

    /// `actor` stands in the ledger; empty: nobody, it followed from what was seen.
    explicit CmdbWork(Fold& fold, std::string_view actor = {});

    /// A source says something of an object of its own, as of `at`.
    Effect submit(cmdb::Statement said, cmdb::Saying saying, WallTime at);
    /// Its source looked and did not see it. When the patience of its class is over it is withdrawn.
    void miss(std::string_view source, std::string_view object, WallTime since);
    /// The source no longer says it, from `at` on; a CI that nobody names is retired.
    void withdraw(std::string_view source, std::string_view object, WallTime at);
    /// A person's word, and taking it back.
    void say(const cmdb::Word& word);
    void unsay(const cmdb::Word& word);
    /// A row of the ledger that no statement explains: what a person decided.
    void note(std::string_view kind, CiId ci, CiId other, std::string_view reason);
    /// Writes everything; call once, last.
    void finish();

  private:
    struct NewRelation {
        cmdb::ObjectName by;
        cmdb::Related related;
    };

    struct Note {
        std::string kind;
        CiId ci;
        CiId other;
        std::string reason;
    };

    void take(cmdb::IdentityChange change);
    void write_relations(const cmdb::Statement& former, const cmdb::Statement& now, WallTime at);
    void follow_moves();
    void project(CiId id);
    void write_keys(CiId id);
    void write_ledger();
    CiIndex slot_of(CiId id, bool& is_new);

    Fold& fold_;
    std::string actor_;
    std::vector<CiId> touched_;
    std::set<CiId> is_touched_;
    std::set<CiId> decided_;
    std::vector<cmdb::IdentityChange::Move> moved_;
    std::vector<Note> notes_;
    std::map<std::pair<CiId, CiId>, std::string> apart_;
    std::map<CiId, CiId> merged_into_;
    std::set<cmdb::ObjectName> said_;
    std::vector<NewRelation> related_;
};

/// Timer `missing`: the patience with a statement is over.
void missing_is_over(Fold& fold, std::uint32_t number, std::uint64_t timer);

}  // namespace muster::collector
