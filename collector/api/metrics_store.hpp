// Owns: the SQL that counts records for /metrics. Leaves to metrics_routes: what the numbers are called.
#pragma once

#include "collector/api/state_reader.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

struct ChannelFigures {
    std::string name;
    std::string state;
    std::uint64_t failures = 0;
    std::uint64_t merged = 0;
};

/// What state.db holds, counted. Over all sites: only whoever may see everything is shown it.
struct RecordFigures {
    std::map<std::string, std::uint64_t> agents;  ///< by state
    std::map<std::string, std::uint64_t> cis;
    std::map<std::string, std::uint64_t> probes;
    std::map<std::pair<std::int64_t, std::string>, std::uint64_t>
        incidents;                                 ///< open, by priority and kind
    std::uint64_t duplicates = 0;                  ///< pairs
    std::map<std::string, std::uint64_t> windows;  ///< planned and active, by state
    std::uint64_t window_cis = 0;                  ///< covered by an active one
    std::map<std::pair<std::string, std::string>, std::uint64_t>
        messages;  ///< by channel and state; none that were sent
    std::vector<ChannelFigures> channels;
    std::map<std::string, std::string> agent_names;  ///< by raw id
};

/// Reads each table once.
Result<RecordFigures> count_records(StateConnection& connection);

std::span<const NamedQuery> metrics_queries();

}  // namespace muster::collector
