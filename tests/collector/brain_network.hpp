// Owns: machines with agents on a network that can be broken, for tests of what the brain makes of it.
#pragma once

#include "base/random.hpp"
#include "brain_world.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector::brain_test {

/// When an agent that is not heard is silent, and when that is an incident.
struct Silence {
    Duration after = std::chrono::seconds(30);
    Duration incident_after = std::chrono::minutes(5);
};

/// Agents on machines of their own, and what answers: every second each agent that is up says what its
/// probes see. Hosts, links and sight can be taken away.
class Network {
  public:
    /// name → (address, site)
    using Places = std::map<std::string, std::pair<std::string, std::string>>;

    /// `watch`: targets and more; `targets`: their hosts by name. Ends when everything is known to be well.
    explicit Network(
        const Places& where,
        const std::string& watch = "targets: []\n",
        std::map<std::string, std::string> targets = {},
        const Silence& silence = Silence()
    );

    bool answers(const std::string& from, const std::string& host) const;
    /// One second after the other.
    void run(Duration time);
    /// It is linked, alive, says Hello, and tells what it has spooled.
    void come_back(const std::string& name);
    std::vector<std::string> open_kinds();

    std::vector<std::string> titles() { return world.column("incident", incident_title); }

    BrainWorld world;
    std::map<std::string, TestAgent*> agents;
    std::map<std::string, std::string> host_of;
    std::set<std::string> dead;     ///< addresses
    std::set<std::string> unasked;  ///< addresses whose turn does not come
    std::set<std::string> linked;   ///< agents whose words reach the collector
    std::set<std::string> stopped;
    std::set<std::string> spooling;  ///< agents that go on measuring while they are not linked
    std::set<std::string> blind;     ///< agents that see nothing
    std::set<std::pair<std::string, std::string>> severed;
    std::map<std::string, std::string> target_hosts;  ///< CI → host
    std::map<std::string, std::int64_t> rtt_ms;  ///< CI → what is measured of it while it answers

  private:
    std::vector<Said> measure(const std::string& name, const TestAgent& agent) const;
};

/// An agent beside the collector, and three hosts of a site.
extern const Network::Places three_hosts;
/// Targets far1 and far2 at 10.9.0.1 and 10.9.0.2, which the agent beside the collector watches.
std::string two_targets();

/// An agent beside the collector, three hosts at one site and two at another, and targets.
Network large_network();

/// Breaks a large network in every way there is, at random, and heals it in any order; in the end everything is well.
void live_through_night(Network& net, std::uint64_t seed);

}  // namespace muster::collector::brain_test
