#include "collector/history/block_set.hpp"

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "collector/history/roll_up.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <span>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view suffix = ".block";
constexpr std::int64_t never_thinned_ms = 24 * 60 * 60 * 1000;

/// The bytes are at fault, not the moment.
bool is_damage(const Error& error) {
    return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::not_found;
}

void append_stretches(
    const Chunk& chunk,
    HistoryKind kind,
    const SeriesWanted& wanted,
    std::vector<HistoryStretch>& out
) {
    const auto series = std::ranges::lower_bound(chunk.series, wanted.series, {}, &ChunkSeries::id);
    if (series == chunk.series.end() || series->id != wanted.series) {
        return;
    }
    const bool has_metric =
        series->metrics >= roll_up_columns + roll_up_columns_a_metric * (wanted.metric + 1);
    for (std::size_t at = series->first; at < series->first + series->count; ++at) {
        if (chunk.time_ms[at] >= wanted.from_ms && chunk.time_ms[at] < wanted.to_ms) {
            out.push_back({.watched = watched_at(chunk, kind, at), .measured = {}});
            if (has_metric) {
                out.back().measured = measured_at(chunk, kind, at, wanted.metric);
            }
        }
    }
}

/// A block that a merge is to write.
BlockRow output_row(std::span<const HistoryBlock> inputs, HistoryKind kind) {
    BlockRow row{
        .name = {},
        .kind = kind,
        .level = inputs.front().row.level + 1,
        .first_lsn = inputs.front().row.first_lsn,
        .last_lsn = inputs.back().row.last_lsn,
        .wall_ms = inputs.front().row.wall_ms,
        .extent = {},
    };
    for (const HistoryBlock& input : inputs) {
        row.wall_ms = std::max(row.wall_ms, input.row.wall_ms);
    }
    row.name = BlockSet::name(kind, row.level, row.first_lsn, row.last_lsn);
    return row;
}

}  // namespace

std::string BlockSet::path(const std::string& name) const {
    return directory_ + "/" + name;
}

std::string BlockSet::name(HistoryKind kind, std::uint32_t level, Lsn first, Lsn last) {
    constexpr ByKind<std::string_view> marks{"", "-5m", "-1h"};
    return fmt::format("{:020}-{:020}-{}{}{}", first, last, level, marks[number(kind)], suffix);
}

Result<BlockSet> BlockSet::open(
    Files& files, CatalogStore& catalog, std::string directory, BlockSetOptions options
) {
    BlockSet set(files, catalog, std::move(directory), std::move(options));
    auto rows = catalog.blocks();
    if (!rows) {
        return failure(rows.error());
    }
    for (BlockRow& row : *rows) {
        set.list(row.kind).push_back({.row = std::move(row)});
    }
    auto thinned = catalog.thinned();
    if (!thinned) {
        return failure(thinned.error());
    }
    set.thinned_ = *thinned;
    if (Status swept = set.sweep(); !swept) {
        return failure(swept.error());
    }
    return set;
}

Status BlockSet::sweep() {
    const auto names = files_->list(directory_);
    if (!names) {
        return failure(names.error());
    }
    std::set<std::string> listed;
    for (std::vector<HistoryBlock>& blocks : lists_) {
        for (HistoryBlock& block : blocks) {
            listed.insert(block.row.name);
            if (!std::ranges::binary_search(*names, block.row.name)) {
                report(block, Error(ErrorKind::not_found, "the file is missing"));
            }
        }
    }
    for (const std::string& name : *names) {
        if (name.ends_with(suffix) && !listed.contains(name)) {
            if (Status removed = files_->remove(path(name)); !removed) {
                return removed;
            }
        }
    }
    return {};
}

void BlockSet::report(HistoryBlock& block, const Error& error) {
    if (!block.is_damaged) {
        block.is_damaged = true;
        ++damaged_;
        log(LogLevel::error,
            "history.block_damaged",
            {{"file", path(block.row.name)}, {"why", error.text()}});
    }
}

