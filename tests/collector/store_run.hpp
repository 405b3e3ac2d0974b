// Owns: everything that a collector stores, driven as values on a disk that fails: journal, record, history, access.db; what was
// confirmed, and whether it is all there. Leaves to the tests: when the disk fails.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "collector/brain/brain.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/history/history.hpp"
#include "collector/journal/journal_reader.hpp"
#include "collector/journal/journal_writer.hpp"
#include "tests/support/sim_files.hpp"
#include "tests/support/sim_vfs.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::collector::test {

/// The part of a collector that an error ended.
struct Ended {
    std::string part;
    Error why;
};

class StoreRun {
  public:
    StoreRun(std::string folder, muster::test::SimFiles& files, Durability journal);

    /// The folder is as a first start leaves it: the making of files is not what fails here.
    void begin_prepared(muster::test::SimVfs& disk);
    /// As a start does. The error is what the collector would end with.
    std::optional<Ended> open();
    /// The process ends; what it had in memory is gone.
    void close();
    /// A second of work. Errors that a running collector lives with (a full disk, history, upkeep) are counted; the others end it.
    std::optional<Ended> step();

    /// A backup of all of it in `folder`, made at once.
    Status back_up(const std::string& folder);

    /// Of the journal, of access.db, of history: refused because the disk took nothing.
    int refused() const { return refused_; }

    /// After `open`: everything confirmed is there, each record once, the cursors say what is there, no fold knows more than the
    /// journal, the databases are sound, and the record is what the journal says.
    void expect_whole();

    /// Records of the agents that were confirmed so far.
    std::uint64_t confirmed() const { return agents_[0].confirmed + agents_[1].confirmed; }

    const std::string& folder() const { return folder_; }

  private:
    struct Agent {
        AgentId id;
        SpoolId spool;
        std::uint64_t confirmed = 0;
        std::uint32_t epoch = 0;
        std::uint32_t probes = 1;
    };

    std::optional<Ended> append(std::vector<Pending> pending);
    std::optional<Ended> fold(const std::vector<Entry>& entries);
    std::optional<Ended> catch_up();
    void fold_history();
    void learn(const IssuedAssignments& issued);
    std::optional<Ended> send(Agent& agent, std::uint64_t records);
    Pending batch(const Agent& agent, std::uint64_t first, std::uint64_t last) const;
    std::vector<Pending> first_entries() const;
    void make_token();
    void maintain();
    void expect_sound(const std::string& path);
    void expect_record(const std::vector<Entry>& entries);

    std::string folder_;
    muster::test::SimFiles& files_;
    Durability durability_;
    ManualClock clock_;
    SeededRandom random_{1};
    std::optional<JournalWriter> writer_;
    std::optional<Brain> brain_;
    std::optional<History> history_;
    std::optional<AccessStore> access_;
    std::deque<Entry> held_;  ///< by history, which is stuck
    std::vector<Pending> wanted_;
    std::vector<Agent> agents_;
    std::map<Lsn, std::string> commands_;  ///< confirmed: body by entry
    Lsn last_ = 0;                         ///< confirmed
    std::set<std::string> tokens_;         ///< confirmed: ids
    int steps_ = 0;
    int refused_ = 0;
};

}  // namespace muster::collector::test
