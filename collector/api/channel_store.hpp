// Owns: the SQL that reads channels, and how one looks in JSON. Leaves to the brain: what is in the rows.
#pragma once

#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <optional>
#include <span>
#include <string>

namespace muster::collector {

namespace json = boost::json;

/// All, in the order of the configuration. Channels belong to no site: they are settings of the whole collector.
Result<json::array> read_channels(StateConnection& connection);

Result<std::optional<json::object>> read_channel_row(
    StateConnection& connection, const std::string& name
);

std::span<const NamedQuery> channel_queries();

}  // namespace muster::collector
