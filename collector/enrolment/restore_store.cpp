// What a restored access.db must not have forgotten. The rest of the store is in access_store.cpp.
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/store_tools.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace {

struct Redone {
    std::string_view what;
    std::string_view sql;  ///< ?1: which
};

/// Users may be there again under the same name: they are disabled, and an administrator looks.
constexpr auto redone = std::to_array<Redone>({
    {"join_token.revoked", "UPDATE join_token SET revoked = 1 WHERE id = ?1"},
    {"join_token.used", "UPDATE join_token SET uses = min(uses + 1, max_uses) WHERE id = ?1"},
    {"api_token.revoked", "UPDATE api_token SET revoked = 1 WHERE id = ?1"},
    {"user.deleted", "UPDATE user SET disabled = 1, version = version + 1 WHERE name = ?1"},
});

constexpr std::string_view revoke_agent =
    "UPDATE agent SET state = 'revoked', announced = 0 WHERE id = ?1";
constexpr std::string_view replace_serial =
    "UPDATE agent SET serial = ?2, next_serial = '', next_not_after = 0 WHERE id = ?1";
constexpr std::string_view end_sessions = "DELETE FROM session";

Status redo(Database& database, const LastingFact& fact) {
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
    const std::size_t id_ends = std::min(fact.which.find(' '), fact.which.size());
    const auto agent = Uuid::parse(fact.which.substr(0, id_ends));
    const bool is_revoked = fact.what == "agent.revoked";
    const bool is_replaced = fact.what == "agent.certificate" && id_ends < fact.which.size();
    if (!agent || (!is_revoked && !is_replaced)) {
        return {};  // of another store, or of a newer version
    }
    auto update = database.prepare(is_revoked ? revoke_agent : replace_serial);
    if (update) {
        update->bind_blob(0, agent->raw());
        if (!is_revoked) {
            update->bind_text(1, std::string_view(fact.which).substr(id_ends + 1));
        }
    }
    return run_to_end(update);
}

}  // namespace

Status AccessStore::restored(const std::vector<LastingFact>& facts, WallTime made, WallTime now) {
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    for (const LastingFact& fact : facts) {
        const Status done = fact.at < made ? Status{} : redo(parts_->database, fact);
        if (!done) {
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
