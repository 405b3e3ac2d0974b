// Several faults stand at once and are mended in every order: each is one incident, and whoever was told of it is told once
// that it is over.
#include "brain_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Trouble {
    silent_agent,   ///< a1 hangs
    host_off,       ///< a2 loses power
    watcher_off,    ///< so does a3, which watches a2
    own_site_cut,   ///< the site of all these is cut off
    site_cut,       ///< another site is
    observer_blind  ///< the collector and the agent beside it lose their uplink
};

std::string name_of(Trouble trouble) {
    static constexpr std::array names = {
        "silent agent", "host off", "watcher off", "own site cut", "site cut", "observer blind"
    };
    return names.at(static_cast<std::size_t>(trouble));
}

/// What the one incident of it says.
std::string title_of(Trouble trouble) {
    static constexpr std::array titles = {
        "agent a1 is silent",
        "host a2 is down",
        "host a3 is down",
        "site alpha is cut off",
        "site beta is cut off",
        "vantage local is isolated"
    };
    return titles.at(static_cast<std::size_t>(trouble));
}

std::string targets_of_local() {
    std::string text =
        "incidents: {reopen_within: 0s}\nhost_watch: {interval: 1s, failures: 3}\ntargets:\n";
    for (const std::string n : {"1", "2"}) {
        text += "  - {name: far" + n + ", class: server, address: 10.9.0." + n +
                ", from: {agent: local}, hold: 1s, probes: [{type: icmp, name: p, interval: 1s, "
                "timeout: 500ms}]}\n";
    }
    return text;
}

/// An agent beside the collector, a site of seven hosts and one of three, and what stands in the way of each just now.
class Estate {
  public:
    Estate()
        : net_(
              {{"local", {"127.0.0.1", "HQ"}},
               {"a1", {"10.0.1.1", "alpha"}},
               {"a2", {"10.0.1.2", "alpha"}},
               {"a3", {"10.0.1.3", "alpha"}},
               {"a4", {"10.0.1.4", "alpha"}},
               {"a5", {"10.0.1.5", "alpha"}},
               {"a6", {"10.0.1.6", "alpha"}},
               {"a7", {"10.0.1.7", "alpha"}},
               {"b1", {"10.0.2.1", "beta"}},
               {"b2", {"10.0.2.2", "beta"}},
               {"b3", {"10.0.2.3", "beta"}}},
              targets_of_local(),
              {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}},
              {.after = seconds(3), .incident_after = seconds(10)}
          ) {}

    /// Inventories find the machines, but for the collector's, which nobody watches: the watches go on there.
    void find_machines() {
        for (const auto& [name, agent] : net_.agents) {
            if (name != "local") {
                net_.world.observe(*agent, machine(name, net_.host_of.at(name)));
            }
        }
        net_.run(seconds(5));
    }

    void begin(Trouble trouble) {
        standing_.insert(trouble);
        arrange();
    }

    void end(Trouble trouble) {
        standing_.erase(trouble);
        arrange();
    }

    void run(Duration time) { net_.run(time); }

    /// Troubles that nothing hides from the collector now.
    std::set<Trouble> in_sight() const {
        std::set<Trouble> out;
        for (const Trouble trouble : standing_) {
            const bool is_beyond = trouble == Trouble::site_cut || trouble == Trouble::own_site_cut;
            const bool is_hidden =
                stands(Trouble::observer_blind) || (stands(Trouble::own_site_cut) && !is_beyond);
            if (!is_hidden || trouble == Trouble::observer_blind) {
                out.insert(trouble);
            }
        }
        return out;
    }

    Network& net() { return net_; }

  private:
    bool stands(Trouble trouble) const { return standing_.contains(trouble); }

    bool is_off(const std::string& name) const {
        return (name == "a2" && stands(Trouble::host_off)) ||
               (name == "a3" && stands(Trouble::watcher_off));
    }

    bool is_hung(const std::string& name) const {
        return name == "a1" && stands(Trouble::silent_agent);
    }

    /// Which part of the network it is in: what is in different parts does not reach each other.
    std::string part_of(const std::string& name) const {
        if (name == "local") {
            return stands(Trouble::observer_blind) ? "local" : "world";
        }
        const bool is_cut =
            name.starts_with("a") ? stands(Trouble::own_site_cut) : stands(Trouble::site_cut);
        return is_cut ? name.substr(0, 1) : "world";
    }

    void arrange() {
        net_.dead.clear();
        net_.severed.clear();
        net_.blind.clear();
        for (const auto& [name, host] : net_.host_of) {
            if (is_off(name)) {
                net_.dead.insert(host);
            }
            for (const auto& [other, its_host] : net_.host_of) {
                if (part_of(name) != part_of(other)) {
                    net_.severed.insert({name, its_host});
                }
            }
            if (part_of(name) != "world") {
                net_.severed.insert({name, "10.9.0.1"});
                net_.severed.insert({name, "10.9.0.2"});
            }
        }
        for (const auto& [name, host] : net_.host_of) {
            const bool is_heard =
                !is_off(name) && !is_hung(name) && part_of(name) == part_of("local");
            if (!is_heard) {
                net_.linked.erase(name);
                net_.spooling.erase(name);
                if (!is_hung(name)) {
                    net_.spooling.insert(name);
                }
            } else if (!net_.linked.contains(name)) {
                net_.come_back(name);
            }
        }
    }

    Network net_;
    std::set<Trouble> standing_;
};

struct Step {
    Trouble trouble;
    bool begins;
};

