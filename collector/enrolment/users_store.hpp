// Owns: the rows of people who may sign in. Leaves to sessions_store.hpp: who has; to api/: who may change whom.
#pragma once

#include "base/database.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/enrolment/audit_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

/// Part of access.db; uses the connection of the AccessStore that owns it, on its thread. Every change is one transaction with
/// its row in the audit. Names are compared without regard to case. There is always an enabled administrator of all sites
/// once there was one: a change that would end that is a `conflict`.
class UsersStore {
  public:
    /// Both outlive this.
    UsersStore(Database& database, AuditStore& audit) : database_(&database), audit_(&audit) {}

    /// `user.name`, role, sites, language and time zone count; the rest is filled in. `conflict` where the name is taken.
    Result<User> create(
        User user, const std::string& password_hash, const Actor& actor, WallTime now
    );
    /// By name.
    Result<std::vector<User>> list();
    Result<std::optional<User>> find(const std::string& name);
    /// `not_found`; `conflict` where `version` is given and is another. A changed role or sites and disabling end the sessions.
    Result<User> change(
        const std::string& name,
        const UserChange& change,
        std::optional<std::int64_t> version,
        const Actor& actor,
        WallTime now
    );
    /// Ends the user's sessions.
    Status set_password(
        const std::string& name, const std::string& password_hash, const Actor& actor, WallTime now
    );
    /// Ends the user's sessions and tokens.
    Status remove(
        const std::string& name,
        std::optional<std::int64_t> version,
        const Actor& actor,
        WallTime now
    );

    /// The stored hash; nothing where there is no such user. A disabled user's too: whoever checks it takes as long.
    Result<std::optional<std::string>> password_hash(const std::string& name);
    /// Whether somebody who is not disabled is an administrator of all sites.
    Result<bool> has_administrator();

  private:
    Result<User> existing(const std::string& name, std::optional<std::int64_t> version);
    Status end_sessions(const std::string& name);
    /// After a change: `conflict` when it took the last administrator away.
    Status keep_an_administrator(const User& before);

    Database* database_;  // not owned
    AuditStore* audit_;   // not owned
};

}  // namespace muster::collector