std::optional<WallTime> BlockSet::last_wall() const {
    const std::vector<HistoryBlock>& raw = lists_[number(HistoryKind::raw)];
    // An early version did not note it.
    if (raw.empty() || raw.back().row.wall_ms == std::numeric_limits<std::int64_t>::max()) {
        return std::nullopt;
    }
    return WallTime{std::chrono::milliseconds(raw.back().row.wall_ms)};
}

BlockTotals BlockSet::totals(HistoryKind kind) const {
    BlockTotals sum;
    for (const HistoryBlock& block : lists_[number(kind)]) {
        ++sum.blocks;
        sum.samples += block.row.extent.samples;
        sum.bytes += block.row.extent.bytes;
    }
    return sum;
}

std::vector<std::string> BlockSet::whole_files() const {
    std::vector<std::string> names;
    for (const std::vector<HistoryBlock>& blocks : lists_) {
        for (const HistoryBlock& block : blocks) {
            if (!block.is_damaged) {
                names.push_back(block.row.name);
            }
        }
    }
    return names;
}

void BlockSet::add(BlockRow row) {
    list(row.kind).push_back({.row = std::move(row)});
    may_merge_ = true;
}

Status BlockSet::retain(std::int64_t now_ms) {
    now_ms_ = now_ms;
    return retain(options_.limits);
}

Status BlockSet::thin(std::uint64_t bytes) {
    std::uint64_t all = 0;
    for (const HistoryKind kind : history_kinds) {
        all += totals(kind).bytes;
    }
    std::uint64_t spared = 0;
    for (const HistoryBlock& block : list(HistoryKind::raw)) {
        spared += newest_ms(block.row) < now_ms_ - never_thinned_ms ? block.row.extent.bytes : 0;
    }
    RetentionLimits limits = options_.limits;
    limits.keep_bytes = std::min(limits.keep_bytes, all - std::min(bytes, spared));
    return retain(limits);
}

Status BlockSet::retain(const RetentionLimits& limits) {
    const RetentionPlan plan = plan_retention(lists_, options_.rules, limits, now_ms_);
    may_merge_ = may_merge_ || plan.roll_up_first;
    const bool is_nothing =
        std::ranges::all_of(plan.drop, [](const auto& one) { return one.empty(); });
    return is_nothing ? Status() : drop(plan);
}

Status BlockSet::drop(const RetentionPlan& plan) {
    std::vector<BlockRow> dropped;
    Thinned thinned = thinned_;
    for (const HistoryKind kind : history_kinds) {
        for (const std::size_t at : plan.drop[number(kind)]) {
            const BlockRow& row = list(kind)[at].row;
            std::optional<std::int64_t>& until = thinned[number(kind)];
            until = std::max(until.value_or(newest_ms(row)), newest_ms(row));
            dropped.push_back(row);
        }
    }
    if (merging_) {
        MergeChoice& inputs = merging_->inputs;
        const auto& gone = plan.drop[number(inputs.kind)];
        const auto first = std::ranges::lower_bound(gone, inputs.first);
        if (first != gone.end() && *first < inputs.first + inputs.count) {
            abandon_merging();
        } else {
            inputs.first -= static_cast<std::size_t>(first - gone.begin());
        }
    }
    if (Status forgotten = catalog_->dropped(dropped, thinned); !forgotten) {
        // The list is as it was; so must be what refers to it.
        if (merging_) {
            abandon_merging();
        }
        return forgotten;
    }
    thinned_ = thinned;
    for (const HistoryKind kind : history_kinds) {
        const auto& gone = plan.drop[number(kind)];
        for (auto at = gone.rbegin(); at != gone.rend(); ++at) {
            list(kind).erase(list(kind).begin() + static_cast<std::ptrdiff_t>(*at));
        }
    }
    for (const BlockRow& row : dropped) {
        if (Status removed = files_->remove(path(row.name)); !removed) {
            return removed;
        }
        log(LogLevel::debug, "history.dropped", {{"file", row.name}});
    }
    return {};
}

std::optional<MergeChoice> BlockSet::choose() const {
    const RetentionPlan plan = plan_retention(lists_, options_.rules, options_.limits, now_ms_);
    return plan.roll_up_first ? plan.roll_up_first : choose_merge(lists_, options_.rules);
}