/// Every order of beginnings and ends in which nothing ends before it began: 90 for three troubles.
std::vector<std::vector<Step>> all_orders(const std::vector<Trouble>& troubles) {
    std::vector<std::size_t> order;  // of each trouble twice: the first time it begins
    for (std::size_t at = 0; at < troubles.size(); ++at) {
        order.insert(order.end(), {at, at});
    }
    std::vector<std::vector<Step>> out;
    do {
        std::set<std::size_t> begun;
        std::vector<Step> steps;
        for (const std::size_t at : order) {
            steps.push_back({troubles[at], begun.insert(at).second});
        }
        out.push_back(std::move(steps));
    } while (std::ranges::next_permutation(order).found);
    return out;
}

std::string text_of(const std::vector<Step>& steps) {
    std::string text;
    for (const Step& step : steps) {
        text += (text.empty() ? "" : ", ") + name_of(step.trouble) +
                (step.begins ? " begins" : " ends");
    }
    return text;
}

/// Whoever was told of an incident was told once that it is over.
void expect_each_end_told_once(Network& net) {
    std::map<std::string, std::vector<std::string>> told;
    for (const std::string& message : net.world.outbox()) {
        const std::size_t slash = message.find('/');
        told[message.substr(0, slash)].push_back(
            message.substr(slash + 1, message.rfind('/') - slash - 1)
        );
    }
    EXPECT_EQ(told.size(), net.world.rows("incident").size());
    for (const auto& [incident, transitions] : told) {
        EXPECT_THAT(transitions, testing::ElementsAre("opened", "resolved")) << incident;
    }
}

/// How long each step lasts before the next: long enough for every verdict, or for none.
struct Pace {
    std::string name;
    Duration time;
};

const std::vector<std::vector<Trouble>> mixes = {
    {Trouble::silent_agent, Trouble::host_off, Trouble::site_cut},
    {Trouble::silent_agent, Trouble::host_off, Trouble::own_site_cut},
    {Trouble::silent_agent, Trouble::host_off, Trouble::observer_blind},
    {Trouble::host_off, Trouble::watcher_off, Trouble::observer_blind},
    {Trouble::host_off, Trouble::site_cut, Trouble::observer_blind},
};

const std::vector<Pace> paces = {
    {"slow", seconds(18)}, {"brisk", seconds(6)}, {"fast", seconds(2)}
};

constexpr std::size_t slow = 0;
constexpr std::size_t parts = 3;
/// What is not slow decides less: some orders are enough.
constexpr std::size_t stride_of_brisk = 8;

/// A host that goes down just before its site is cut off is taken for part of that, and told again when it is not.
long most_told(const std::vector<Trouble>& mix, Trouble trouble, const Pace& pace) {
    const bool is_in_doubt = trouble == Trouble::host_off && pace.name != "slow" &&
                             std::ranges::find(mix, Trouble::own_site_cut) != mix.end();
    return is_in_doubt ? 2 : 1;
}

class Healing : public testing::TestWithParam<std::tuple<std::size_t, std::size_t, std::size_t>> {};

INSTANTIATE_TEST_SUITE_P(
    SlowMixes,
    Healing,
    testing::Combine(
        testing::Range<std::size_t>(0, mixes.size()),
        testing::Range<std::size_t>(0, paces.size()),
        testing::Range<std::size_t>(0, parts)
    ),
    [](const auto& info) {
        return "mix" + std::to_string(std::get<0>(info.param)) +
               paces[std::get<1>(info.param)].name + std::to_string(std::get<2>(info.param));
    }
);

TEST_P(Healing, InAnyOrderEachFaultIsOneIncidentAndEachEndIsToldOnce) {
    const auto& [mix, pace, part] = GetParam();
    const std::vector<std::vector<Step>> orders = all_orders(mixes[mix]);
    ASSERT_EQ(orders.size(), 90U);
    const std::size_t stride = pace == slow ? parts : stride_of_brisk;
    for (std::size_t at = part; at < orders.size(); at += stride) {
        SCOPED_TRACE(text_of(orders[at]));
        Estate estate;
        std::set<Trouble> seen;
        if (mix % 2 == 0) {
            estate.find_machines();
        }
        ASSERT_THAT(estate.net().titles(), IsEmpty());
        for (const Step& step : orders[at]) {
            step.begins ? estate.begin(step.trouble) : estate.end(step.trouble);
            estate.run(paces[pace].time);
            seen.merge(estate.in_sight());
        }
        estate.run(seconds(40));
        EXPECT_THAT(estate.net().open_kinds(), IsEmpty());
        expect_each_end_told_once(estate.net());
        const std::vector<std::string> titles = estate.net().titles();
        std::size_t explained = 0;
        for (const Trouble trouble : mixes[mix]) {
            const auto told = std::ranges::count_if(titles, [&](const std::string& title) {
                return title.find(title_of(trouble)) != std::string::npos;
            });
            explained += static_cast<std::size_t>(told);
            EXPECT_LE(told, most_told(mixes[mix], trouble, paces[pace])) << title_of(trouble);
            if (pace == slow && seen.contains(trouble)) {
                EXPECT_EQ(told, 1) << title_of(trouble);
            }
        }
        EXPECT_EQ(explained, titles.size()) << testing::PrintToString(titles);
        for (const auto& row : estate.net().world.rows("ci")) {
            if (row[1] == "agent" || row[1] == "server") {
                EXPECT_EQ(row[7], "up") << row[1] << ' ' << row[2];
            }
        }
    }
}

}  // namespace
}  // namespace muster::collector::brain_test
