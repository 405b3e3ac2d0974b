// Owns: a collector without threads and sockets: intake, journal and brain of muster-collector on virtual time, on real
// SQLite files. Can be stopped and started again.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/journal_writer.hpp"
#include "tests/sim/sim_network.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::test {

class SimCollector {
  public:
    /// `watch`: targets, policies and channels.
    SimCollector(EventQueue& events, const Clock& clock, std::string dir, std::string watch);

    void attach(SimNetwork& network, AgentId agent) {
        network_ = &network;
        agent_ = agent;
    }

    void start();
    /// Orderly: goodbye, commit, snapshot.
    void stop();

    bool is_running() const { return brain_.has_value(); }

    void step();
    MonoTime next_wake() const;

    void on_accepted(std::uint64_t connection);
    void on_frame(std::uint64_t connection, wire::proto::Frame frame);
    void on_lost(std::uint64_t connection);

    /// "INC-1/opened/ops", in the order they were told; the sink confirms each after 100 ms.
    const std::vector<std::string>& told() const { return told_; }

    /// Canonical dump of the record.
    std::string digest();
    /// Folds the whole journal into a new record at `path` and dumps that.
    std::string refolded(const std::string& path);
    /// Rows of one column of state.db, in order: for assertions.
    std::vector<std::string> column(const std::string& sql);

  private:
    void append(std::vector<collector::Pending> pending);
    void fold(const std::vector<collector::Entry>& entries);
    void settle();
    void perform(collector::Intake::Actions actions);
    void deliver();
    void first_entries();

    EventQueue& events_;
    const Clock& clock_;
    std::string dir_;
    std::string watch_;
    SimNetwork* network_ = nullptr;
    AgentId agent_;
    RealFiles files_;
    std::optional<collector::JournalWriter> writer_;
    std::optional<collector::Brain> brain_;
    std::optional<collector::Intake> intake_;
    std::map<std::uint64_t, collector::SessionId> sessions_;  // by connection
    std::map<collector::SessionId, std::uint64_t> connections_;
    std::vector<collector::Pending> waiting_;
    std::set<std::string> under_way_;
    std::vector<std::string> told_;
    MonoTime next_upkeep_{};
};

}  // namespace muster::test
