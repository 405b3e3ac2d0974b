// Owns: a collector without threads and sockets that can die at any moment: intake and journal of muster-collector on virtual time,
// on real SQLite files, with a brain where one is wanted. Leaves to sim_collector.hpp: a collector that is only ever stopped orderly.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/entries.pb.h"
#include "collector/journal/journal_writer.hpp"
#include "tests/sim/delivery_agent.hpp"
#include "tests/sim/delivery_network.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// What is done wrongly on purpose, to see that the oracles notice.
enum class SeededBug {
    none,
    ack_before_commit,  ///< a group is answered when it is handed to the journal
    fold_before_sync  ///< the journal's commits are folded before a power cut can no longer undo them
};

struct DeliveryCollectorOptions {
    std::string dir;
    collector::IntakeOptions intake;
    collector::JournalOptions journal;
    /// Without a brain: so many pings of each agent, one each `interval`.
    std::uint32_t probes = 3;
    Duration interval = std::chrono::seconds(2);
    /// With a brain: targets, policies and channels.
    std::string watch;
    SeededBug bug = SeededBug::none;
};

class DeliveryCollector {
  public:
    DeliveryCollector(
        EventQueue& events,
        const Clock& world,
        std::uint64_t seed,
        Trace& trace,
        DeliveryCollectorOptions options,
        std::vector<AgentId> agents
    );

    void attach(DeliveryNetwork& network) { network_ = &network; }

    void start();

    bool is_running() const { return intake_.has_value(); }

    /// kill: what was committed is there. power_cut: as well, since a commit is synced.
    enum class Death { kill, power_cut };
    void die(Death death);
    /// It dies when the next group is about to be committed, or when it was, before anybody hears of it; none: it does not.
    enum class Moment { before_commit, after_commit };

    void die_at_commit(std::optional<Moment> moment) { dies_at_ = moment; }

    /// Nothing can be stored for as long.
    void set_full(bool full) { is_full_ = full; }

    /// A backup of the journal, as the collector makes them.
    void take_backup();
    /// It is put in place of what is there; not running. False: there is none.
    bool restore();

    void step();
    MonoTime next_wake() const;

    void on_accepted(std::size_t agent, Connection connection);
    void on_frame(Connection connection, wire::proto::Frame frame);
    void on_lost(Connection connection);

    MachineClock& clock() { return clock_; }

    /// What the journal holds, read from its files; running or not.
    struct Contents {
        std::map<AgentId, std::vector<collector::proto::BatchEntry::Item>> items;
        std::map<AgentId, std::vector<collector::AgentCursor>> cursors;
        std::map<collector::EntryKind, std::uint64_t> entries;
        std::uint64_t quarantined = 0;
    };

    Contents contents() const;

    /// "host3 unreachable opened ops": what was told of whom, each once, sorted.
    std::vector<std::string> told();
    /// Of all incidents: of which item, by which probe, why, in which state; sorted.
    std::vector<std::string> incidents();
    /// Whether nothing waits to be told.
    bool is_quiet();
    /// Tables and memory, and those of a brain that folds the whole journal anew.
    std::pair<std::string, std::string> digests();

    std::uint64_t commits() const { return commits_; }

    std::uint64_t backups() const { return backups_; }

  private:
    struct Group {
        std::uint64_t id = 0;
        std::vector<collector::Pending> pending;
    };

    std::string journal_dir() const { return options_.dir + "/journal"; }

    void issue();
    void pump();
    void commit(Group group);
    void answer(std::uint64_t group, Result<std::vector<collector::AgentCursor>> rejected);
    void perform(collector::Intake::Actions actions);
    void first_entries();
    void catch_up();
    void fold(const std::vector<collector::Entry>& entries);
    void append_own();
    void deliver();
    std::vector<std::string> column(const std::string& sql);
    void keep_undone();

    EventQueue& events_;
    MachineClock clock_;
    SeededRandom random_;
    Trace& trace_;
    DeliveryCollectorOptions options_;
    std::vector<AgentId> agents_;
    DeliveryNetwork* network_ = nullptr;
    RealFiles files_;
    std::optional<collector::JournalWriter> writer_;
    std::optional<collector::Intake> intake_;
    std::optional<collector::Brain> brain_;
    std::map<Connection, collector::SessionId> sessions_;
    std::map<collector::SessionId, Connection> connections_;
    std::vector<collector::Pending> own_;  // entries that the folds asked for
    std::set<std::string> under_way_;      // messages
    std::uint64_t life_ = 0;
    MonoTime last_commit_{};  // in the order of their groups
    MonoTime last_answer_{};
    MonoTime next_upkeep_{};
    std::optional<Moment> dies_at_;
    bool is_full_ = false;
    bool has_backup_ = false;
    std::uint64_t commits_ = 0;
    std::uint64_t backups_ = 0;
};

}  // namespace muster::test
