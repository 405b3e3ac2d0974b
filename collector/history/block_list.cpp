#include "collector/history/block_list.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

std::uint32_t fan_in_of(const MergeRules& rules, HistoryKind kind, std::uint32_t level) {
    if (level < rules.fan_in.size()) {
        return rules.fan_in[level];
    }
    const bool is_month = kind == HistoryKind::hourly && level == rules.fan_in.size();
    return is_month ? rules.month_fan_in : 0;
}

bool fits(
    const std::vector<HistoryBlock>& blocks,
    std::size_t first,
    std::size_t count,
    const MergeRules& rules
) {
    std::uint64_t samples = 0;
    for (std::size_t at = first; at < first + count; ++at) {
        if (blocks[at].is_damaged || blocks[at].row.level != blocks[first].row.level) {
            return false;
        }
        samples += blocks[at].row.extent.samples;
    }
    return samples <= rules.merged_samples;
}

/// A damaged block never gets a roll-up, nor does one where nothing is merged.
bool lacks_roll_up(const HistoryBlock& block, const MergeRules& rules) {
    const BlockRow& row = block.row;
    return !block.is_damaged && makes_roll_up(row.kind, row.level) &&
           fan_in_of(rules, row.kind, row.level) > 1;
}

bool overlaps(const std::vector<HistoryBlock>& blocks, std::int64_t from_ms, std::int64_t to_ms) {
    return std::ranges::any_of(blocks, [=](const HistoryBlock& block) {
        const std::int64_t length = resolution_ms(block.row.kind);
        const std::int64_t end_ms = floor_to(block.row.extent.to_ms, length) + length;
        return block.row.extent.from_ms < to_ms && end_ms > from_ms;
    });
}

class RetentionPlanner {
  public:
    RetentionPlanner(const BlockLists& lists, const MergeRules& rules)
        : lists_(&lists), rules_(&rules) {}

    /// False: it has to stay for now.
    bool drop(HistoryKind kind, std::size_t at) {
        if (lacks_roll_up((*lists_)[number(kind)][at], *rules_)) {
            if (!plan_.roll_up_first) {
                plan_.roll_up_first = choose_early_merge(*lists_, *rules_, kind, at);
            }
            return false;
        }
        plan_.drop[number(kind)].push_back(at);
        return true;
    }

    void by_age(const RetentionLimits& limits, std::int64_t now_ms) {
        for (const HistoryKind kind : history_kinds) {
            const auto& blocks = (*lists_)[number(kind)];
            for (std::size_t at = 0; at < blocks.size(); ++at) {
                if (newest_ms(blocks[at].row) < now_ms - limits.age_ms[number(kind)]) {
                    drop(kind, at);
                }
            }
        }
    }

    void by_bytes(std::uint64_t keep_bytes) {
        std::uint64_t kept = 0;
        for (const auto& blocks : *lists_) {
            for (const HistoryBlock& block : blocks) {
                kept += block.row.extent.bytes;
            }
        }
        for (const HistoryKind kind : history_kinds) {
            for (const std::size_t at : plan_.drop[number(kind)]) {
                kept -= (*lists_)[number(kind)][at].row.extent.bytes;
            }
        }
        for (const HistoryKind kind : history_kinds) {
            const auto& blocks = (*lists_)[number(kind)];
            const std::size_t least = kind == HistoryKind::raw ? 1 : 0;
            for (std::size_t at = 0; at + least < blocks.size() && kept > keep_bytes; ++at) {
                const auto& dropped = plan_.drop[number(kind)];
                if (!std::ranges::binary_search(dropped, at) && drop(kind, at)) {
                    kept -= blocks[at].row.extent.bytes;
                    std::ranges::sort(plan_.drop[number(kind)]);
                }
            }
        }
    }

    RetentionPlan take() { return std::move(plan_); }

  private:
    const BlockLists* lists_;
    const MergeRules* rules_;
    RetentionPlan plan_;
};

}  // namespace

