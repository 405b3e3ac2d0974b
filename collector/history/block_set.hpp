// Owns: the finished blocks of history: the list, choosing what to merge, reading one series. Leaves to history.hpp: when.
#pragma once

#include "base/files.hpp"
#include "collector/history/catalog_store.hpp"
#include "collector/history/downsample.hpp"
#include "collector/history/merge.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

struct BlockSetOptions {
    std::vector<std::uint32_t> fan_in;
    std::uint64_t merged_samples = 0;
    std::uint64_t keep_bytes = 0;
};

/// Which samples of one series are wanted.
struct SeriesWanted {
    SeriesId series = no_series;
    std::uint32_t metric = 0;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;  ///< not included
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
    static std::string name(std::uint32_t level, Lsn first, Lsn last);

    /// A block that the catalog has just taken; then drops the oldest beyond keep_bytes.
    Status add(BlockRow row);
    /// Merges at least `samples` samples if there is something to merge. True: there is more to do.
    Result<bool> merge(std::uint64_t samples);
    /// Adds what is found to `out`, in no order; gives the number of blocks that could not be read.
    std::uint32_t read(const SeriesWanted& wanted, std::vector<HistorySample>& out);

    std::uint64_t count() const { return blocks_.size(); }

    std::uint64_t samples() const;
    std::uint64_t bytes() const;

    std::uint64_t merges() const { return merges_; }

    std::uint64_t damaged() const { return damaged_; }

  private:
    struct Block {
        BlockRow row;
        bool is_damaged = false;
    };

    struct Merging {
        Merger merger;
        std::size_t first;  // of blocks_, which only grows at its end meanwhile
        std::size_t count;
        BlockRow output;
    };

    BlockSet(Files& files, CatalogStore& catalog, std::string directory, BlockSetOptions options)
        : files_(&files),
          catalog_(&catalog),
          directory_(std::move(directory)),
          options_(std::move(options)) {}

    Status sweep();
    Status drop_oldest();
    Result<bool> start_merging();
    Status finish_merging(const BlockExtent& extent);
    void abandon_merging();
    std::optional<std::pair<std::size_t, std::size_t>> choose() const;
    bool fits(std::size_t first, std::size_t count) const;
    Status read_block(
        const Block& block, const SeriesWanted& wanted, std::vector<HistorySample>& out
    );
    void report(Block& block, const Error& error);

    Files* files_;
    CatalogStore* catalog_;
    std::string directory_;
    BlockSetOptions options_;
    std::vector<Block> blocks_;  // by rising first_lsn
    std::optional<Merging> merging_;
    bool may_merge_ = true;  // false: nothing to choose until a block is added
    std::uint64_t merges_ = 0;
    std::uint64_t damaged_ = 0;
};

}  // namespace muster::collector
