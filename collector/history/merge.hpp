// Owns: making one block of several, and their roll-up beside it, a piece at a time. Leaves to block_set.hpp: which, and what
// happens to the old ones.
#pragma once

#include "collector/history/block_file.hpp"
#include "collector/history/history_kind.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

/// What a merge writes. The files must not exist.
struct MergePlan {
    std::string path;
    HistoryKind kind = HistoryKind::raw;  ///< of the inputs and of `path`
    std::string roll_up_path = {};        ///< gets the next kind; empty: none is made
};

/// Finished and synced.
struct MergeExtent {
    BlockExtent merged;
    std::optional<BlockExtent> roll_up = std::nullopt;
};

/// Goes through all inputs by series; memory is a chunk of each.
class Merger {
  public:
    /// `inputs` in order of age: results at the same time keep it. `files` outlives the merger.
    static Result<Merger> create(
        Files& files, std::vector<BlockReader> inputs, const MergePlan& plan
    );

    /// Merges at least `samples` samples, or the rest. The extent: it is done.
    Result<std::optional<MergeExtent>> step(std::uint64_t samples);

    /// The input whose bytes were at fault when `step` answered `corrupt`.
    const std::optional<std::size_t>& culprit() const { return culprit_; }

  private:
    struct Input {
        BlockReader reader;
        std::size_t next_chunk = 0;
        std::size_t next_series = 0;
        Chunk chunk;

        bool is_done() const { return next_series == chunk.series.size(); }
    };

    Merger(HistoryKind kind, BlockWriter writer) : kind_(kind), writer_(std::move(writer)) {}

    Status refill();
    SeriesId least_series() const;
    std::uint64_t take(SeriesId id);
    Status flush_full();
    Result<MergeExtent> finish();

    HistoryKind kind_;
    BlockWriter writer_;
    std::optional<BlockWriter> roll_up_writer_;
    std::vector<Input> inputs_;
    std::optional<std::size_t> culprit_;
    Chunk gathered_;  // rows of one series, several of which may be of one bucket
    Chunk merged_;
    Chunk rolled_up_;
};

}  // namespace muster::collector
