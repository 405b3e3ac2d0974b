// Owns: echo requests and their replies for all targets over one socket a family. Leaves to icmp.cpp: what a run makes of them.
#pragma once

#include "base/random.hpp"
#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::probes {

struct PingPlan {
    std::string address;  ///< IPv4 or IPv6, as text
    std::uint32_t count = 3;
    Duration spacing{};       ///< between requests
    std::uint32_t size = 56;  ///< bytes of payload; at least 16
};

struct PingReport {
    std::vector<std::optional<Duration>> round_trips;  ///< one a request sent
    std::string
        refusal;  ///< what a router or this machine said instead, "host unreachable"; empty when nobody said anything
};

/// Counted for the agent's own metrics.
struct IcmpCounters {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t foreign =
        0;  ///< replies that match nothing in flight: late, doubled, forged or another program's
};

/// Sockets are opened on first use, SOCK_DGRAM first, then SOCK_RAW; `open()` opens both while capabilities are still held.
/// One thread: the loop's.
class IcmpEngine {
  public:
    IcmpEngine(asio::io_context& loop, Random& random);
    ~IcmpEngine();
    IcmpEngine(const IcmpEngine&) = delete;
    IcmpEngine& operator=(const IcmpEngine&) = delete;

    /// Opens the sockets of both families as far as the machine has them; the first IPv4 error otherwise.
    Status open();

    /// Sends the plan's requests and waits for the last reply or the deadline. Errors: `invalid` for an address that is none,
    /// `refused` where this machine lets us open neither kind of socket (the message names the remedy), `io` otherwise.
    Task<Result<PingReport>> ping(PingPlan plan, Deadline deadline);

    IcmpCounters counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
