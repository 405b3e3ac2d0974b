// Owns: one simulated connection between an agent and the collector: frames arrive later, in order, or not at all.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "tests/sim/event_queue.hpp"
#include "wire/link.pb.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace muster::test {

/// What a connection tells its two ends.
struct NetworkEnds {
    std::function<bool()> reachable;              ///< whether the collector listens at all
    std::function<void(std::uint64_t)> accepted;  ///< collector side
    std::function<void(std::uint64_t, wire::proto::Frame)> to_collector;
    std::function<void(std::uint64_t)> lost_by_collector;
    std::function<void()> connected;  ///< agent side
    std::function<void(wire::proto::Frame)> to_agent;
    std::function<void()> lost_by_agent;
};

/// The path of one agent. A connection has a number; what was under way when it broke never arrives.
class SimNetwork {
  public:
    SimNetwork(EventQueue& events, Random& random, NetworkEnds ends)
        : events_(events), random_(random), ends_(std::move(ends)) {}

    void connect();
    void send_to_collector(wire::proto::Frame frame);
    void send_to_agent(std::uint64_t connection, wire::proto::Frame frame);
    /// Closed by one end; the other learns it after a delay.
    void close_by_agent();
    void close_by_collector(std::uint64_t connection);
    /// The cable: both ends learn of it at once.
    void cut();

  private:
    Duration delay();
    /// Arrival keeps the order of sending in each direction.
    MonoTime arrival(MonoTime& latest);

    EventQueue& events_;
    Random& random_;
    NetworkEnds ends_;
    std::uint64_t current_ = 0;  // 0: none
    std::uint64_t last_ = 0;
    MonoTime latest_up_{};
    MonoTime latest_down_{};
};

}  // namespace muster::test
