// Owns: what a person or a tool asks to be said of configuration items: trying it out on a copy, and doing it. Leaves to
// ci_commands and observation_commands: what is asked.
#pragma once

#include "collector/brain/caller_sites.hpp"
#include "collector/brain/fold.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

struct CiPlan {
    /// A row of the ledger about what the person decided.
    struct Note {
        std::string kind;  ///< "merge"
        CiId ci;
        CiId other;
        std::string reason;
    };

    std::vector<cmdb::Statement> statements;  ///< those that others are part of first
    cmdb::Saying saying = cmdb::Saying::replaces;
    std::vector<cmdb::Word> words;
    std::vector<cmdb::Word> taken_back;
    std::vector<cmdb::ObjectName> missed;  ///< objects that their source looked for in vain
    std::vector<cmdb::ObjectName> withdrawn;
    std::vector<CiId> cis;  ///< what it is about, where no statement says so
    std::vector<Note> notes;
    WallTime at{};
};

struct Preview {
    boost::json::object body;  ///< as preview_of says
    /// It would change, or speak of, something that is in none of the caller's sites, before or after. Nothing of `body` is
    /// for the caller then.
    bool is_foreign = false;
};

/// {"items": [{"object", "class", "ci", "name", "effect", "reason"}], "changes": [{"kind", "ci", "name", "other", "reason"}],
/// "attributes": [{"ci", "name", "attribute", "from", "to"}]}: what it would do. Effects: created, updated, unchanged,
/// queued (it is kept apart from another that may be the same).
Preview preview_of(const Fold& fold, const CiPlan& plan, const CallerSites& sites);

/// The verdict on a plan that is foreign; names nothing.
Verdict foreign_sites();

/// Does it. `actor` stands in the ledger.
void perform(Fold& fold, const CiPlan& plan, std::string_view actor);

}  // namespace muster::collector
