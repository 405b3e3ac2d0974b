// Owns: the rows of API tokens and what a bearer may. Leaves to tokens.hpp: their text form.
#pragma once

#include "base/database.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/enrolment/audit_store.hpp"
#include "collector/enrolment/users_store.hpp"

#include <set>
#include <string>
#include <vector>

namespace muster::collector {

/// Addresses of one token that the audit is told of; further ones are not.
inline constexpr std::int64_t most_token_addresses = 32;

/// Part of access.db; uses the connection of the AccessStore that owns it, on its thread.
class TokensStore {
  public:
    /// All outlive this.
    TokensStore(Database& database, AuditStore& audit, UsersStore& users)
        : database_(&database), audit_(&audit), users_(&users) {}

    /// Keeps the token in `path` valid, and makes it where no administrator's token is there yet: `path` is 0600.
    Status ensure_administrator(
        Files& files, const std::string& path, Random& random, WallTime now
    );
    /// Who holds this token, coming from `address` (no port). A token of a user may what it says and the user may. `refused`
    /// says why not.
    Result<Actor> check_bearer(const Secret& bearer, const std::string& address, WallTime now);

    Result<CreatedApiToken> create(
        const ApiTokenRequest& request, const Actor& actor, Random& random, WallTime now
    );
    /// Newest first. `owner`: this user's; empty: everybody's.
    Result<std::vector<ApiToken>> list(const std::string& owner);
    Result<std::optional<ApiToken>> find(const std::string& id);
    /// `not_found` where there is none that counts.
    Status revoke(const std::string& id, const Actor& actor, WallTime now);

  private:
    Result<bool> has_administrator();
    Status insert(const ApiToken& token, const std::string& hash);
    Status note_use(
        const ApiToken& token, const Actor& actor, const std::string& address, WallTime now
    );
    Status note_address(
        const ApiToken& token, const Actor& actor, const std::string& address, WallTime now
    );

    std::set<std::string>
        seen_;            // "token address" that are in the table: most requests ask nothing
    Database* database_;  // not owned
    AuditStore* audit_;   // not owned
    UsersStore* users_;   // not owned
};

}  // namespace muster::collector
