// Owns: making one block of several, a piece at a time. Leaves to history.hpp: which, and what happens to the old ones.
#pragma once

#include "collector/history/block_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

/// Goes through all inputs by series; memory is a chunk of each.
class Merger {
  public:
    /// `inputs` in order of age: results at the same time keep it. `output` must not exist; `files` outlives the merger.
    static Result<Merger> create(
        Files& files, std::vector<BlockReader> inputs, const std::string& output
    );

    /// Merges at least `samples` samples, or the rest. The extent: it is finished and synced.
    Result<std::optional<BlockExtent>> step(std::uint64_t samples);

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

    explicit Merger(BlockWriter writer) : writer_(std::move(writer)) {}

    Status refill();
    SeriesId least_series() const;
    Status flush();

    BlockWriter writer_;
    std::vector<Input> inputs_;
    std::optional<std::size_t> culprit_;
    Chunk merged_;
};

}  // namespace muster::collector
