// Owns: the fold that keeps every result for a while and roll-ups for longer: a tail in memory, immutable blocks in files,
// their merging, queries over both.
// Leaves to tail.hpp, block_file.hpp, merge.hpp, catalog_store.hpp: each of these; to history_thread.hpp: when.
#pragma once

#include "base/database.hpp"
#include "base/files.hpp"
#include "collector/history/block_totals.hpp"
#include "collector/history/history_kind.hpp"
#include "collector/history/history_series.hpp"
#include "collector/journal/entry.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace muster::collector {

struct HistoryOptions {
    Duration seal_every =
        std::chrono::seconds(60);            ///< journal time after which the tail becomes a block
    std::uint64_t tail_samples = 8'000'000;  ///< the tail becomes a block before it is larger
    std::uint64_t tail_bytes = 192U << 20U;
    std::vector<std::uint32_t> fan_in = {
        12, 10, 12
    };  ///< so many blocks of a level make one of the next: 1 min → 12 min → 2 h → 1 day
    std::uint32_t month_fan_in = 30;  ///< and so many days of hourly roll-ups one of a month
    std::uint64_t merged_samples = 256'000'000;  ///< no merged block is larger
    /// Blocks are dropped beyond this: results first, then roll-ups of five minutes, then hourly ones; the oldest of each.
    std::uint64_t keep_bytes = std::uint64_t{64} << 30U;
    /// And those whose newest sample is older than this, by the wall time of the newest entry folded.
    ByKind<Duration> keep_for{
        std::chrono::hours(14 * 24), std::chrono::hours(90 * 24), std::chrono::hours(730 * 24)
    };
    std::size_t query_points = 50'000;
    DatabaseMode catalog =
        DatabaseMode::writer;  ///< memory: for the simulator, together with MemoryFiles
};

/// Counted since the start, but for blocks and the tail, which are now.
struct HistoryStats {
    std::uint64_t samples = 0;    ///< folded
    std::uint64_t strangers = 0;  ///< results of an unknown epoch or dense id: left out
    std::uint64_t tail_samples = 0;
    std::uint64_t blocks = 0;         ///< of results
    std::uint64_t block_samples = 0;  ///< of results
    std::uint64_t block_bytes = 0;    ///< of results
    ByKind<BlockTotals> kinds;        ///< these, and those of roll-ups
    std::uint64_t sealed = 0;
    std::uint64_t merges = 0;
    std::uint64_t damaged = 0;  ///< blocks found unreadable
};

/// One thread at a time. Its outputs depend on the entries alone: folding again after a crash writes the same blocks.
class History {
  public:
    /// Opens or creates `directory`/catalog.db and removes files that no finished block owns. `files` outlives this.
    static Result<History> open(Files& files, const std::string& directory, HistoryOptions options);
    History(History&&) noexcept;
    History& operator=(History&&) noexcept;
    ~History();

    /// The first entry wanted: all before it are in blocks.
    Lsn next_lsn() const;
    /// The journal no longer has entries before `first`: history goes on from there where it had not come so far.
    Status skip_to(Lsn first);
    /// Takes the next entry; seals before it when that is due by its journal time or the tail's bounds. An error is the
    /// store's (`full`, `io`): the entry was not taken; fold it again later.
    Status fold(const Entry& entry);
    /// Makes a block of the tail when it is older than seal_every at `now`; `fold` does so itself.
    Status seal_if_due(Elapsed now);
    /// Makes a block of the tail now.
    Status seal();
    /// Drops the oldest results until so many bytes are freed, as far as their roll-ups are there; none of the last day.
    Status thin(std::uint64_t bytes);
    /// Does a bounded piece (some 10 ms) of merging. True: there is more to do.
    Result<bool> merge_if_due();

    /// Results where there are any, roll-ups of five minutes before, hourly ones before those. Where a part of the window has only
    /// roll-ups, the window is widened to their buckets and the step raised to a multiple of theirs; the answer tells it.
    /// `invalid`: the step is not whole milliseconds, or would give more than query_points points. A probe without results
    /// gives no points. Damaged blocks are counted in the answer, the rest is given.
    Result<HistorySeries> query(const HistoryQuery& query);

    HistoryStats stats() const;

    /// A copy of the catalog in `folder`.
    Result<DatabaseCopy> begin_copy(const std::string& folder);
    /// Links in `folder` to the blocks that the catalog lists now, which are never written again.
    Status link_blocks(const std::string& folder) const;

  private:
    struct Impl;
    explicit History(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