std::optional<MergeChoice> choose_merge(const BlockLists& lists, const MergeRules& rules) {
    for (const HistoryKind kind : history_kinds) {
        const auto& blocks = lists[number(kind)];
        for (std::size_t first = 0; first < blocks.size(); ++first) {
            const std::size_t count = fan_in_of(rules, kind, blocks[first].row.level);
            if (count > 1 && first + count <= blocks.size() && fits(blocks, first, count, rules)) {
                return MergeChoice{.kind = kind, .first = first, .count = count};
            }
        }
    }
    return std::nullopt;
}

MergeChoice choose_early_merge(
    const BlockLists& lists, const MergeRules& rules, HistoryKind kind, std::size_t first
) {
    const auto& blocks = lists[number(kind)];
    const std::size_t most = fan_in_of(rules, kind, blocks[first].row.level);
    std::size_t count = 1;
    while (count < most && first + count < blocks.size() && fits(blocks, first, count + 1, rules)) {
        ++count;
    }
    return {.kind = kind, .first = first, .count = count};
}

RetentionPlan plan_retention(
    const BlockLists& lists,
    const MergeRules& rules,
    const RetentionLimits& limits,
    std::int64_t now_ms
) {
    RetentionPlanner planner(lists, rules);
    planner.by_age(limits, now_ms);
    planner.by_bytes(limits.keep_bytes);
    return planner.take();
}

std::int64_t newest_ms(const BlockRow& row) {
    const std::int64_t length = resolution_ms(row.kind);
    return floor_to(std::min(row.extent.to_ms, row.wall_ms), length) + length;
}

std::int64_t HistorySources::resolution_ms() const {
    if (five_minutes_from_ms != always) {
        return collector::resolution_ms(HistoryKind::hourly);
    }
    return collector::resolution_ms(
        raw_from_ms != always ? HistoryKind::five_minutes : HistoryKind::raw
    );
}

HistorySources choose_sources(
    const BlockLists& lists, const Thinned& thinned, std::int64_t from_ms, std::int64_t to_ms
) {
    constexpr std::int64_t minutes = resolution_ms(HistoryKind::five_minutes);
    constexpr std::int64_t hour = resolution_ms(HistoryKind::hourly);
    const auto whole_from = [&thinned](HistoryKind kind, std::int64_t length) {
        const std::optional<std::int64_t>& until = thinned[number(kind)];
        return until ? ceil_to(*until, length) : HistorySources::always;
    };
    HistorySources sources{
        .raw_from_ms = whole_from(HistoryKind::raw, minutes),
        .five_minutes_from_ms = whole_from(HistoryKind::five_minutes, hour)
    };
    if (sources.five_minutes_from_ms > sources.raw_from_ms) {
        // Raw results are there for longer: nothing in between. Below, hours can only end with an hour.
        sources.raw_from_ms = sources.raw_from_ms == HistorySources::always
                                  ? HistorySources::always
                                  : ceil_to(sources.raw_from_ms, hour);
        sources.five_minutes_from_ms = sources.raw_from_ms;
    }
    const auto& hourly = lists[number(HistoryKind::hourly)];
    const auto& fives = lists[number(HistoryKind::five_minutes)];
    const std::int64_t hourly_to = std::min(to_ms, sources.five_minutes_from_ms);
    if (!overlaps(hourly, floor_to(from_ms, hour), hourly_to)) {
        sources.five_minutes_from_ms = HistorySources::always;
    }
    const std::int64_t fives_to = std::min(to_ms, sources.raw_from_ms);
    if (sources.five_minutes_from_ms == HistorySources::always &&
        !overlaps(fives, floor_to(from_ms, minutes), fives_to)) {
        sources.raw_from_ms = HistorySources::always;
    }
    return sources;
}

TimeRange share_of(const BlockRow& block, const HistorySources& sources, TimeRange wanted) {
    const ByKind<std::int64_t> from{
        sources.raw_from_ms, sources.five_minutes_from_ms, HistorySources::always
    };
    TimeRange share = wanted;
    if (block.level > number(block.kind)) {
        share.from_ms = std::max(share.from_ms, from[number(block.kind)]);
    }
    if (block.kind != HistoryKind::raw) {
        share.to_ms = std::min(share.to_ms, from[number(block.kind) - 1]);
    }
    return share;
}

}  // namespace muster::collector
