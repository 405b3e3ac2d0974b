// Owns: performing what the link client decides: connecting, frames, timers. Leaves to
// wire/link_client: the decisions; to delivery.hpp: the spool behind it.
#pragma once

#include "agent/credentials.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "wire/connection.hpp"
#include "wire/link_client.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {

/// Name → addresses, in order of preference.
using Resolve = std::function<Task<Result<std::vector<std::string>>>(std::string, Deadline)>;

/// "host:port", "[v6]:port".
struct Endpoint {
    std::string host;
    std::uint16_t port = 8444;

    bool operator==(const Endpoint&) const = default;
};

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port);

struct UplinkOptions {
    Endpoint collector;
    wire::TlsIdentity identity;
    wire::LinkClientOptions link;
    Duration connect_within =
        std::chrono::seconds(10);  ///< name, TCP and TLS together, per address
    Resolve resolve;               ///< empty: the collector must be given by address
    Credentials* credentials =
        nullptr;  ///< goes before `identity`, and renews it; outlives the uplink
    /// Where the certificate in `shown` has ended: the next one for this request, in PEM, or why there is none. May be empty.
    std::function<Task<Result<std::string>>(
        std::string host, wire::TlsIdentity shown, std::string request_pem
    )>
        recover;
};

/// Called on the loop's thread.
struct UplinkEvents {
    std::function<void(SpoolId, std::uint64_t from_seq, std::size_t bytes)> fetch;
    std::function<void(SpoolId, std::uint64_t seq, std::uint64_t fingerprint)> acked;
    std::function<void(SpoolId, std::uint64_t seq)> rewound;       ///< as link_action::Rewound
    std::function<void(SpoolId, std::uint64_t from_seq)> rekeyed;  ///< as link_action::Rekey
    std::function<void()> renew;                                   ///< as link_action::Renew
    std::function<void(std::uint32_t epoch, std::vector<wire::proto::Assignment>)> apply;
    /// Fills in what the next heartbeat says; called shortly before one is due.
    std::function<void(wire::proto::Heartbeat&)> counters;
    std::function<void(bool live)> live_changed;  ///< may be empty
};

/// One link, connected again for ever until `stop`. Belongs to the loop's thread.
class Uplink {
  public:
    Uplink(
        asio::io_context& loop,
        const Clock& clock,
        Random& random,
        UplinkOptions options,
        wire::AgentFacts facts,
        std::vector<wire::SpoolPosition> positions,
        UplinkEvents events
    );
    /// Drops the connection; `stop` is the orderly way.
    ~Uplink();
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;

    void start();
    /// As LinkClient::on_spools.
    void on_spools(const std::vector<wire::SpoolPosition>& positions);
    /// As LinkClient::finished.
    void finished(std::vector<wire::FinishedStream> streams);
    /// The answer to `fetch`: exactly one each.
    void on_records(SpoolId spool, std::vector<wire::SequencedRecord> records);
    void applied(std::uint32_t epoch, std::vector<std::string> problems);
    /// From the next call on; where the collector is another, it is called at once.
    void reconfigure(
        Endpoint collector, Duration backoff_least, Duration backoff_most, std::string config_hash
    );
    bool is_live() const;
    /// Goodbye, the frames still queued, close; at most until `deadline`. Nothing happens
    /// afterwards.
    Task<void> stop(std::string reason, Deadline deadline);

  private:
    struct Impl;
    std::shared_ptr<Impl>
        impl_;  // shared with its own coroutines, which may end after the owner lets go
};

}  // namespace muster::agent
