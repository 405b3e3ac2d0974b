// Owns: everything the API asks of the rest of the collector, as functions. Leaves to collector.cpp: what is behind them.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/uuid.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"
#include "collector/backup/backup_row.hpp"
#include "collector/command.hpp"
#include "collector/configuration/keeper.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/history/history_series.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

class AccessStore;
class CertificateAuthority;
struct CollectorFigures;

/// What work on access.db is given, on the thread of its store.
struct AccessDesk {
    AccessStore& store;
    Random& random;
    const CertificateAuthority& authority;
    WallTime now;
};

using AccessWork = std::function<Status(AccessDesk&)>;

/// What access.db is asked. `refused` says why in words; the implementation logs it and keeps the audit.
struct AccessOperations {
    /// The token after "Bearer ", and the address it comes from, without a port. `refused`: unknown, expired, malformed.
    std::function<Task<Result<Actor>>(Secret bearer, std::string address)> check_bearer;
    /// The value of the session's cookie. `refused`: unknown, malformed, ended.
    std::function<Task<Result<Actor>>(Secret cookie)> check_session;
    /// A session for name and password. `refused` whatever of both is wrong, after the same time; `full` when too many
    /// passwords are being checked.
    std::function<Task<Result<OpenedSession>>(SignIn who)> sign_in;
    /// Whether the password is the user's: as `sign_in`, without a session.
    std::function<Task<Status>(SignIn who)> confirm;
    /// The text to store for a password. `full` as for `sign_in`.
    std::function<Task<Result<std::string>>(Secret password)> hash_password;
    /// Runs work on the store's thread; each of its changes is a transaction with its row in the audit.
    std::function<Task<Status>(AccessWork work)> perform;
    /// Whether somebody can sign in as administrator; until then only this machine is served. At once, as of the last answer.
    std::function<bool()> has_administrator;
    /// `refused`: the token is unknown, used up, expired; `invalid`: the request cannot be signed; `conflict`: name taken.
    std::function<Task<Result<EnrolAnswer>>(EnrolRequest request)> enrol;
    /// The next certificate of an agent whose present one has ended. `refused`: it proves nothing, or too often, or is revoked.
    std::function<Task<Result<RecoverAnswer>>(RecoverRequest request)> recover;
    /// The agent's certificate counts no more, and the journal is told. `not_found`: no active agent has this id.
    std::function<Task<Status>(AgentId agent, Actor actor)> revoke_agent;

    /// `perform` with an answer.
    template <class T>
    Task<Result<T>> query(std::function<Result<T>(AccessDesk&)> work) const;
};

template <class T>
Task<Result<T>> AccessOperations::query(std::function<Result<T>(AccessDesk&)> work) const {
    // Shared by this coroutine and the work, which goes on when the coroutine is destroyed.
    const auto found = std::make_shared<std::optional<Result<T>>>();
    AccessWork keep = [found, work = std::move(work)](AccessDesk& desk) {
        found->emplace(work(desk));
        return Status{};
    };
    Task<Status> running = perform(std::move(keep));
    const Status done = co_await std::move(running);
    if (!done) {
        co_return failure(done.error());
    }
    co_return std::move(**found);
}

/// One line of /readyz.
struct HealthCheck {
    std::string name;
    bool ready = true;
    std::string detail;
    bool strict_only = false;  ///< counts in the strict answer alone
};

/// What came of a test message.
struct ChannelTest {
    bool delivered = false;
    int status = 0;      ///< HTTP or SMTP; 0: there was no answer
    std::string detail;  ///< what the receiver said, safe to show
};

/// What this collector is called.
struct OwnNames {
    std::vector<std::string> names;  ///< configured, the first goes before the others
    std::string host_name;           ///< of the machine
    std::uint16_t people_port = 0;
    std::uint16_t agents_port = 0;
};

/// Set once before the server starts; outlives it. Called on the network loop alone.
struct ApiContext {
    StateReader* state = nullptr;  ///< not owned
    const Clock* clock = nullptr;  ///< not owned
    Random* random = nullptr;      ///< not owned
    AccessOperations access;
    OwnNames self;
    std::string journal;  ///< its folder; read on the threads of `state`
    /// Appends the command and waits for the brain's verdict; `timeout` when there is none within 2 s.
    std::function<Task<Result<Verdict>>(Command command)> submit;
    /// The history thread's answer.
    std::function<Task<Result<HistorySeries>>(HistoryQuery query)> results;
    /// What runs now; valid until the caller next waits for anything.
    std::function<const ConfigurationKeeper*()> configuration;
    /// Validates and, unless it is a dry run, takes what is applied; the folds are told, but have not folded it yet.
    std::function<Result<ApplyOutcome>(const ApplyRequest& request)> apply;
    /// Sends a test message through a channel now; nothing where there is no such channel.
    std::function<Task<std::optional<ChannelTest>>(std::string channel)> test_channel;
    /// Why nobody would be told of an incident of priority 1; empty: somebody would.
    std::function<std::string()> nobody_told = [] { return std::string(); };
    /// Oldest first; the attempt that goes on or failed last at the end.
    std::function<std::vector<BackupRow>()> backups;
    /// Begins one. `conflict` while one is being made.
    std::function<Result<BackupRow>()> back_up;
    /// Asked at each /metrics.
    std::function<CollectorFigures()> figures;
    /// Asked at each /readyz.
    std::function<std::vector<HealthCheck>()> health;
};

}  // namespace muster::collector
