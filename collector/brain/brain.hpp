// Owns: the fold that decides: cmdb → policy → availability → incidents → outbox, one thread, one
// cursor, one transaction. Leaves to its stages (files beside this one): each decision; to the
// owner: threads, the journal, sending.
#pragma once

#include "base/database.hpp"
#include "collector/brain/assignment_list.hpp"
#include "collector/brain/receipt_counts.hpp"
#include "collector/command.hpp"
#include "collector/journal/entry.hpp"
#include "config/param_spec.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The complete set of probes of one agent.
struct IssuedAssignments {
    AgentId agent;
    std::uint32_t epoch = 0;
    /// Dense ids of this epoch are 0 … dense_count-1. `items` may be shorter: probes that were
    /// removed between issue and fold.
    std::uint32_t dense_count = 0;
    using Item = AssignmentItem;
    std::shared_ptr<const AssignmentList>
        items;  // shared by the brain and the network thread; const
    /// Older epochs whose results are still understood (a spool may hold them): epoch, dense_count.
    /// Rising.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> earlier;
};

/// What a commit releases to the rest of the process.
struct Effects {
    struct Answer {
        Lsn lsn;
        Verdict verdict;
    };

    std::vector<Answer> answers;  ///< to the command with that lsn

    /// To be appended to the journal (assignment.issued). Asked again after a restart until they
    /// have been folded.
    struct Append {
        EntryKind kind;
        std::string body;
    };

    std::vector<Append> append;
    std::vector<IssuedAssignments> issued;  ///< folded assignment.issued: push to the agent
    /// Whether anybody would be told has changed: why nobody would, or empty. Said once in every run.
    std::optional<std::string> nobody_told;
    std::uint64_t last_incident = 0;  ///< the highest number given so far
    std::vector<AgentId> shown;       ///< enrolled or revoked: whoever reads sees it
    bool outbox_changed = false;      ///< rows of `outbox` wait to be sent
    bool events = false;              ///< rows of `event` were written
    ReceiptCounts receipts;           ///< written since the last release
};

struct BrainOptions {
    std::string state_path;  ///< state.db; empty: in memory, for tests and the simulator
    std::vector<config::ProbeSchema> probe_types;
    Duration snapshot_every = std::chrono::seconds(20);
    std::uint64_t snapshot_results = 25'000'000;
    Duration reopen_if_failing = std::chrono::minutes(10);
};

/// Feed every entry once, in order, from `next_lsn()` on. Entries up to `folded()` only rebuild
/// memory: their output is there already.
class Brain {
  public:
    static Result<Brain> open(BrainOptions options);
    Brain(Brain&&) noexcept;
    ~Brain();

    /// The first entry wanted (snapshot + 1).
    Lsn next_lsn() const;
    Lsn folded() const;
    /// The first entry a restart would want: none before it is needed any more (the last snapshot +
    /// 1).
    Lsn kept_from() const;
    /// Folds one entry into memory and the open transaction. An error is the store's: the process
    /// must stop.
    Status fold(const Entry& entry);
    /// Commits what was folded and releases effects. A cheap no-op when nothing was written and the
    /// position is recent, and while rows that nobody waits for gather: at most 100 ms of journal
    /// time, or until it is called without a new entry.
    Result<Effects> commit();
    /// Saves memory state when due (by journal time or results folded) and checkpoints. Call after
    /// commit().
    Status snapshot_if_due();
    Status snapshot_now();
    /// A copy of state.db in `folder`. Steps between a commit and the next fold.
    Result<DatabaseCopy> begin_copy(const std::string& folder);
    /// Current sets of all agents, for the network thread at start.
    std::vector<IssuedAssignments> assignments() const;
    /// A dump of all tables in a canonical order (folding positions left out), for verify-replay
    /// and tests.
    Result<std::string> digest();
    /// SHA-256 over everything remembered: equal memories decide alike from here on. For tests and
    /// verify-replay.
    std::string memory_digest() const;
    /// Hash of the configuration folded last; empty before the first.
    std::string config_hash() const;
    /// Whether an incident of this key is not over.
    bool has_open(std::string_view key) const;

  private:
    struct Impl;
    explicit Brain(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
