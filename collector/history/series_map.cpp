#include "collector/history/series_map.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace muster::collector {

DenseSeries::DenseSeries(std::vector<SeriesId> by_dense)
    : series(std::move(by_dense)),
      is_rising(std::ranges::adjacent_find(series, std::ranges::greater_equal{}) == series.end()) {}

void SeriesMap::add(AgentId agent, std::uint32_t epoch, std::shared_ptr<const DenseSeries> table) {
    auto& epochs = agents_[agent];
    epochs[epoch] = std::move(table);
    if (epochs.size() > epochs_kept) {
        epochs.erase(epochs.begin());
    }
}

std::shared_ptr<const DenseSeries> SeriesMap::find(AgentId agent, std::uint32_t epoch) const {
    const auto epochs = agents_.find(agent);
    if (epochs == agents_.end()) {
        return nullptr;
    }
    const auto table = epochs->second.find(epoch);
    return table == epochs->second.end() ? nullptr : table->second;
}

std::uint32_t SeriesMap::oldest_kept(AgentId agent) const {
    const auto epochs = agents_.find(agent);
    const bool is_full = epochs != agents_.end() && epochs->second.size() == epochs_kept;
    return is_full ? epochs->second.begin()->first : 0;
}

}  // namespace muster::collector
