// What a restored access.db must not have forgotten. The rest of the store is in access_store.cpp.
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/enrolment/withdrawals.hpp"

#include <array>
#include <sstream>
#include <utility>

namespace muster::collector {

namespace {

struct Redone {
    std::string_view what;
    std::string_view sql;  ///< ?1: which
};

/// Users may be there again under the same name: they are disabled, and an administrator looks.
constexpr auto redone = std::to_array<Redone>({
    {"join_token.used", "UPDATE join_token SET uses = min(uses + 1, max_uses) WHERE id = ?1"},
    {"user.deleted", "UPDATE user SET disabled = 1, version = version + 1 WHERE name = ?1"},
});

/// Who signed it is not known from a note of an older version.
constexpr std::string_view replace_serial =
    "UPDATE agent SET serial = ?2, issuer = CASE ?3 WHEN '' THEN issuer ELSE ?3 END, "
    "next_serial = '', next_not_after = 0, next_issuer = '' WHERE id = ?1";
constexpr std::string_view end_sessions = "DELETE FROM session";

Status redo(Database& database, const LastingFact& fact) {
    const auto withdrawn = withdraw(database, fact);
    if (!withdrawn || *withdrawn) {
        return withdrawn ? Status{} : failure(withdrawn.error());
    }
    const Redone* known = nullptr;
    for (const Redone& one : redone) {
        known = one.what == fact.what ? &one : known;
    }
    if (known != nullptr) {
        auto update = database.prepare(known->sql);
        if (update) {
            update->bind_text(0, fact.which);
        }
        return run_to_end(update);
    }
    std::array<std::string, 3>
        words;  // the agent; its certificate's serial; the pin of who signed it
    std::istringstream(fact.which) >> words[0] >> words[1] >> words[2];
    const auto agent = Uuid::parse(words[0]);
    if (fact.what != "agent.certificate" || !agent || words[1].empty()) {
        return {};  // of another store, or of a newer version
    }
    auto update = database.prepare(replace_serial);
    if (update) {
        update->bind_blob(0, agent->raw()).bind_text(1, words[1]).bind_text(2, words[2]);
    }
    return run_to_end(update);
}

}  // namespace

Status AccessStore::note_copied(const std::string& backup, WallTime now) {
    return lasting_ == nullptr ? Status{} : lasting_->note(now, backup_mark, backup);
}

Status AccessStore::restored(const std::vector<LastingFact>& facts, WallTime made, WallTime now) {
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    for (const LastingFact& fact : facts) {
        if (const Status done = redo(parts_->database, fact); !done) {
            return failure(done.error(), "access.db");
        }
    }
    auto sessions = parts_->database.prepare(end_sessions);
    if (auto ended = run_to_end(sessions); !ended) {
        return ended;
    }
    const std::string from = format_rfc3339(made);
    const Status told = parts_->audit.add(now, "muster-collector", "collector.restored", from, "");
    return told ? transaction->commit() : told;
}

}  // namespace muster::collector
