// Owns: what access.db keeps, as values: who asks, users, sessions, tokens, agents that enrol, the audit.
// Leaves to the *_store files: rows; to api/: how they look in JSON.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "collector/api/read_scope.hpp"
#include "wire/recovery.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// What a route needs and a role grants; each includes those before it. `nobody`: no proof is asked for; `measure`: numbers about
/// the collector, for programs that watch it.
enum class Permission : std::uint8_t {
    undeclared,
    nobody,
    measure,
    view,
    operate,
    edit,
    administer
};

/// "metrics", "viewer", "operator", "administrator"; nothing for other texts.
std::optional<Permission> permission_of_role(std::string_view role);
/// The least role that may do what takes `permission`.
std::string_view least_role_for(Permission permission);
/// The greatest role within a permission; empty below `measure`.
std::string_view role_of_permission(Permission permission);

/// Who asks, as proved by a token or a session.
struct Actor {
    std::string name;  ///< stands in timelines and the audit: the user, "admin", or "token NAME"
    Permission granted = Permission::nobody;
    ReadScope scope = ReadScope::of_sites({});  ///< the sites whose records it may see
    std::string user;                           ///< whom it acts for; empty: a token of its own
    std::string token;                          ///< id; empty: a session
    std::string session;                        ///< id; empty: a token
    std::optional<WallTime> expires;            ///< of the token or the session
    std::string peer;                           ///< "192.0.2.7:40312", for the audit
};

struct JoinTokenRequest {
    Duration ttl = std::chrono::hours(1);
    std::uint32_t max_uses = 1;
    std::string site;
    std::string
        name;  ///< the agent must take this name, or one that fits it ("edge-*"); empty: any
    std::vector<std::string> sources = {};  ///< networks it may be used from; empty: all
};

/// A join token as it is stored: without its secret.
struct JoinToken {
    std::string id;
    std::string site;
    std::string name;
    std::uint32_t uses = 0;
    std::uint32_t max_uses = 1;
    WallTime created{};
    WallTime expires{};
    std::string created_by;
    bool revoked = false;
    std::vector<std::string> sources;
};

struct CreatedJoinToken {
    Secret token;  ///< jt1.<id>.<secret>.<pin>, shown once
    JoinToken row;
};

struct EnrolRequest {
    Secret token;
    std::string request_pem;
    std::string hostname;
    std::string version;
    std::string name;  ///< wished; empty: the token's, else the host name
    std::string peer;  ///< "192.0.2.7:40312"
};

struct EnrolAnswer {
    AgentId agent;
    std::string name;
    std::string site;
    std::string certificate_pem;
    std::string ca_pem;
};

struct RecoverRequest {
    wire::RecoveryProof proof;
    std::string peer;
};

/// The next certificate of an agent whose present one has ended.
struct RecoverAnswer {
    AgentId agent;
    std::string name;
    std::string certificate_pem;
    std::string ca_pem;
};

/// A person who may sign in; without the password's hash.
struct User {
    std::string name;
    std::string role;
    std::vector<std::string> sites;  ///< empty: all
    std::string language;            ///< "en", "zh-CN"; empty: the reader's choice
    std::string time_zone;           ///< "Europe/Berlin"; empty: the reader's
    bool disabled = false;
    WallTime created{};
    std::string created_by;
    std::optional<WallTime> signed_in;  ///< last
    std::int64_t version = 1;           ///< the ETag
};

/// What of a user is changed; what is empty stays.
struct UserChange {
    std::optional<std::string> role;
    std::optional<std::vector<std::string>> sites;
    std::optional<std::string> language;
    std::optional<std::string> time_zone;
    std::optional<bool> disabled;
};

/// Name and password as somebody sent them.
struct SignIn {
    std::string name;
    Secret password;
    std::string peer;
};

struct OpenedSession {
    Secret cookie;  ///< se1.<id>.<secret>
    Actor actor;
    User user;
};

/// An API token as it is stored: without its secret.
struct ApiToken {
    std::string id;
    std::string name;
    std::string owner;  ///< a user; empty: a token of its own, for a program
    std::string role;
    std::vector<std::string> sites;  ///< empty: all (of the owner)
    WallTime created{};
    std::string created_by;
    std::optional<WallTime> expires;
    std::optional<WallTime> last_used;  ///< to the minute
    bool revoked = false;
};

struct ApiTokenRequest {
    std::string name;
    std::string owner;
    std::string role;
    std::vector<std::string> sites;
    WallTime expires{};
};

struct CreatedApiToken {
    Secret token;  ///< it1.<id>.<secret>, shown once
    ApiToken row;
};

/// One row of the audit.
struct AuditRow {
    std::int64_t id = 0;
    WallTime at{};
    std::string actor;
    std::string action;
    std::string target;
    std::string peer;
    std::string hash;  ///< raw 32 bytes
};

/// Which rows. Empty texts filter nothing; `before`: rows with a smaller id; times: [from, to).
struct AuditFilter {
    std::string actor;
    std::string action;
    std::optional<WallTime> from;
    std::optional<WallTime> to;
    std::int64_t before = 0;  ///< 0: from the newest
    std::int64_t limit = 100;
};

/// What a check of the whole audit found.
struct AuditVerdict {
    std::int64_t rows = 0;
    std::optional<AuditRow> broken;  ///< the first that does not fit
    std::string why;                 ///< of `broken`
    std::string head;                ///< hash of the newest row, raw
};

}  // namespace muster::collector
