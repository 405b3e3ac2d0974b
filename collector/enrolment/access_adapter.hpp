// Owns: access.db on a thread of its own, passwords on two more, who may connect, and telling the journal who enrolled.
// Leaves to access_store.hpp: the rows; to api/: the routes.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "collector/api/context.hpp"
#include "collector/backup/copy_desk.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/journal/appender.hpp"
#include "wire/connection.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster::collector {

/// All of it outlives the adapter.
struct AccessContext {
    asio::io_context* loop = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;  ///< used on the adapter's thread: must be safe from any
    Appender* journal = nullptr;
    const CertificateAuthority* authority = nullptr;
    Duration certificate_valid{};
    /// The agent counts no more: its connection ends. Called on the loop.
    std::function<void(AgentId agent)> cut_link{};
};

/// Belongs to the loop's thread.
class AccessAdapter {
  public:
    struct Impl;
    /// Reads who is active, and tells the journal of enrolments it may have missed.
    static Result<AccessAdapter> open(AccessContext context, AccessStore store);
    AccessAdapter(AccessAdapter&&) noexcept;
    ~AccessAdapter();

    /// For the API. The functions are valid as long as the adapter.
    AccessOperations operations();
    /// A copy of access.db. Any thread but the loop's and the store's; `closed` when the adapter or `stop` ends it.
    Status copy(const CopyPlace& to, const std::stop_token& stop);
    /// Whether the agent of a good certificate may be here: enrolled, not revoked, and this its current certificate, or the next
    /// one, which is the current one from then on.
    Status may_connect(const wire::Peer& peer);
    /// Signs the next certificate of a connected agent: PEM. `refused` where it asks again too soon.
    Task<Result<std::string>> renew(wire::Peer peer, std::string request_pem);
    /// A connected agent has said whom it trusts: SHA-256, raw, of the authorities as it was told them; empty: it does not say.
    void trusts(AgentId agent, const std::string& authorities);
    /// What the journal was told of this agent can be read by now.
    void shown(AgentId agent);
    /// Waits for running work. Operations called later are answered `closed`.
    void stop();

  private:
    explicit AccessAdapter(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // shared with running operations
};

}  // namespace muster::collector
