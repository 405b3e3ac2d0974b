// Owns: the rows of sessions: who has signed in, until when. Leaves to access_adapter.hpp: checking passwords.
#pragma once

#include "base/database.hpp"
#include "base/random.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/enrolment/audit_store.hpp"
#include "collector/enrolment/users_store.hpp"

#include <string>

namespace muster::collector {

/// A session ends so long after its last use, and so long after it began.
inline constexpr Duration session_idle = std::chrono::hours(12);
inline constexpr Duration session_longest = std::chrono::hours(24 * 7);
/// Of one user; the one longest unused makes room for another.
inline constexpr std::int64_t most_sessions = 32;

/// Part of access.db; uses the connection of the AccessStore that owns it, on its thread.
class SessionsStore {
  public:
    /// All outlive this.
    SessionsStore(Database& database, AuditStore& audit, UsersStore& users)
        : database_(&database), audit_(&audit), users_(&users) {}

    /// For a password that was checked against `password_hash`. `refused` where the user is gone or disabled, or the password
    /// has been changed since.
    Result<OpenedSession> open(
        const SignIn& who, const std::string& password_hash, Random& random, WallTime now
    );
    /// `refused`: unknown, malformed, ended.
    Result<Actor> check(const Secret& cookie, WallTime now);
    Status close(const std::string& id, const Actor& actor, WallTime now);
    /// Tells the audit of a password that was wrong; `more`: how many went untold since the last.
    Status refused(const SignIn& who, std::uint64_t more, WallTime now);

  private:
    Status make_room(const std::string& user, WallTime now);
    Status insert(const Actor& actor, const std::string& hash, WallTime now);

    Database* database_;  // not owned
    AuditStore* audit_;   // not owned
    UsersStore* users_;   // not owned
};

/// What a user may: role and sites. `peer` and expiry are the caller's.
Actor actor_of_user(const User& user);

}  // namespace muster::collector
