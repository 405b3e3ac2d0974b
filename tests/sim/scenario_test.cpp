// Agent, link and collector in one thread on virtual time: a day in seconds, and the same day again from the same seed.
#include "tests/sim/sim_agent.hpp"
#include "tests/sim/sim_collector.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr int targets = 5;

/// When each host is down: some faults a day, from one minute to half an hour.
class Faults {
  public:
    explicit Faults(std::uint64_t seed) {
        SeededRandom random(seed);
        for (int host = 0; host < targets; ++host) {
            Duration at = 10min;
            while (true) {
                at += std::chrono::minutes(30 + random.below(240));
                const Duration lasts = std::chrono::seconds(60 + random.below(1740));
                if (at + lasts + 15min > 24h) {
                    break;
                }
                spans_[host].emplace_back(at, at + lasts);
                at += lasts;
            }
        }
    }

    bool is_up(const std::string& host, Duration since_start) const {
        const int number = std::stoi(host.substr(host.rfind('.') + 1));
        const auto at = spans_.find(number);
        return at == spans_.end() || std::ranges::none_of(at->second, [&](const auto& span) {
                   return since_start >= span.first && since_start < span.second;
               });
    }

    std::size_t count() const {
        std::size_t sum = 0;
        for (const auto& [host, spans] : spans_) {
            sum += spans.size();
        }
        return sum;
    }

  private:
    std::map<int, std::vector<std::pair<Duration, Duration>>> spans_;
};

std::string watch() {
    std::string text =
        "channels:\n  - {name: ops, type: webhook, url: \"http://127.0.0.1:9/\", secret: {file: "
        "/none}}\ntargets:\n";
    for (int host = 0; host < targets; ++host) {
        const std::string number = std::to_string(host);
        text += "  - name: host" + number + "\n    class: server\n    address: 10.0.0." + number +
                "\n    hold: 5s\n    probes: [{type: icmp, interval: 10s, timeout: 2s}]\n";
    }
    return text;
}

struct Day {
    std::string digest;
    std::string refolded;
    std::vector<std::string> told;
    std::vector<std::string> incidents;  ///< states, by number
    std::uint64_t produced = 0;
    std::uint64_t unacked = 0;
};

/// One simulated day. `cuts`: how often the network breaks; `restarts`: how often the collector is stopped for a minute.
Day live_through(std::uint64_t seed, int cuts, int restarts) {
    const TempDir dir("/dev/shm");  // days of commits: virtual time should not wait for a disk
    SeededRandom random(seed);
    ManualClock clock(wall_from_ns(1'795'000'000'000'000'000), MonoTime{1h});
    EventQueue events(clock);
    const WallTime began = clock.wall();
    const Faults faults(seed);
    SimAgent agent(events, random, [&](const std::string& host, WallTime when) {
        return faults.is_up(host, when - began);
    });
    SimCollector collector(events, clock, dir.path(), watch());
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
    day.incidents = collector.column("SELECT state FROM incident ORDER BY number");
    day.produced = agent.produced();
    day.unacked = agent.last_seq() - agent.acked();
    return day;
}

TEST(SimulatedDay, HasOneIncidentForEachFaultToldTwice) {
    const Day day = live_through(7, 0, 0);
    EXPECT_GT(day.produced, 43'000U);
    EXPECT_LE(day.unacked, 2U);
    const std::size_t faults = Faults(7).count();
    EXPECT_GT(faults, 10U);
    EXPECT_EQ(day.incidents.size(), faults);
    EXPECT_EQ(std::ranges::count(day.incidents, "resolved"), static_cast<std::ptrdiff_t>(faults));
    EXPECT_EQ(day.told.size(), 2 * faults);
}

TEST(SimulatedDay, IsTheSameAgainFromTheSameSeed) {
    const Day first = live_through(11, 20, 2);
    const Day second = live_through(11, 20, 2);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.told, second.told);
}

TEST(SimulatedDay, RefoldedFromTheJournalGivesTheSameTables) {
    const Day day = live_through(13, 20, 3);
    EXPECT_FALSE(day.digest.empty());
    EXPECT_EQ(day.digest, day.refolded);
}

TEST(SimulatedDay, WithABrokenNetworkHasTheSameIncidents) {
    const Day calm = live_through(17, 0, 0);
    const Day rough = live_through(17, 60, 0);
    EXPECT_EQ(rough.incidents.size(), calm.incidents.size());
    EXPECT_EQ(rough.told.size(), calm.told.size());
    EXPECT_LE(rough.unacked, 2U);
}

}  // namespace
}  // namespace muster::test
