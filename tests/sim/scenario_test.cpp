// Agent, link and collector in one thread on virtual time: a day in seconds, and the same day again from the same seed.
#include "base/random.hpp"
#include "tests/sim/simulated_day.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::UnorderedElementsAreArray;

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

    Device at(const std::string& host, Duration since_start) const {
        const int number = std::stoi(host.substr(host.rfind('.') + 1));
        const auto spans = spans_.find(number);
        const bool fails =
            spans != spans_.end() && std::ranges::any_of(spans->second, [&](const auto& span) {
                return since_start >= span.first && since_start < span.second;
            });
        return fails ? Device::fails : Device::answers;
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

/// Some hosts with a handful of faults each.
Scenario random_faults(std::uint64_t seed) {
    std::string text = std::string(one_channel) + "targets:\n";
    for (int host = 0; host < targets; ++host) {
        const std::string number = std::to_string(host);
        text += "  - name: host" + number + "\n    class: server\n    address: 10.0.0." + number +
                "\n    hold: 5s\n    probes: [{type: icmp, interval: 10s, timeout: 2s}]\n";
    }
    const auto watch = [text](const std::string&) { return text; };
    return {watch, [faults = Faults(seed)](const agent::ScheduledProbe& probe, Duration since) {
                return faults.at(probe.host, since);
            }};
}

TEST(SimulatedDay, HasOneIncidentForEachFaultToldTwice) {
    const Day day = live_through(random_faults(7), 7, 0, 0);
    EXPECT_GT(day.produced, 43'000U);
    EXPECT_LE(day.unacked, 2U);
    const std::size_t faults = Faults(7).count();
    EXPECT_GT(faults, 10U);
    EXPECT_EQ(day.incidents.size(), faults);
    EXPECT_EQ(
        std::ranges::count(day.incidents, "resolved", &SimIncident::state),
        static_cast<std::ptrdiff_t>(faults)
    );
    EXPECT_EQ(day.told.size(), 2 * faults);
}

TEST(SimulatedDay, IsTheSameAgainFromTheSameSeed) {
    const Day first = live_through(random_faults(11), 11, 20, 2);
    const Day second = live_through(random_faults(11), 11, 20, 2);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.told, second.told);
}

TEST(SimulatedDay, RefoldedFromTheJournalGivesTheSameTables) {
    const Day day = live_through(random_faults(13), 13, 20, 3);
    EXPECT_FALSE(day.digest.empty());
    EXPECT_EQ(day.digest, day.refolded);
}

TEST(SimulatedDay, WithABrokenNetworkHasTheSameIncidents) {
    const Day calm = live_through(random_faults(17), 17, 0, 0);
    const Day rough = live_through(random_faults(17), 17, 60, 0);
    const auto told_apart = [](const Day& day) {
        std::vector<std::tuple<std::string, std::string, Duration>> list;
        for (const SimIncident& incident : day.incidents) {
            list.emplace_back(incident.number, incident.ci, incident.started);
        }
        return list;
    };
    EXPECT_GT(calm.incidents.size(), 10U);
    EXPECT_EQ(told_apart(rough), told_apart(calm));
    EXPECT_THAT(rough.told, UnorderedElementsAreArray(calm.told));
    EXPECT_LE(rough.unacked, 2U);
}

}  // namespace
}  // namespace muster::test
