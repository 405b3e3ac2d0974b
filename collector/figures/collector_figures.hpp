// Owns: the numbers that the running parts of the collector keep, taken at one moment. Leaves to the parts: counting.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "collector/figures/histogram.hpp"
#include "collector/figures/process_figures.hpp"
#include "collector/journal/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::collector {

/// Since the start, but for `last` and `bytes`, which are now.
struct JournalFigures {
    Lsn last = 0;  ///< the newest entry
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;  ///< transactions that could not be stored
    Histogram appends;         ///< durable transactions
};

struct FoldFigures {
    Lsn folded = 0;
    Lsn behind = 0;   ///< entries in the journal that it has not taken
    Duration late{};  ///< journal time between the last entry it took and the newest
    std::size_t waiting_bytes = 0;
};

struct HistoryFigures {
    std::uint64_t results = 0;    ///< folded since the start
    std::uint64_t strangers = 0;  ///< left out: of an epoch or probe that is not known
    std::uint64_t tail_results = 0;
    std::uint64_t block_bytes = 0;
    std::uint64_t damaged_blocks = 0;
};

/// What an agent said of itself with its last heartbeat.
struct AgentFigures {
    AgentId agent;
    std::uint64_t waiting_results = 0;  ///< in its spool, not confirmed
    Duration oldest{};                  ///< how long the oldest of them waits
    std::uint64_t lost_results = 0;
    bool is_spool_in_memory = false;  ///< its disk takes nothing
    std::uint64_t skipped_runs = 0;
    Duration clock_ahead{};  ///< its calendar against ours; 0 within two seconds
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t quarantined_records = 0;  ///< counted by us, since our start
    Duration held_back{};                   ///< likewise
};

struct OutsideFigures {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;
    std::uint64_t skipped = 0;
    WallTime last_sent{};  ///< zero: never
};

struct BackupFigures {
    std::uint64_t made = 0;    ///< since the start
    std::uint64_t failed = 0;  ///< likewise
    std::size_t kept = 0;
    WallTime last_success{};  ///< when the newest was begun; zero: there is none
    std::uint64_t last_bytes = 0;
    Duration last_took{};
};

struct StorageFigures {
    std::uint64_t free_bytes = 0;  ///< where data_dir is
    bool is_full = false;          ///< no results are taken
};

struct CollectorFigures {
    std::string version;
    WallTime started{};
    bool is_ready = false;
    bool is_somebody_told = true;
    std::map<std::string, std::uint64_t> receipts;  ///< written since the start, by reason
    JournalFigures journal;
    FoldFigures brain;
    FoldFigures history_fold;
    HistoryFigures history;
    std::size_t sessions = 0;        ///< agents with a link
    std::uint64_t credit_bytes = 0;  ///< what each may have under way
    std::uint64_t quarantined = 0;
    std::uint64_t possible_duplicates = 0;  ///< results
    std::uint64_t from_future = 0;          ///< results
    std::uint64_t link_violations = 0;
    std::vector<AgentFigures> agents;  ///< with a link, and heard of since
    std::size_t connections = 0;       ///< of people and programs
    OutsideFigures heartbeat;
    BackupFigures backup;
    StorageFigures storage;
    ProcessFigures process;
};

}  // namespace muster::collector
