// Owns: how time is partitioned into up, down, excluded and unobserved, for one probe and for a CI over its probes. No clock,
// no store. Leaves to availability_store.hpp: where the intervals come from.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

enum class Share : std::uint8_t { up, down, excluded, unobserved };

std::string_view to_string(Share share);

/// [from, to) of which something is known, and why.
struct KnownSpan {
    WallTime from{};
    WallTime to{};
    Share share = Share::unobserved;
    std::string cause;
};

/// What is known of one probe: everything not in a span is up.
struct ProbeTimes {
    std::size_t group = 0;     ///< probes that several vantages run together
    std::uint32_t quorum = 1;  ///< so many of the group make it down
    /// First answer; nothing: none yet. Before it nothing is known.
    std::optional<WallTime> proven{};
    std::vector<KnownSpan> spans{
    };  ///< in any order; may overlap: excluded, then unobserved, then down
};

inline constexpr std::uint32_t no_probe = std::numeric_limits<std::uint32_t>::max();

/// One piece of the partition: they follow each other without a gap.
struct Piece {
    WallTime from{};
    WallTime to{};
    Share share = Share::unobserved;
    std::uint32_t probe = no_probe;  ///< index of the one that decides
    std::string cause{};
    bool in_force = true;  ///< false: before the first answer

    bool operator==(const Piece&) const = default;
};

/// The partition of [from, to). What lies after `now` is unobserved.
std::vector<Piece> partition_probe(
    const ProbeTimes& probe, WallTime from, WallTime to, WallTime now
);

/// Of a CI: down while some group of probes is down, else unobserved while some group is, else up. Probes that have not answered
/// yet do not count while others have. `excluded`: agreed windows, before everything else.
std::vector<Piece> partition_ci(
    std::span<const ProbeTimes> probes,
    std::span<const KnownSpan> excluded,
    WallTime from,
    WallTime to,
    WallTime now
);

/// Durations by share, and what follows. Bounds are shares of the time that is not excluded; absent where all of it is.
struct Availability {
    Duration up{};
    Duration down{};
    Duration excluded{};
    Duration unobserved{};

    std::optional<double> lower() const;  ///< unobserved counted as down
    std::optional<double> upper() const;  ///< unobserved counted as up
    std::optional<double> coverage() const;
};

Availability sum_of(std::span<const Piece> pieces);

}  // namespace muster::collector
