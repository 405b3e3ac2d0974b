// Owns: records from the moment they are handed over until the collector has committed them: spool
// thread and uplink put together. Leaves to agent.hpp (or a load generator): making records.
#pragma once

#include "agent/spool_thread.hpp"
#include "agent/uplink.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {

struct DeliveryOptions {
    std::string spool_dir;
    SpoolOptions spool;
    SpoolThreadOptions spool_thread;
    UplinkOptions uplink;
    wire::AgentFacts facts;
};

/// Called on the loop's thread; each may be empty.
struct DeliveryEvents {
    /// A complete set of assignments; answer with `applied`.
    std::function<void(std::uint32_t epoch, std::vector<wire::proto::Assignment>)> assignments;
    /// After each change of what is synced or acknowledged: a generator hands over more here.
    std::function<void()> progressed;
    /// Adds to the next heartbeat what delivery does not know (produced, skipped).
    std::function<void(wire::proto::Heartbeat&)> heartbeat;
};

/// What may change while it runs.
struct DeliverySettings {
    SpoolLimits spool;
    Endpoint collector;
    Duration backoff_least{};
    Duration backoff_most{};
    std::string config_hash;
};

/// Made, used and destroyed on the loop's thread.
class Delivery {
  public:
    /// Opens the spools (reads all of them: up to a second for 256 MiB). `clock`, `files` and `random` are used from the spool
    /// thread too and outlive this.
    Delivery(
        asio::io_context& loop,
        const Clock& clock,
        Files& files,
        Random& random,
        DeliveryOptions options,
        DeliveryEvents events
    );
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// Begins to connect. Records may be appended before.
    void start();

    /// Takes the record over. `full`: it is lost (its results are counted as refused, and told in
    /// a gap record); a generator looks at `unacked_records` first.
    Status append(wire::Record record);
    void applied(std::uint32_t epoch, std::vector<std::string> problems);
    /// From now on. Another collector is called at once.
    void reconfigure(DeliverySettings settings);

    /// Sequence numbers not yet committed by the collector, records on their way to the spool included.
    std::uint64_t unacked_records() const { return spool_.unacked_records(); }

    const SpoolReport& report() const { return spool_.report(); }

    bool is_live() const { return uplink_.is_live(); }

    /// Waits until everything is synced, and (while the link lives) committed; both at most until
    /// `deadline`. Then Goodbye. What is not committed stays in the spool for the next start.
    Task<void> stop(std::string reason, Deadline deadline);

  private:
    void rename(SpoolId spool, std::uint64_t from_seq);
    void fill_heartbeat(wire::proto::Heartbeat& heartbeat);

    const Clock& clock_;
    Files& files_;
    Random& random_;
    DeliveryEvents events_;
    bool is_refusing_ = false;  // the queue before the spool, so that it is logged once
    SpoolThread spool_;
    Uplink uplink_;
};

}  // namespace muster::agent
