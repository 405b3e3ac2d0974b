// Owns: which series a dense id of (agent, epoch) belongs to, in memory. Leaves to catalog_store.hpp: keeping it.
#pragma once

#include "base/uuid.hpp"
#include "collector/history/chunk.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace muster::collector {

/// The series of one assignment epoch, by dense id; no_series where the id belongs to no probe.
struct DenseSeries {
    explicit DenseSeries(std::vector<SeriesId> by_dense);

    std::vector<SeriesId> series;
    bool is_rising;  ///< without exception: then a sorted batch is sorted by series, too
};

/// The newest epochs of every agent.
class SeriesMap {
  public:
    static constexpr std::size_t epochs_kept = 16;

    /// Replaces an equal epoch. Tables stay alive while a tail uses them.
    void add(AgentId agent, std::uint32_t epoch, std::shared_ptr<const DenseSeries> table);
    /// Null when the epoch is not known, or no longer.
    std::shared_ptr<const DenseSeries> find(AgentId agent, std::uint32_t epoch) const;
    /// Epochs of the agent below this are forgotten; 0: none yet.
    std::uint32_t oldest_kept(AgentId agent) const;

  private:
    // Tables are shared with the batches of the tail that were measured under them.
    std::map<AgentId, std::map<std::uint32_t, std::shared_ptr<const DenseSeries>>> agents_;
};

}  // namespace muster::collector
