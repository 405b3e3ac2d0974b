#include "tests/sim/delivery_network.hpp"

#include <algorithm>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration connect_within = 10s;  // as agent/uplink.hpp
/// An end that gets no answer to what it sent hears from its own machine (TCP_USER_TIMEOUT).
constexpr Duration user_timeout = 20s;

constexpr Way other(Way way) {
    return way == Way::up ? Way::down : Way::up;
}

}  // namespace

DeliveryNetwork::Line* DeliveryNetwork::find(Connection connection) {
    const auto found = lines_.find(connection);
    return found == lines_.end() ? nullptr : &found->second;
}

Duration DeliveryNetwork::delay(const Line& line) {
    return line.latency + std::chrono::microseconds(random_.below(3000));
}

Connection DeliveryNetwork::connect(std::size_t agent) {
    const Connection connection = ++last_;
    Line& line = lines_[connection];
    line.agent = agent;
    const std::uint64_t distance = random_.below(20);
    line.latency = distance == 0  ? std::chrono::milliseconds(random_.below(1500))
                   : distance < 5 ? std::chrono::milliseconds(random_.below(100))
                                  : std::chrono::microseconds(100 + random_.below(5000));
    const Path& path = paths_[agent];
    if (path.up_is_cut || path.down_is_cut) {
        // Neither the call nor what answers it is heard: the agent stops waiting.
        events_.after(connect_within, [this, connection] { lose(connection, Way::down); });
        return connection;
    }
    events_.after(2 * delay(line), [this, connection] { establish(connection); });
    return connection;
}

void DeliveryNetwork::establish(Connection connection) {
    Line* line = find(connection);
    if (line == nullptr || line->down.is_receiver_gone) {
        lines_.erase(connection);
        return;
    }
    if (!peers_.is_listening()) {
        lose(connection, Way::down);
        return;
    }
    line->is_made = true;
    line->up.latest = line->down.latest = events_.now();
    const std::size_t agent = line->agent;
    trace_.add(events_.now(), "connection {} of agent {} accepted", connection, agent);
    peers_.accepted(agent, connection);
    // The last word of the handshake may be the one that is lost.
    events_.after(delay(*line), [this, agent, connection] {
        Line* made = find(connection);
        if (made == nullptr || made->down.is_receiver_gone) {
            return;
        }
        if (paths_[agent].down_is_cut || events_.now() >= made->down.dead_from) {
            events_.after(connect_within, [this, connection] { lose(connection, Way::down); });
            return;
        }
        peers_.connected(agent, connection);
    });
}

void DeliveryNetwork::send(Connection connection, Way way, wire::proto::Frame frame) {
    Line* line = find(connection);
    if (line == nullptr || line->direction(other(way)).is_receiver_gone) {
        return;
    }
    if (is_hostile_ && (frame.has_batch() || frame.has_ack())) {
        const std::uint64_t what = random_.below(40);
        if (what < 2) {
            trace_.add(events_.now(), "connection {}: a frame comes twice", connection);
            post(connection, way, frame);
        } else if (what == 2 && frame.has_batch()) {
            trace_.add(events_.now(), "connection {}: a frame comes late", connection);
            auto shared = std::make_shared<wire::proto::Frame>(std::move(frame));
            events_.after(500ms, [this, connection, way, shared] {
                arrive(connection, way, std::move(*shared));
            });
            return;
        }
    }
    post(connection, way, std::move(frame));
}

/// In order behind what was sent before.
void DeliveryNetwork::post(Connection connection, Way way, wire::proto::Frame frame) {
    Line& line = lines_.at(connection);
    Direction& direction = line.direction(way);
    direction.latest = std::max(direction.latest, events_.now() + delay(line));
    auto shared = std::make_shared<wire::proto::Frame>(std::move(frame));  // std::function copies
    events_.at(direction.latest, [this, connection, way, shared] {
        arrive(connection, way, std::move(*shared));
    });
}

void DeliveryNetwork::arrive(Connection connection, Way way, wire::proto::Frame frame) {
    Line* line = find(connection);
    if (line == nullptr) {
        return;
    }
    Direction& direction = line->direction(way);
    if (direction.is_receiver_gone || events_.now() >= direction.dead_from) {
        return;
    }
    if (paths_[line->agent].is_cut(way) || !direction.held.empty()) {
        direction.held.push_back(std::move(frame));
        return;
    }
    hand_over(connection, way, std::move(frame));
}

void DeliveryNetwork::hand_over(Connection connection, Way way, wire::proto::Frame frame) {
    const std::size_t agent = lines_.at(connection).agent;
    if (way == Way::up) {
        peers_.to_collector(connection, std::move(frame));
    } else {
        peers_.to_agent(agent, connection, std::move(frame));
    }
}

/// `way`: in which what the closing end sent goes.
void DeliveryNetwork::close(Connection connection, Way way) {
    Line* line = find(connection);
    if (line == nullptr) {
        return;
    }
    line->direction(other(way)).is_receiver_gone = true;
    if (!line->is_made) {
        return;  // establish sees to it
    }
    Direction& direction = line->direction(way);
    direction.latest = std::max(direction.latest, events_.now() + delay(*line));
    events_.at(direction.latest, [this, connection, way] { end_arrives(connection, way); });
    forget_if_over(connection);
}

