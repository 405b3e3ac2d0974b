#include "collector/history/merge.hpp"

#include "collector/history/roll_up.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// So many samples are handed to the writer at once, fewer where they are wide; it makes file chunks of them.
constexpr std::size_t piece_samples = 16 * chunk_samples;
constexpr std::size_t piece_numbers = 8 * piece_samples;

bool is_full(const Chunk& chunk) {
    return chunk.samples() >= piece_samples ||
           chunk.samples() * chunk.values.size() >= piece_numbers;
}

Status flush(BlockWriter& writer, Chunk& chunk) {
    Status written = writer.add(chunk);
    chunk.clear();
    return written;
}

std::size_t samples_a_chunk(HistoryKind kind) {
    return kind == HistoryKind::raw ? chunk_samples : roll_up_chunk_rows;
}

HistoryKind next(HistoryKind kind) {
    return kind == HistoryKind::raw ? HistoryKind::five_minutes : HistoryKind::hourly;
}

bool is_readable(const BlockReader::ChunkInfo& chunk, HistoryKind kind) {
    return kind == HistoryKind::raw || chunk.metrics >= roll_up_columns;
}

}  // namespace

Result<Merger> Merger::create(
    Files& files, std::vector<BlockReader> inputs, const MergePlan& plan
) {
    auto writer = BlockWriter::create(files, plan.path, samples_a_chunk(plan.kind));
    if (!writer) {
        return failure(writer.error());
    }
    Merger merger(plan.kind, std::move(*writer));
    if (!plan.roll_up_path.empty()) {
        auto beside = BlockWriter::create(files, plan.roll_up_path, roll_up_chunk_rows);
        if (!beside) {
            return failure(beside.error());
        }
        merger.roll_up_writer_.emplace(std::move(*beside));
    }
    for (BlockReader& input : inputs) {
        merger.inputs_.push_back({.reader = std::move(input), .chunk = {}});
    }
    return merger;
}

/// Every input that has anything left stands at a series.
Status Merger::refill() {
    for (std::size_t at = 0; at < inputs_.size(); ++at) {
        Input& input = inputs_[at];
        while (input.is_done() && input.next_chunk < input.reader.chunks().size()) {
            Status read = input.reader.read(input.next_chunk, std::nullopt, input.chunk);
            if (read && !is_readable(input.reader.chunks()[input.next_chunk], kind_)) {
                read = failure(ErrorKind::corrupt, "a roll-up lacks columns");
            }
            if (!read) {
                culprit_ = at;
                return read;
            }
            ++input.next_chunk;
            input.next_series = 0;
        }
    }
    return {};
}

SeriesId Merger::least_series() const {
    SeriesId least = no_series;
    for (const Input& input : inputs_) {
        if (!input.is_done()) {
            const SeriesId own = input.chunk.series[input.next_series].id;
            least = least == no_series ? own : std::min(least, own);
        }
    }
    return least;
}

/// Gives the samples of the series.
std::uint64_t Merger::take(SeriesId id) {
    Chunk& gathered = kind_ == HistoryKind::raw ? merged_ : gathered_;
    gathered_.clear();
    std::uint64_t samples = 0;
    for (Input& input : inputs_) {
        if (!input.is_done() && input.chunk.series[input.next_series].id == id) {
            const ChunkSeries& series = input.chunk.series[input.next_series++];
            gathered.append(input.chunk, series);
            samples += series.count;
        }
    }
    gathered.sort(gathered.series.back());
    if (kind_ != HistoryKind::raw) {
        roll_up(gathered_, kind_, gathered_.series.back(), kind_, merged_);
    }
    if (roll_up_writer_) {
        roll_up(merged_, kind_, merged_.series.back(), next(kind_), rolled_up_);
    }
    return samples;
}

Status Merger::flush_full() {
    if (is_full(merged_)) {
        if (Status flushed = flush(writer_, merged_); !flushed) {
            return flushed;
        }
    }
    return is_full(rolled_up_) ? flush(*roll_up_writer_, rolled_up_) : Status();
}

Result<MergeExtent> Merger::finish() {
    if (Status flushed = flush(writer_, merged_); !flushed) {
        return failure(flushed.error());
    }
    const auto merged = writer_.finish();
    if (!merged) {
        return failure(merged.error());
    }
    MergeExtent done{.merged = *merged};
    if (roll_up_writer_) {
        if (Status flushed = flush(*roll_up_writer_, rolled_up_); !flushed) {
            return failure(flushed.error());
        }
        const auto beside = roll_up_writer_->finish();
        if (!beside) {
            return failure(beside.error());
        }
        done.roll_up = *beside;
    }
    return done;
}

Result<std::optional<MergeExtent>> Merger::step(std::uint64_t samples) {
    std::uint64_t done = 0;
    while (done < samples) {
        if (Status filled = refill(); !filled) {
            return failure(filled.error());
        }
        const SeriesId id = least_series();
        if (id == no_series) {
            auto extent = finish();
            if (!extent) {
                return failure(extent.error());
            }
            return *extent;
        }
        done += take(id);
        if (Status flushed = flush_full(); !flushed) {
            return failure(flushed.error());
        }
    }
    return std::nullopt;
}

}  // namespace muster::collector
