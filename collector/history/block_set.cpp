#include "collector/history/block_set.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view suffix = ".block";

/// The bytes are at fault, not the moment.
bool is_damage(const Error& error) {
    return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::not_found;
}

}  // namespace

std::string BlockSet::path(const std::string& name) const {
    return directory_ + "/" + name;
}

std::string BlockSet::name(std::uint32_t level, Lsn first, Lsn last) {
    return fmt::format("{:020}-{:020}-{}{}", first, last, level, suffix);
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
        set.blocks_.push_back({.row = std::move(row)});
    }
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
    for (Block& block : blocks_) {
        listed.insert(block.row.name);
        if (!std::ranges::binary_search(*names, block.row.name)) {
            report(block, Error(ErrorKind::not_found, "the file is missing"));
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

void BlockSet::report(Block& block, const Error& error) {
    if (!block.is_damaged) {
        block.is_damaged = true;
        ++damaged_;
        log(LogLevel::error,
            "history.block_damaged",
            {{"file", path(block.row.name)}, {"why", error.text()}});
    }
}

std::uint64_t BlockSet::samples() const {
    std::uint64_t sum = 0;
    for (const Block& block : blocks_) {
        sum += block.row.extent.samples;
    }
    return sum;
}

std::uint64_t BlockSet::bytes() const {
    std::uint64_t sum = 0;
    for (const Block& block : blocks_) {
        sum += block.row.extent.bytes;
    }
    return sum;
}

Status BlockSet::add(BlockRow row) {
    blocks_.push_back({.row = std::move(row)});
    may_merge_ = true;
    return drop_oldest();
}

Status BlockSet::drop_oldest() {
    std::uint64_t kept = bytes();
    std::vector<BlockRow> dropped;
    for (const Block& block : blocks_) {
        if (kept <= options_.keep_bytes || dropped.size() + 1 == blocks_.size()) {
            break;
        }
        kept -= block.row.extent.bytes;
        dropped.push_back(block.row);
    }
    if (dropped.empty()) {
        return {};
    }
    if (merging_ && merging_->first < dropped.size()) {
        abandon_merging();
    } else if (merging_) {
        merging_->first -= dropped.size();
    }
    if (Status forgotten = catalog_->replaced(dropped, nullptr); !forgotten) {
        return forgotten;
    }
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(dropped.size()));
    for (const BlockRow& row : dropped) {
        if (Status removed = files_->remove(path(row.name)); !removed) {
            return removed;
        }
    }
    log(LogLevel::debug,
        "history.dropped",
        {{"blocks", dropped.size()}, {"until_lsn", dropped.back().last_lsn}});
    return {};
}

bool BlockSet::fits(std::size_t first, std::size_t count) const {
    std::uint64_t samples = 0;
    for (std::size_t at = first; at < first + count; ++at) {
        const Block& block = blocks_[at];
        if (block.is_damaged || block.row.level != blocks_[first].row.level) {
            return false;
        }
        samples += block.row.extent.samples;
    }
    return samples <= options_.merged_samples;
}

/// The oldest neighbours of one level that are enough for the next.
std::optional<std::pair<std::size_t, std::size_t>> BlockSet::choose() const {
    for (std::size_t first = 0; first < blocks_.size(); ++first) {
        const std::uint32_t level = blocks_[first].row.level;
        const std::size_t count = level < options_.fan_in.size() ? options_.fan_in[level] : 0;
        if (count > 1 && first + count <= blocks_.size() && fits(first, count)) {
            return std::pair(first, count);
        }
    }
    return std::nullopt;
}

Result<bool> BlockSet::start_merging() {
    const auto chosen = choose();
    may_merge_ = chosen.has_value();
    if (!chosen) {
        return false;
    }
    const auto [first, count] = *chosen;
    std::vector<BlockReader> inputs;
    for (std::size_t at = first; at < first + count; ++at) {
        auto reader = BlockReader::open(*files_, path(blocks_[at].row.name));
        if (!reader && is_damage(reader.error())) {
            report(blocks_[at], reader.error());
            return false;
        }
        if (!reader) {
            return failure(reader.error());
        }
        inputs.push_back(std::move(*reader));
    }
    BlockRow output{
        .name = {},
        .level = blocks_[first].row.level + 1,
        .first_lsn = blocks_[first].row.first_lsn,
        .last_lsn = blocks_[first + count - 1].row.last_lsn,
        .extent = {},
    };
    output.name = name(output.level, output.first_lsn, output.last_lsn);
    if (Status removed = files_->remove(path(output.name)); !removed) {
        return failure(removed.error());
    }
    auto merger = Merger::create(*files_, std::move(inputs), path(output.name));
    if (!merger) {
        return failure(merger.error());
    }
    merging_.emplace(std::move(*merger), first, count, std::move(output));
    return true;
}

void BlockSet::abandon_merging() {
    const std::string name = merging_->output.name;
    merging_.reset();
    // What stays is removed at the next start, or before the merge is tried again.
    static_cast<void>(files_->remove(path(name)));
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
        const std::size_t first = merging_->first;
        abandon_merging();
        if (culprit && is_damage(error)) {
            report(blocks_[first + *culprit], error);
            return true;
        }
        may_merge_ = false;
        return failure(error);
    }
    if (!*extent) {
        return true;
    }
    if (Status finished = finish_merging(**extent); !finished) {
        abandon_merging();
        may_merge_ = false;
        return failure(finished.error());
    }
    return true;
}

