#include "tests/sim/sim_network.hpp"

#include <algorithm>

namespace muster::test {

using namespace std::chrono_literals;

Duration SimNetwork::delay() {
    return 1ms + std::chrono::microseconds(random_.below(20'000));
}

MonoTime SimNetwork::arrival(MonoTime& latest) {
    latest = std::max(latest, events_.now() + delay());
    return latest;
}

void SimNetwork::connect() {
    events_.after(delay(), [this] {
        if (!ends_.reachable()) {
            ends_.lost_by_agent();
            return;
        }
        current_ = ++last_;
        latest_up_ = latest_down_ = events_.now();
        ends_.accepted(current_);
        ends_.connected();
    });
}

void SimNetwork::send_to_collector(wire::proto::Frame frame) {
    const std::uint64_t connection = current_;
    if (connection == 0) {
        return;
    }
    auto shared =
        std::make_shared<wire::proto::Frame>(std::move(frame));  // std::function wants copies
    events_.at(arrival(latest_up_), [this, connection, shared] {
        if (connection == current_) {
            ends_.to_collector(connection, std::move(*shared));
        }
    });
}

void SimNetwork::send_to_agent(std::uint64_t connection, wire::proto::Frame frame) {
    auto shared = std::make_shared<wire::proto::Frame>(std::move(frame));
    events_.at(arrival(latest_down_), [this, connection, shared] {
        if (connection == current_) {
            ends_.to_agent(std::move(*shared));
        }
    });
}

void SimNetwork::close_by_agent() {
    const std::uint64_t connection = current_;
    events_.at(arrival(latest_up_), [this, connection] {
        if (connection != 0 && connection == current_) {
            current_ = 0;
            ends_.lost_by_collector(connection);
        }
    });
}

void SimNetwork::close_by_collector(std::uint64_t connection) {
    events_.at(arrival(latest_down_), [this, connection] {
        if (connection == current_) {
            current_ = 0;
            ends_.lost_by_agent();
        }
    });
}

void SimNetwork::cut() {
    if (current_ != 0) {
        const std::uint64_t connection = current_;
        current_ = 0;
        ends_.lost_by_collector(connection);
        ends_.lost_by_agent();
    }
}

}  // namespace muster::test
