// Owns: one message that waits to be sent, as the brain wrote it.
#pragma once

#include "collector/journal/entry.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace muster::collector {

/// The order of messages: that of the entries they came from.
struct OutboxPosition {
    Lsn lsn = 0;
    std::uint32_t ordinal = 0;
    auto operator<=>(const OutboxPosition&) const = default;
};

struct OutboxRow {
    std::string id;       ///< "INC-1/opened/ops"; the Idempotency-Key
    std::string payload;  ///< CloudEvents JSON, sent byte for byte
    OutboxPosition position;
    std::uint32_t attempts = 0;  ///< known to the store; ours of this run are counted on top
};

}  // namespace muster::collector