/// Nothing when one of them turned out to be damaged.
Result<std::vector<BlockReader>> BlockSet::open_inputs(const MergeChoice& chosen) {
    std::vector<BlockReader> inputs;
    for (std::size_t at = chosen.first; at < chosen.first + chosen.count; ++at) {
        HistoryBlock& block = list(chosen.kind)[at];
        auto reader = BlockReader::open(*files_, path(block.row.name));
        if (!reader && is_damage(reader.error())) {
            report(block, reader.error());
            return std::vector<BlockReader>();
        }
        if (!reader) {
            return failure(reader.error());
        }
        inputs.push_back(std::move(*reader));
    }
    return inputs;
}

Result<bool> BlockSet::start_merging() {
    const auto chosen = choose();
    may_merge_ = chosen.has_value();
    if (!chosen) {
        return false;
    }
    auto readers = open_inputs(*chosen);
    if (!readers) {
        return failure(readers.error());
    }
    if (readers->empty()) {
        return false;
    }
    const std::span inputs = std::span(list(chosen->kind)).subspan(chosen->first, chosen->count);
    const BlockRow output = output_row(inputs, chosen->kind);
    std::optional<BlockRow> beside;
    if (makes_roll_up(chosen->kind, output.level - 1)) {
        beside = output_row(inputs, history_kinds[number(chosen->kind) + 1]);
    }
    const MergePlan plan{
        .path = path(output.name),
        .kind = chosen->kind,
        .roll_up_path = beside ? path(beside->name) : std::string()
    };
    if (Status settled = catalog_->settle(); !settled) {
        return failure(settled.error());
    }
    for (const std::string& file : {plan.path, plan.roll_up_path}) {
        if (Status removed = file.empty() ? Status() : files_->remove(file); !removed) {
            return failure(removed.error());
        }
    }
    auto merger = Merger::create(*files_, std::move(*readers), plan);
    if (!merger) {
        return failure(merger.error());
    }
    merging_.emplace(std::move(*merger), *chosen, output, std::move(beside));
    return true;
}

void BlockSet::abandon_merging() {
    std::vector<std::string> names{merging_->output.name};
    if (merging_->roll_up) {
        names.push_back(merging_->roll_up->name);
    }
    merging_.reset();
    for (const std::string& name : names) {
        // What stays is removed at the next start, or before the merge is tried again.
        static_cast<void>(files_->remove(path(name)));
    }
}

Result<bool> BlockSet::merge(std::uint64_t samples) {
    if (!merging_ && may_merge_) {
        if (const auto started = start_merging(); !started) {
            may_merge_ = false;
            return failure(started.error());
        }
    }
    if (!merging_) {
        return may_merge_;
    }
    const auto extent = merging_->merger.step(samples);
    if (!extent) {
        const Error error = extent.error();
        const std::optional<std::size_t> culprit = merging_->merger.culprit();
        const MergeChoice inputs = merging_->inputs;
        abandon_merging();
        if (culprit && is_damage(error)) {
            report(list(inputs.kind)[inputs.first + *culprit], error);
            return true;
        }
        may_merge_ = false;
        return failure(error);
    }
    if (!*extent) {
        return true;
    }
    if (Status finished = finish_merging(**extent); !finished) {
        // The files stay: a commit that failed may be there all the same at the next start.
        merging_.reset();
        may_merge_ = false;
        return failure(finished.error());
    }
    if (Status kept = retain(now_ms_); !kept) {
        return failure(kept.error());
    }
    return true;
}

