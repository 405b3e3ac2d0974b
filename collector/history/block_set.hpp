// Owns: the finished blocks of history: their files, merging and dropping them, reading one series. Leaves to block_list.hpp:
// choosing; to history.hpp: when.
#pragma once

#include "base/files.hpp"
#include "collector/history/block_list.hpp"
#include "collector/history/block_totals.hpp"
#include "collector/history/catalog_store.hpp"
#include "collector/history/downsample.hpp"
#include "collector/history/merge.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

struct BlockSetOptions {
    MergeRules rules;
    RetentionLimits limits;
};

/// Which samples of one series are wanted.
struct SeriesWanted {
    SeriesId series = no_series;
    std::uint32_t metric = 0;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;  ///< not included
};

/// What was found, in no order.
struct SeriesFound {
    std::vector<HistorySample> samples;
    std::vector<HistoryStretch> stretches;
    std::uint32_t unreadable = 0;  ///< blocks that could not be read
};

/// Adds the wanted samples of a chunk to `out`.
void append_samples(
    const Chunk& chunk, const SeriesWanted& wanted, std::vector<HistorySample>& out
);

/// One thread. `files` and `catalog` outlive it.
class BlockSet {
  public:
    /// Removes block files that the catalog does not list; a listed one that is not there counts as damaged.
    static Result<BlockSet> open(
        Files& files, CatalogStore& catalog, std::string directory, BlockSetOptions options
    );

    std::string path(const std::string& name) const;
    /// The name says what is in it: folding again gives the same.
    static std::string name(HistoryKind kind, std::uint32_t level, Lsn first, Lsn last);

    /// A block of results that the catalog has just taken.
    void add(BlockRow row);
    /// Drops what is beyond its age at `now_ms` or beyond the bytes. What must be rolled up first is, by `merge`.
    Status retain(std::int64_t now_ms);
    /// Drops the oldest results until so many bytes are freed: none of the last day, and none without their roll-up. Roll-ups
    /// stay.
    Status thin(std::uint64_t bytes);
    /// Merges at least `samples` samples if there is something to merge. True: there is more to do.
    Result<bool> merge(std::uint64_t samples);
    /// From where a question is answered.
    HistorySources sources(std::int64_t from_ms, std::int64_t to_ms) const;
    /// Adds what is found to `out`.
    void read(const SeriesWanted& wanted, const HistorySources& sources, SeriesFound& out);

    /// The collector's calendar when the newest block of results was made.
    std::optional<WallTime> last_wall() const;
    BlockTotals totals(HistoryKind kind) const;
    /// Files of the blocks that count now, but for those that are missing or damaged.
    std::vector<std::string> whole_files() const;

    std::uint64_t merges() const { return merges_; }

    std::uint64_t damaged() const { return damaged_; }

  private:
    struct Merging {
        Merger merger;
        MergeChoice inputs;  // of the list, which only grows at its end meanwhile
        BlockRow output;
        std::optional<BlockRow> roll_up;
    };

    BlockSet(Files& files, CatalogStore& catalog, std::string directory, BlockSetOptions options)
        : files_(&files),
          catalog_(&catalog),
          directory_(std::move(directory)),
          options_(std::move(options)) {}

    Status sweep();

    std::vector<HistoryBlock>& list(HistoryKind kind) { return lists_[number(kind)]; }

    Status retain(const RetentionLimits& limits);
    Status drop(const RetentionPlan& plan);
    std::optional<MergeChoice> choose() const;
    Result<bool> start_merging();
    Result<std::vector<BlockReader>> open_inputs(const MergeChoice& chosen);
    Status finish_merging(const MergeExtent& extent);
    void abandon_merging();
    Status read_block(const HistoryBlock& block, const SeriesWanted& wanted, SeriesFound& out);
    void report(HistoryBlock& block, const Error& error);

    Files* files_;
    CatalogStore* catalog_;
    std::string directory_;
    BlockSetOptions options_;
    BlockLists lists_;
    Thinned thinned_;
    std::int64_t now_ms_ = 0;
    std::optional<Merging> merging_;
    bool may_merge_ = true;  // false: nothing to choose until a block is added
    std::uint64_t merges_ = 0;
    std::uint64_t damaged_ = 0;
};

}  // namespace muster::collector
