#include "tests/sim/simulated_day.hpp"

#include "tests/sim/sim_agent.hpp"
#include "tests/sim/sim_collector.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

std::vector<SimIncident> read_incidents(SimCollector& collector, WallTime began) {
    const auto column = [&](const std::string& what) {
        return collector.column(
            "SELECT CAST(" + what +
            " AS TEXT) FROM incident i LEFT JOIN ci c ON c.id = i.ci LEFT JOIN probe p ON p.id = "
            "i.probe ORDER BY i.number"
        );
    };
    const auto since = [&](const std::string& ns) { return wall_from_ns(std::stoll(ns)) - began; };
    const auto number = column("i.number");
    const auto ci = column("c.name");
    const auto probe = column("p.type");
    const auto reason = column("i.reason");
    const auto expected = column("i.expected");
    const auto seen = column("i.seen");
    const auto state = column("i.state");
    const auto resolved_by = column("i.resolved_by");
    const auto started = column("i.started");
    const auto opened = column("i.opened");
    std::vector<SimIncident> all;
    for (std::size_t at = 0; at < number.size(); ++at) {
        all.push_back(
            {"INC-" + number[at],
             ci[at],
             probe[at],
             reason[at],
             expected[at],
             seen[at],
             state[at],
             resolved_by[at],
             since(started[at]),
             since(opened[at])}
        );
    }
    return all;
}

}  // namespace

Day live_through(const Scenario& scenario, std::uint64_t seed, int cuts, int restarts) {
    const TempDir dir("/dev/shm");  // days of commits: virtual time should not wait for a disk
    write_text(dir / "secret", "confidential-1");
    SeededRandom random(seed);
    ManualClock clock(wall_from_ns(1'795'000'000'000'000'000), MonoTime{1h});
    EventQueue events(clock);
    const WallTime began = clock.wall();
    SimAgent agent(events, random, [&](const agent::ScheduledProbe& probe, WallTime when) {
        return scenario.script(probe, when - began);
    });
    SimCollector collector(events, clock, dir.path(), scenario.watch(dir / "secret"));
    NetworkEnds ends;
    ends.reachable = [&] { return collector.is_running(); };
    ends.accepted = [&](std::uint64_t connection) { collector.on_accepted(connection); };
    ends.to_collector = [&](std::uint64_t connection, wire::proto::Frame frame) {
        collector.on_frame(connection, std::move(frame));
    };
    ends.lost_by_collector = [&](std::uint64_t connection) { collector.on_lost(connection); };
    ends.connected = [&] { agent.on_connected(); };
    ends.to_agent = [&](wire::proto::Frame frame) { agent.on_frame(std::move(frame)); };
    ends.lost_by_agent = [&] { agent.on_lost(); };
    SimNetwork network(events, random, ends);
    agent.attach(network);
    collector.attach(network, AgentId{Uuid::named("simulated agent")});
    collector.start();
    for (int cut = 0; cut < cuts; ++cut) {
        events.after(std::chrono::seconds(random.below(80'000)), [&] { network.cut(); });
    }
    for (int restart = 0; restart < restarts; ++restart) {
        const Duration at = 1h + restart * (20h / restarts);
        events.after(at, [&] { collector.stop(); });
        events.after(at + 1min, [&] { collector.start(); });
    }
    const MonoTime end = events.now() + 24h;
    while (events.now() < end) {
        const MonoTime next =
            std::min({events.next(), agent.next_wake(), collector.next_wake(), end});
        events.run_until(next);
        agent.step();
        collector.step();
    }
    Day day;
    day.digest = collector.digest();
    day.refolded = collector.refolded(dir / "shadow.db");
    day.told = collector.told();
    day.incidents = read_incidents(collector, began);
    const auto items =
        collector.column("SELECT c.name FROM probe p JOIN ci c ON c.id = p.ci ORDER BY p.row");
    const auto states =
        collector.column("SELECT p.state FROM probe p JOIN ci c ON c.id = p.ci ORDER BY p.row");
    for (std::size_t at = 0; at < items.size(); ++at) {
        day.probes[items[at]] = states[at];
    }
    day.produced = agent.produced();
    day.unacked = agent.unacked();
    return day;
}

}  // namespace muster::test
