// Owns: random journals for tests of the brain: faults, cut-off agents, restarts, commands,
// reloads; the same for the same seed.
#pragma once

#include "base/random.hpp"
#include "brain_world.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::collector::brain_test {

/// How much happens at random beside faults.
enum class Turmoil { faults_only, everything };

/// Drives a BrainWorld second by second.
class RandomScript {
  public:
    RandomScript(BrainWorld& world, std::uint64_t seed, Turmoil turmoil);

    /// Channels beside "ops", as in the file; they fail and are tested too. Before `set_up`.
    void tell_also(std::string channels) { more_channels_ = std::move(channels); }

    /// People work on incidents and make windows, and what fails again soon is the same incident. Before `set_up`.
    void let_people_work() { people_work_ = true; }

    /// Agents, configuration, first answers.
    void set_up(int agents, int targets, int probes_each);
    /// `seconds` of operation. Every fault is at least 15 s long, with at least 15 s of health
    /// before the next.
    void run(int seconds);
    /// Everything heals, everybody reconnects, everything is delivered.
    void calm_down();

    /// Faults that were begun: each must have become exactly one incident.
    std::uint64_t faults() const { return faults_; }

  private:
    struct TargetState {
        std::string name;
        int agent = 0;
        bool failing = false;
        int until_change = 0;
    };

    struct AgentDriver {
        TestAgent* agent = nullptr;
        bool linked = true;
        int seconds_cut = 0;
    };

    void second();
    void measure();
    void turmoil();
    /// Agents look at their machines, which change: services come and go, an address moves from one to the other.
    void look();
    void cut_or_mend(AgentDriver& driver);
    void collector_restart();
    void some_command();
    void some_work(const std::string& number, const std::string& key);
    std::string yaml(int targets) const;

    BrainWorld& world_;
    SeededRandom random_;
    Turmoil turmoil_;
    std::vector<TargetState> targets_;
    std::vector<AgentDriver> agents_;
    int probes_each_ = 1;
    std::string more_channels_;
    bool people_work_ = false;
    std::uint64_t faults_ = 0;
    std::uint64_t next_key_ = 0;
    int seconds_ = 0;
    bool calming_ = false;
};

}  // namespace muster::collector::brain_test
