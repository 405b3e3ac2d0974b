// Owns: the SQL that reads waiting messages.
#pragma once

#include "collector/api/state_reader.hpp"
#include "collector/notify/outbox_row.hpp"

#include <span>
#include <string>
#include <vector>

namespace muster::collector {

/// Waiting messages of a channel beyond `after`, oldest first.
Result<std::vector<OutboxRow>> read_waiting(
    StateConnection& connection, const std::string& channel, OutboxPosition after, std::size_t limit
);

/// For the test that prepares each.
std::span<const NamedQuery> outbox_queries();

}  // namespace muster::collector
