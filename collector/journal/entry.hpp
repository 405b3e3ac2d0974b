// Owns: what an entry of the journal is. Leaves to entries.proto: the bodies.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/gap.hpp"
#include "wire/observations.hpp"
#include "wire/record.hpp"
#include "wire/results.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Position in the journal, from 1, without holes.
using Lsn = std::uint64_t;

/// The stored text is the dotted name: batch, agent.enrolled, …
enum class EntryKind : std::uint8_t {
    batch,
    agent_enrolled,
    agent_connected,
    agent_disconnected,
    agent_alive,
    agent_revoked,
    collector_started,
    collector_stopping,
    clock_stepped,
    config_loaded,
    assignment_issued,
    command,
    delivery_result,
    tick,
    agent_copied,
    collector_restored,
    collector_storage,
};
std::string_view to_string(EntryKind kind);
/// Nothing for a text this release does not know.
Result<EntryKind> parse_entry_kind(std::string_view text);

/// One agent's record, decoded once and checked. Shared by both folds, never changed.
struct DecodedBatch {
    AgentId agent;
    SpoolId spool;
    std::uint64_t seq = 0;
    WallTime wall{};  ///< base of the offsets in `results`, by our calendar
    MonoTime mono{};
    wire::ResultBatch results;  ///< empty in a record of observations
    /// Set in a record of observations. Shared by what is folded now and what is kept of it.
    std::shared_ptr<const wire::Observations> observations = nullptr;
    /// Set in a gap: what is not there. `lost` is how many results.
    std::optional<wire::Gap> gap = std::nullopt;
    std::uint32_t lost = 0;
    std::uint32_t span = 1;           ///< sequence numbers from `seq` on
    bool possible_duplicate = false;  ///< may have been stored before, under another spool
};

struct Entry {
    Lsn lsn = 0;
    EntryKind kind = EntryKind::tick;
    std::uint16_t version = 1;
    Elapsed elapsed{};
    WallTime wall{};
    std::string
        body;  ///< serialised message of entries.proto; may be empty for `batch` when `batches` is set
    /// kind batch: the decoded items in their order. Shared by the brain and history threads; const.
    std::shared_ptr<const std::vector<DecodedBatch>> batches;
};

}  // namespace muster::collector