Status BlockSet::finish_merging(const BlockExtent& extent) {
    if (Status synced = files_->sync_directory(directory_); !synced) {
        return synced;
    }
    BlockRow output = merging_->output;
    output.extent = extent;
    const auto begin = blocks_.begin() + static_cast<std::ptrdiff_t>(merging_->first);
    const auto end = begin + static_cast<std::ptrdiff_t>(merging_->count);
    std::vector<BlockRow> merged;
    std::transform(begin, end, std::back_inserter(merged), [](const Block& block) {
        return block.row;
    });
    if (Status replaced = catalog_->replaced(merged, &output); !replaced) {
        return replaced;
    }
    merging_.reset();
    ++merges_;
    *begin = {.row = std::move(output)};
    blocks_.erase(begin + 1, end);
    for (const BlockRow& row : merged) {
        // A file that stays is removed at the next start.
        static_cast<void>(files_->remove(path(row.name)));
    }
    return {};
}

Status BlockSet::read_block(
    const Block& block, const SeriesWanted& wanted, std::vector<HistorySample>& out
) {
    auto reader = BlockReader::open(*files_, path(block.row.name));
    if (!reader) {
        return failure(reader.error());
    }
    Chunk chunk;
    for (std::size_t at = 0; at < reader->chunks().size(); ++at) {
        const BlockReader::ChunkInfo& info = reader->chunks()[at];
        if (wanted.series < info.first_series || wanted.series > info.last_series ||
            info.to_ms < wanted.from_ms || info.from_ms >= wanted.to_ms) {
            continue;
        }
        if (Status read = reader->read(at, wanted.metric, chunk); !read) {
            return read;
        }
        append_samples(chunk, wanted, out);
    }
    return {};
}

std::uint32_t BlockSet::read(const SeriesWanted& wanted, std::vector<HistorySample>& out) {
    std::uint32_t unreadable = 0;
    for (Block& block : blocks_) {
        const BlockExtent& extent = block.row.extent;
        if (wanted.series < extent.first_series || wanted.series > extent.last_series ||
            extent.to_ms < wanted.from_ms || extent.from_ms >= wanted.to_ms) {
            continue;
        }
        const std::size_t before = out.size();
        if (const Status read = read_block(block, wanted, out); !read) {
            out.resize(before);
            ++unreadable;
            report(block, read.error());
        }
    }
    return unreadable;
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
