// Owns: a collector without threads and sockets that can die at any moment: intake and journal of muster-collector on virtual time,
// on real SQLite files or on a disk that loses power and errs, with a brain where one is wanted. delivery_brain.cpp is the half
// that folds, delivery_disk.cpp the one that fails. Leaves to sim_collector.hpp: a collector that is only ever stopped orderly.
#pragma once

#include "collector/brain/brain.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/journal_writer.hpp"
#include "tests/sim/delivery_agent.hpp"
#include "tests/sim/delivery_network.hpp"
#include "tests/support/sim_vfs.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// What is done wrongly on purpose, to see that the oracles notice.
enum class SeededBug {
    none,
    ack_before_commit,    ///< a group is answered when it is handed to the journal
    commit_without_sync,  ///< the journal confirms, and hands on, what a power cut can still undo
    fold_ahead,           ///< the record says that more is folded than is in it
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
    bool has_bad_disk = false;  ///< its databases lie on a disk that loses power and errs
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

    /// killed: what was written is there. out_of_power: on a bad disk some of what was not synced is not. by_error: it ends itself.
    enum class Death { killed, out_of_power, by_error };
    void die(Death death);
    /// It dies when the next group is about to be committed, or when it was, before anybody hears of it; none: it does not.
    enum class Moment { before_commit, after_commit };

    void die_at_commit(std::optional<Moment> moment) { dies_at_ = moment; }

    bool has_bad_disk() const { return disk_ != nullptr; }

    /// On a bad disk: the power goes before it is changed for the `nth` time from now (from 1).
    void cut_power_before(std::uint64_t nth);
    /// On a bad disk: as SimVfs::fail_at.
    void fail_disk(DiskFault fault, std::uint64_t nth, std::uint64_t times);
    /// Nothing can be stored any more, or on a bad disk only so many bytes.
    void fill_disk(std::uint64_t room);
    /// Until it is emptied.
    void empty_disk();
    /// Nothing that has been asked for so far happens any more.
    void heal();

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

    std::string journal_dir() const { return options_.dir + "/journal"; }

    /// What it must not do and did; empty: nothing.
    const std::string& problem() const { return problem_; }

    /// "host3 unreachable opened ops": what was told of whom, each once, sorted.
    std::vector<std::string> told();
    /// Of all incidents: of which item, by which probe, why, in which state; sorted.
    std::vector<std::string> incidents();
    /// Whether nothing waits to be told.
    bool is_quiet();
    /// Tables and memory, and those of a brain that folds the whole journal anew.
    std::pair<std::string, std::string> digests();

    std::uint64_t power_cuts() const { return power_cuts_; }

    /// How often an error ended it.
    std::uint64_t ends() const { return ends_; }

    /// What a full disk did not take, and it went on.
    std::uint64_t refusals() const { return refusals_; }

  private:
    struct Group {
        std::uint64_t id = 0;
        std::vector<collector::Pending> pending;
    };

    std::string state_path() const { return options_.dir + "/state.db"; }

    void issue();
    void pump();
    void commit(Group group);
    void answer(std::uint64_t group, Result<std::vector<collector::AgentCursor>> rejected);
    void perform(collector::Intake::Actions actions);
    void tick();
    void keep_up();
    void first_entries();
    Status open_brain();
    Status catch_up();
    Status work(const std::vector<collector::Entry>& entries);
    void fold(const std::vector<collector::Entry>& entries);
    void go_on_folding();
    void pause_folding(const Error& why);
    void append_own();
    void deliver();
    std::vector<std::string> column(const std::string& sql);
    Status copy_journal(const std::string& folder);

    bool has_power() const { return !disk_ || disk_->is_on(); }

    void check(const char* part, const Error& why);
    void end(const char* part, const Error& why);
    bool lives_with(const char* part, const Error& why);

    EventQueue& events_;
    MachineClock clock_;
    SeededRandom random_;
    Trace& trace_;
    DeliveryCollectorOptions options_;
    std::vector<AgentId> agents_;
    DeliveryNetwork* network_ = nullptr;
    RealFiles files_;
    std::unique_ptr<SimVfs> disk_;  // none: a good one
    std::optional<collector::JournalWriter> writer_;
    std::optional<collector::Intake> intake_;
    std::optional<collector::Brain> brain_;  // none while its disk is full
    std::map<Connection, collector::SessionId> sessions_;
    std::map<collector::SessionId, Connection> connections_;
    std::vector<collector::Pending> own_;  // entries that the folds asked for
    std::set<std::string> under_way_;      // messages
    std::uint64_t life_ = 0;
    MonoTime last_commit_{};  // in the order of their groups
    MonoTime last_answer_{};
    MonoTime next_upkeep_{};
    MonoTime own_again_{};    // after a full disk
    MonoTime brain_again_{};  // likewise
    std::optional<Moment> dies_at_;
    bool is_full_ = false;
    bool has_backup_ = false;
    std::uint64_t failures_before_ = 0;  // of the disk, before this life
    std::uint64_t power_cuts_ = 0;
    std::uint64_t ends_ = 0;
    std::uint64_t refusals_ = 0;
    std::string problem_;
};

}  // namespace muster::test
