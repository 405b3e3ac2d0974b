// Owns: the finished blocks as a list, and what follows from it alone: which to merge, which to drop, which to ask.
// Leaves to block_set.hpp: doing it.
#pragma once

#include "collector/history/catalog_store.hpp"
#include "collector/history/history_kind.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace muster::collector {

struct HistoryBlock {
    BlockRow row;
    bool is_damaged = false;
};

/// Of each kind by rising first_lsn. A result is in one block of raw results or, once that is dropped, in none; from level 1
/// on also in one of five minutes, and once that is of level 2 also in an hourly one.
using BlockLists = ByKind<std::vector<HistoryBlock>>;

struct MergeRules {
    std::vector<std::uint32_t> fan_in;  ///< so many blocks of a level make one of the next
    std::uint32_t month_fan_in = 0;     ///< so many hourly blocks of the level behind those
    std::uint64_t merged_samples = 0;   ///< no merged block is larger
};

/// Blocks of a kind, all of one level.
struct MergeChoice {
    HistoryKind kind = HistoryKind::raw;
    std::size_t first = 0;
    std::size_t count = 0;
};

/// Merging blocks of this level makes a roll-up of them.
constexpr bool makes_roll_up(HistoryKind kind, std::uint32_t level) {
    return kind != HistoryKind::hourly && level == number(kind);
}

/// The oldest neighbours of one level that are enough for the next; finer kinds first.
std::optional<MergeChoice> choose_merge(const BlockLists& lists, const MergeRules& rules);
/// Block `first` and those behind it that may be merged with it now, be they few: it must have its roll-up.
MergeChoice choose_early_merge(
    const BlockLists& lists, const MergeRules& rules, HistoryKind kind, std::size_t first
);

struct RetentionLimits {
    ByKind<std::int64_t> age_ms{};  ///< how long the newest sample of a block may be past
    std::uint64_t keep_bytes = 0;   ///< of all blocks
};

struct RetentionPlan {
    ByKind<std::vector<std::size_t>> drop;  ///< rising
    /// The oldest block that should go, but of which no roll-up was made yet.
    std::optional<MergeChoice> roll_up_first = std::nullopt;
};

/// By age: every block whose newest sample is too old at `now_ms`. By bytes: the oldest of raw, then of five minutes, then of
/// hourly blocks; never the newest of raw. What could have a roll-up and has none yet stays.
RetentionPlan plan_retention(
    const BlockLists& lists,
    const MergeRules& rules,
    const RetentionLimits& limits,
    std::int64_t now_ms
);

/// The first moment, a multiple of its kind's resolution, that is beyond every result in the block: an agent whose clock is
/// ahead does not make a block younger than the entry that brought its results.
std::int64_t newest_ms(const BlockRow& row);

/// From where on raw results are asked, and from where on roll-ups of five minutes: each bucket from one kind. What was not
/// rolled up yet counts everywhere.
struct HistorySources {
    static constexpr std::int64_t always = std::numeric_limits<std::int64_t>::min();

    std::int64_t raw_from_ms = always;           ///< a multiple of five minutes
    std::int64_t five_minutes_from_ms = always;  ///< of an hour; not beyond raw_from_ms

    /// Of the coarsest kind asked; 1: results alone.
    std::int64_t resolution_ms() const;
};

/// The finest that are whole for from_ms … to_ms. A kind of which nothing lies in there is not asked.
HistorySources choose_sources(
    const BlockLists& lists, const Thinned& thinned, std::int64_t from_ms, std::int64_t to_ms
);

/// from ≤ time < to.
struct TimeRange {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

/// What a block has to say of `wanted`; may be empty.
TimeRange share_of(const BlockRow& block, const HistorySources& sources, TimeRange wanted);

}  // namespace muster::collector
