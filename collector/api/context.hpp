// Owns: everything the API asks of the rest of the collector, as functions. Leaves to collector.cpp: what is behind them.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/uuid.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"
#include "collector/command.hpp"
#include "collector/history/history_series.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::collector {

/// What a route needs and a token grants; each includes those before it. `nobody`: no token is asked for.
enum class Permission : std::uint8_t { undeclared, nobody, view, operate, edit, administer };

/// Who asks, as proved by a token.
struct Actor {
    std::string name;  ///< "admin"; stands in timelines and the audit
    Permission granted = Permission::nobody;
    ReadScope scope = ReadScope::of_sites({});  ///< the sites whose records it may see
};

struct JoinTokenRequest {
    Duration ttl = std::chrono::hours(1);
    std::uint32_t max_uses = 1;
    std::string site;
    std::string name;  ///< the agent must take this name; empty: any
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
    std::string peer;
};

struct EnrolAnswer {
    AgentId agent;
    std::string name;
    std::string site;
    std::string certificate_pem;
    std::string ca_pem;
    std::string link;  ///< "host:8444" to connect to; empty: the host enrolled with, port 8444
};

/// What access.db is asked. `refused` says why in words; the implementation logs it and keeps the audit.
struct AccessOperations {
    /// The token after "Bearer ". `refused`: unknown, expired, malformed.
    std::function<Task<Result<Actor>>(Secret bearer)> check_bearer;
    std::function<Task<Result<CreatedJoinToken>>(JoinTokenRequest request, Actor actor)>
        create_join_token;
    std::function<Task<Result<std::vector<JoinToken>>>()> join_tokens;
    /// `refused`: the token is unknown, used up, expired; `invalid`: the request cannot be signed; `conflict`: name taken.
    std::function<Task<Result<EnrolAnswer>>(EnrolRequest request)> enrol;
};

/// One line of /readyz.
struct HealthCheck {
    std::string name;
    bool ready = true;
    std::string detail;
};

/// Set once before the server starts; outlives it. Called on the network loop alone.
struct ApiContext {
    StateReader* state = nullptr;  ///< not owned
    const Clock* clock = nullptr;  ///< not owned
    Random* random = nullptr;      ///< not owned
    AccessOperations access;
    /// Appends the command and waits for the brain's verdict; `timeout` when there is none within 2 s.
    std::function<Task<Result<Verdict>>(Command command)> submit;
    /// The history thread's answer.
    std::function<Task<Result<HistorySeries>>(HistoryQuery query)> results;
    /// Asked at each /readyz.
    std::function<std::vector<HealthCheck>()> health;
};

}  // namespace muster::collector
