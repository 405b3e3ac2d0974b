// Owns: performing what intake decides: accepting, receiving, sending, timers, handing groups to the journal thread.
// Leaves to intake.hpp: every decision.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/journal_thread.hpp"
#include "wire/connection.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::collector {

/// All of it outlives the adapter.
struct LinkContext {
    asio::io_context* loop = nullptr;
    const Clock* clock = nullptr;
    JournalThread* journal = nullptr;
    /// Asked after each handshake: whether the agent of a good certificate may be here; the error says why not.
    std::function<Status(const wire::Peer& peer)> may_connect;
    /// The next certificate of the agent on the other side, in PEM; the error is told to the agent.
    std::function<Task<Result<std::string>>(wire::Peer peer, std::string request_pem)> renew;
    /// Told with each Hello: SHA-256 of the authorities that the agent trusts, empty where it does not say. May be empty.
    std::function<void(AgentId agent, const std::string& authorities)> trusts = {};
};

/// The agents' listener at work. Belongs to the loop's thread.
class LinkAdapter {
  public:
    struct Impl;
    LinkAdapter(LinkContext context, wire::LinkListener listener, Intake intake);
    ~LinkAdapter();
    LinkAdapter(const LinkAdapter&) = delete;
    LinkAdapter& operator=(const LinkAdapter&) = delete;

    void start();
    std::uint16_t port() const;
    std::size_t sessions() const;
    IntakeCounts counts() const;
    /// What connected agents said with their last heartbeat.
    std::vector<AgentFigures> agents_said() const;
    void issued(IssuedAssignments assignments);
    /// Sends new secrets to the agents that are here and concerned.
    void reread_secrets();
    void revoke(AgentId agent);
    /// What new connections see from now on; those there are keep what they have.
    Status use(const wire::TlsIdentity& identity);
    void set_credit(std::uint64_t bytes);
    /// Stops accepting, says goodbye to all agents, hands what is staged to the journal; waits until connections have ended.
    Task<void> stop(std::string reason);

  private:
    std::shared_ptr<Impl>
        impl_;  // shared with answers of the journal that arrive after the adapter is gone
};

}  // namespace muster::collector
