// Owns: the least that is a collector to an agent: a real listener, the link's other half, and what was committed.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "wire/certificates.hpp"
#include "wire/connection.hpp"
#include "wire/link_server.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::agent {

/// Commits at once, in memory. Lives on the loop of the test.
class SmallCollector {
  public:
    explicit SmallCollector(asio::io_context& loop);

    /// Listens again (on the same port) with everything committed before still known.
    void open();
    void close();

    std::uint16_t port() const { return port_; }

    wire::TlsIdentity agent_identity() const;

    /// By seq, of the spool that was told first in the first Hello.
    std::map<std::uint64_t, wire::Record> committed;
    /// The payloads of all spools in the order in which they came.
    std::vector<std::string> in_order;
    std::uint64_t results = 0;
    std::uint64_t duplicates = 0;  ///< records offered to be committed twice: never
    std::uint64_t connections = 0;
    std::uint64_t goodbyes = 0;
    std::vector<wire::proto::Heartbeat> heartbeats;
    std::vector<std::uint32_t> applied;
    bool keep_payloads = true;
    Duration heartbeat = std::chrono::seconds(10);  ///< asked of agents
    std::vector<wire::proto::Assignment>
        assignments;  ///< sent after each Welcome as epoch 1, if any
    /// Called before each commit; true: the connection is dropped instead, as if the collector had died.
    std::function<bool()> dies = [] { return false; };
    /// Called after each commit, before it is acknowledged; the same.
    std::function<bool()> dies_after = [] { return false; };

  private:
    struct Session;

    static Task<void> accept_all(SmallCollector* self);
    static Task<void> serve(SmallCollector* self, std::shared_ptr<Session> session);
    bool perform(Session& session, wire::LinkServer::Actions actions);
    bool commit(Session& session, wire::server_action::Append append);

    asio::io_context& loop_;
    SystemClock clock_;
    AgentId agent_{Uuid::named("an agent")};
    wire::KeyAndCertificate authority_;
    wire::TlsIdentity identity_;
    std::uint16_t port_ = 0;
    std::unique_ptr<wire::LinkListener> listener_;
    std::unique_ptr<TaskGroup> tasks_;
    std::map<SpoolId, std::uint64_t> committed_seqs_;
    std::optional<SpoolId> first_spool_;
};

}  // namespace muster::agent