Status BlockSet::finish_merging(const MergeExtent& extent) {
    if (Status synced = files_->sync_directory(directory_); !synced) {
        return synced;
    }
    failpoint("history.after_merge");
    const MergeChoice inputs = merging_->inputs;
    std::vector<BlockRow> added{merging_->output};
    added[0].extent = extent.merged;
    if (extent.roll_up) {
        added.push_back(*merging_->roll_up);
        added[1].extent = *extent.roll_up;
    }
    std::vector<HistoryBlock>& blocks = list(inputs.kind);
    const auto begin = blocks.begin() + static_cast<std::ptrdiff_t>(inputs.first);
    const auto end = begin + static_cast<std::ptrdiff_t>(inputs.count);
    std::vector<BlockRow> merged;
    std::transform(begin, end, std::back_inserter(merged), [](const HistoryBlock& block) {
        return block.row;
    });
    if (Status replaced = catalog_->replaced(merged, added); !replaced) {
        return replaced;
    }
    merging_.reset();
    ++merges_;
    *begin = {.row = added[0]};
    blocks.erase(begin + 1, end);
    if (extent.roll_up) {
        auto& coarser = list(added[1].kind);
        const auto at =
            std::ranges::upper_bound(coarser, added[1].first_lsn, {}, [](const HistoryBlock& one) {
                return one.row.first_lsn;
            });
        coarser.insert(at, {.row = added[1]});
    }
    for (const BlockRow& row : merged) {
        // A file that stays is removed at the next start.
        static_cast<void>(files_->remove(path(row.name)));
    }
    return {};
}

HistorySources BlockSet::sources(std::int64_t from_ms, std::int64_t to_ms) const {
    return choose_sources(lists_, thinned_, from_ms, to_ms);
}

Status BlockSet::read_block(
    const HistoryBlock& block, const SeriesWanted& wanted, SeriesFound& out
) {
    const HistoryKind kind = block.row.kind;
    auto reader = BlockReader::open(*files_, path(block.row.name));
    if (!reader) {
        return failure(reader.error());
    }
    const std::vector<std::uint32_t> columns =
        kind == HistoryKind::raw ? std::vector{wanted.metric} : roll_up_columns_of(wanted.metric);
    Chunk chunk;
    for (std::size_t at = 0; at < reader->chunks().size(); ++at) {
        const BlockReader::ChunkInfo& info = reader->chunks()[at];
        if (wanted.series < info.first_series || wanted.series > info.last_series ||
            info.to_ms < wanted.from_ms || info.from_ms >= wanted.to_ms) {
            continue;
        }
        if (kind != HistoryKind::raw && info.metrics < roll_up_columns) {
            return failure(ErrorKind::corrupt, "a roll-up lacks columns");
        }
        if (Status read = reader->read_columns(at, columns, chunk); !read) {
            return read;
        }
        if (kind == HistoryKind::raw) {
            append_samples(chunk, wanted, out.samples);
        } else {
            append_stretches(chunk, kind, wanted, out.stretches);
        }
    }
    return {};
}

void BlockSet::read(const SeriesWanted& wanted, const HistorySources& sources, SeriesFound& out) {
    for (std::vector<HistoryBlock>& blocks : lists_) {
        for (HistoryBlock& block : blocks) {
            const BlockExtent& extent = block.row.extent;
            const TimeRange share =
                share_of(block.row, sources, {.from_ms = wanted.from_ms, .to_ms = wanted.to_ms});
            if (wanted.series < extent.first_series || wanted.series > extent.last_series ||
                extent.to_ms < share.from_ms || extent.from_ms >= share.to_ms) {
                continue;
            }
            SeriesWanted own = wanted;
            own.from_ms = share.from_ms;
            own.to_ms = share.to_ms;
            const std::size_t samples = out.samples.size();
            const std::size_t stretches = out.stretches.size();
            if (const Status read = read_block(block, own, out); !read) {
                out.samples.resize(samples);
                out.stretches.resize(stretches);
                ++out.unreadable;
                report(block, read.error());
            }
        }
    }
}

void append_samples(
    const Chunk& chunk, const SeriesWanted& wanted, std::vector<HistorySample>& out
) {
    const auto series = std::ranges::lower_bound(chunk.series, wanted.series, {}, &ChunkSeries::id);
    if (series == chunk.series.end() || series->id != wanted.series) {
        return;
    }
    for (std::size_t at = series->first; at < series->first + series->count; ++at) {
        if (chunk.time_ms[at] >= wanted.from_ms && chunk.time_ms[at] < wanted.to_ms) {
            out.push_back({
                .time_ms = chunk.time_ms[at],
                .value = wanted.metric < series->metrics ? chunk.values[wanted.metric][at]
                                                         : wire::absent_value,
                .state = chunk.state[at],
            });
        }
    }
}

}  // namespace muster::collector
