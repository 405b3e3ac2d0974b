// Owns: the connections between agents and a collector as a bad network makes them: late, reset, silent in one direction or both.
// What TCP promises holds: within a connection nothing is lost or reordered but its tail. What it does not promise happens: an end
// may never hear that the other one is gone, and an older connection still brings frames when there is a newer one.
#pragma once

#include "base/random.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/trace.hpp"
#include "wire/link.pb.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace muster::test {

using Connection = std::uint64_t;

enum class Way { up, down };  ///< from the agent to the collector; from the collector to the agent

/// What the network tells. `agent` counts from 0.
struct NetworkPeers {
    std::function<bool()> is_listening;
    std::function<void(std::size_t agent, Connection)> accepted;
    std::function<void(Connection, wire::proto::Frame)> to_collector;
    std::function<void(Connection)> lost_by_collector;
    std::function<void(std::size_t agent, Connection)> connected;
    std::function<void(std::size_t agent, Connection, wire::proto::Frame)> to_agent;
    /// Also when it could not be made.
    std::function<void(std::size_t agent, Connection)> lost_by_agent;
};

class DeliveryNetwork {
  public:
    DeliveryNetwork(
        EventQueue& events, Random& random, Trace& trace, NetworkPeers peers, std::size_t agents
    )
        : events_(events),
          random_(random),
          trace_(trace),
          peers_(std::move(peers)),
          paths_(agents) {}

    /// An agent calls; `connected` or `lost_by_agent` follows.
    Connection connect(std::size_t agent);
    void send(Connection connection, Way way, wire::proto::Frame frame);

    /// One end closes: what it has sent arrives, then the other end hears of it, where the path is whole.
    void close_by_agent(Connection connection) { close(connection, Way::up); }

    void close_by_collector(Connection connection) { close(connection, Way::down); }

    /// A process is gone. Either its machine tells the other ends, or nobody does.
    enum class Farewell { reset, none };
    void agent_gone(std::size_t agent, Farewell farewell);
    void collector_gone(Farewell farewell);

    /// From now on nothing arrives in this direction.
    void cut(std::size_t agent, Way way);
    /// It does again: what was under way arrives late, or the connections of that time are dead without a word.
    void mend(std::size_t agent, Way way);
    void mend_all();
    /// Whatever is between them resets the agent's connections: of what is under way a first part arrives.
    void reset(std::size_t agent);

    /// Frames may arrive twice, and batches after the next one: what no TCP does, and what a state machine must take.
    void set_hostile(bool hostile) { is_hostile_ = hostile; }

    std::uint64_t connections() const { return last_; }

  private:
    struct Direction {
        MonoTime latest{};                     // when the last frame arrives
        std::deque<wire::proto::Frame> held;   // behind a cut, in order
        MonoTime dead_from = MonoTime::max();  // nothing that arrives later arrives
        bool is_receiver_gone = false;
    };

    struct Line {
        std::size_t agent = 0;
        Duration latency{};
        Direction up;
        Direction down;
        bool is_made = false;

        Direction& direction(Way way) { return way == Way::up ? up : down; }
    };

    struct Path {
        bool up_is_cut = false;
        bool down_is_cut = false;

        bool is_cut(Way way) const { return way == Way::up ? up_is_cut : down_is_cut; }

        bool& flag(Way way) { return way == Way::up ? up_is_cut : down_is_cut; }
    };

    Line* find(Connection connection);
    Duration delay(const Line& line);
    void establish(Connection connection);
    void arrive(Connection connection, Way way, wire::proto::Frame frame);
    void post(Connection connection, Way way, wire::proto::Frame frame);
    void hand_over(Connection connection, Way way, wire::proto::Frame frame);
    void close(Connection connection, Way way);
    void end_arrives(Connection connection, Way way);
    void lose(Connection connection, Way way);
    void kill(Connection connection);
    void forget_if_over(Connection connection);

    EventQueue& events_;
    Random& random_;
    Trace& trace_;
    NetworkPeers peers_;
    std::vector<Path> paths_;
    std::map<Connection, Line> lines_;
    Connection last_ = 0;
    bool is_hostile_ = false;
};

}  // namespace muster::test
