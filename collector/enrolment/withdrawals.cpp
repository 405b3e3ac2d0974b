#include "collector/enrolment/withdrawals.hpp"

#include "base/uuid.hpp"
#include "collector/enrolment/store_tools.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace muster::collector {

namespace {

struct Withdrawal {
    std::string_view what;
    std::string_view sql;  ///< ?1: which
};

/// The journal is told again of an agent.
constexpr std::string_view revoke_agent =
    "UPDATE agent SET state = 'revoked', announced = 0 WHERE id = ?1 AND state = 'active'";
constexpr auto of_tokens = std::to_array<Withdrawal>({
    {"join_token.revoked", "UPDATE join_token SET revoked = 1 WHERE id = ?1 AND revoked = 0"},
    {"api_token.revoked", "UPDATE api_token SET revoked = 1 WHERE id = ?1 AND revoked = 0"},
});

constexpr std::string_view count_tables =
    "SELECT count(*) FROM sqlite_schema WHERE name IN ('agent', 'join_token', 'api_token')";

/// One whose making was cut short has none yet.
Result<bool> has_tables(Database& database) {
    auto count = database.prepare(count_tables);
    const auto row = count ? count->step() : failure(count.error());
    return row ? Result<bool>(count->integer(0) == 3) : failure(row.error());
}

Result<bool> has_changed(Result<Statement>& update) {
    const auto rows = run_counted(update);
    return rows ? Result<bool>(*rows > 0) : failure(rows.error());
}

}  // namespace

Result<bool> withdraw(Database& database, const LastingFact& fact) {
    if (fact.what == "agent.revoked") {
        const auto agent = Uuid::parse(fact.which);
        if (!agent) {
            return false;
        }
        auto update = database.prepare(revoke_agent);
        if (update) {
            update->bind_blob(0, agent->raw());
        }
        return has_changed(update);
    }
    const auto known = std::ranges::find(of_tokens, fact.what, &Withdrawal::what);
    if (known == of_tokens.end()) {
        return false;
    }
    auto update = database.prepare(known->sql);
    if (update) {
        update->bind_text(0, fact.which);
    }
    return has_changed(update);
}

Result<std::int64_t> withdraw_again(
    Files& files, const std::string& path, const std::vector<LastingFact>& facts
) {
    const bool has_any = std::ranges::any_of(facts, [](const LastingFact& fact) {
        return fact.what.ends_with(".revoked");
    });
    if (!has_any || !files.exists(path)) {
        return 0;
    }
    auto database = Database::open(path, {});
    if (!database) {
        return failure(database.error());
    }
    auto transaction = Transaction::begin(*database);
    const auto is_made = transaction ? has_tables(*database) : failure(transaction.error());
    if (!is_made || !*is_made) {
        return is_made ? Result<std::int64_t>(0) : failure(is_made.error(), "access.db");
    }
    std::int64_t missing = 0;
    for (const LastingFact& fact : facts) {
        const auto changed = withdraw(*database, fact);
        if (!changed) {
            return failure(changed.error(), "access.db");
        }
        missing += *changed ? 1 : 0;
    }
    const Status done = transaction->commit();
    return done ? Result<std::int64_t>(missing) : failure(done.error());
}

}  // namespace muster::collector