void DeliveryNetwork::end_arrives(Connection connection, Way way) {
    Line* line = find(connection);
    if (line == nullptr) {
        return;
    }
    Direction& direction = line->direction(way);
    const bool is_heard = !paths_[line->agent].is_cut(way) && direction.held.empty() &&
                          events_.now() < direction.dead_from;
    if (is_heard) {
        lose(connection, way);
    }
}

/// The end that receives in this direction hears that the connection is over.
void DeliveryNetwork::lose(Connection connection, Way way) {
    Line* line = find(connection);
    if (line == nullptr || line->direction(way).is_receiver_gone) {
        return;
    }
    line->direction(way).is_receiver_gone = true;
    const std::size_t agent = line->agent;
    trace_.add(
        events_.now(),
        "connection {} is over for the {}",
        connection,
        way == Way::up ? "collector" : "agent"
    );
    forget_if_over(connection);
    if (way == Way::up) {
        peers_.lost_by_collector(connection);
    } else {
        peers_.lost_by_agent(agent, connection);
    }
}

void DeliveryNetwork::forget_if_over(Connection connection) {
    const auto found = lines_.find(connection);
    if (found != lines_.end() && found->second.up.is_receiver_gone &&
        found->second.down.is_receiver_gone) {
        lines_.erase(found);
    }
}

void DeliveryNetwork::agent_gone(std::size_t agent, Farewell farewell) {
    std::vector<Connection> all;
    for (auto& [connection, line] : lines_) {
        if (line.agent == agent && !line.down.is_receiver_gone) {
            all.push_back(connection);
        }
    }
    for (const Connection connection : all) {
        if (farewell == Farewell::reset) {
            close_by_agent(connection);
        } else {
            lines_.at(connection).down.is_receiver_gone = true;
            forget_if_over(connection);
        }
    }
}

void DeliveryNetwork::collector_gone(Farewell farewell) {
    std::vector<Connection> all;
    for (auto& [connection, line] : lines_) {
        if (line.is_made && !line.up.is_receiver_gone) {
            all.push_back(connection);
        }
    }
    for (const Connection connection : all) {
        if (farewell == Farewell::reset) {
            close_by_collector(connection);
        } else {
            lines_.at(connection).up.is_receiver_gone = true;
            forget_if_over(connection);
        }
    }
}

void DeliveryNetwork::cut(std::size_t agent, Way way) {
    trace_.add(events_.now(), "path {} of agent {} is cut", way == Way::up ? "up" : "down", agent);
    paths_[agent].flag(way) = true;
    // An end that sends into nothing hears of it in the end.
    for (const auto& each : lines_) {
        const Connection connection = each.first;
        if (each.second.agent == agent && each.second.is_made && random_.below(2) == 0) {
            events_.after(user_timeout, [this, connection, agent, way] {
                if (paths_[agent].is_cut(way)) {
                    lose(connection, other(way));
                }
            });
        }
    }
}

void DeliveryNetwork::mend(std::size_t agent, Way way) {
    if (!std::exchange(paths_[agent].flag(way), false)) {
        return;
    }
    trace_.add(
        events_.now(), "path {} of agent {} is whole", way == Way::up ? "up" : "down", agent
    );
    std::vector<Connection> all;
    for (const auto& [connection, line] : lines_) {
        if (line.agent == agent && line.is_made) {
            all.push_back(connection);
        }
    }
    for (const Connection connection : all) {
        if (random_.below(2) == 0) {
            kill(connection);
            continue;
        }
        while (Line* line = find(connection)) {
            auto& held = line->direction(way).held;
            if (held.empty() || line->direction(way).is_receiver_gone) {
                break;
            }
            wire::proto::Frame frame = std::move(held.front());
            held.pop_front();
            hand_over(connection, way, std::move(frame));
        }
    }
}

void DeliveryNetwork::mend_all() {
    for (std::size_t agent = 0; agent < paths_.size(); ++agent) {
        mend(agent, Way::up);
        mend(agent, Way::down);
    }
}

/// From now on it brings nothing; perhaps an end hears of it, when it sends.
void DeliveryNetwork::kill(Connection connection) {
    Line& line = lines_.at(connection);
    trace_.add(events_.now(), "connection {} is dead", connection);
    for (const Way way : {Way::up, Way::down}) {
        line.direction(way).dead_from = std::min(line.direction(way).dead_from, events_.now());
        line.direction(way).held.clear();
        if (random_.below(2) == 0) {
            events_.after(std::chrono::milliseconds(random_.below(5000)), [this, connection, way] {
                lose(connection, way);
            });
        }
    }
}

void DeliveryNetwork::reset(std::size_t agent) {
    for (auto& each : lines_) {
        const Connection connection = each.first;
        Line& line = each.second;
        if (line.agent != agent || !line.is_made) {
            continue;
        }
        trace_.add(events_.now(), "connection {} is reset", connection);
        for (const Way way : {Way::up, Way::down}) {
            const Duration after = std::chrono::microseconds(
                random_.below(2 * static_cast<std::uint64_t>(line.latency.count() / 1000) + 1)
            );
            line.direction(way).dead_from =
                std::min(line.direction(way).dead_from, events_.now() + after);
            // Now and then one end never hears of it.
            if (random_.below(8) != 0) {
                events_.after(after, [this, connection, way] { lose(connection, way); });
            }
        }
    }
}

}  // namespace muster::test
