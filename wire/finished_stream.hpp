// Owns: what an agent remembers of a stream that it has drained and keeps no more, as it tells a collector. Leaves to
// agent/finished_streams.hpp: remembering it; to collector/intake: what a collector that lacks it makes of that.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "wire/link.pb.h"

#include <cstddef>
#include <cstdint>

namespace muster::wire {

/// Of one agent. With the spools that it still has (eight at most) fewer than a collector remembers, so that none is taken for
/// lost because it was forgotten.
inline constexpr std::size_t most_finished = 48;

/// All of it was confirmed by a collector once.
struct FinishedStream {
    SpoolId spool;  ///< the stream's name
    std::uint64_t begins_at = 1;
    std::uint64_t results_at_begin = 0;  ///< results before begins_at, under the names it had
    std::uint64_t last_seq = 0;          ///< at least begins_at
    std::uint64_t results = 0;           ///< up to there
    WallTime from{};  ///< agent's time of its first and its last record; 0: unknown
    WallTime to{};
    /// Older ones that were confirmed before this one began, and of which only the sum is known: who lacks this one may lack them.
    std::uint64_t earlier_streams = 0;
    std::uint64_t earlier_results = 0;

    bool operator==(const FinishedStream&) const = default;
};

proto::FinishedStream to_proto(const FinishedStream& stream);
/// `corrupt` when its numbers, times or name are impossible.
Result<FinishedStream> from_proto(const proto::FinishedStream& said);

}  // namespace muster::wire
