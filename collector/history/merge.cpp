#include "collector/history/merge.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// So many samples are handed to the writer at once; it makes file chunks of them.
constexpr std::size_t piece_samples = 16 * chunk_samples;

}  // namespace

Result<Merger> Merger::create(
    Files& files, std::vector<BlockReader> inputs, const std::string& output
) {
    auto writer = BlockWriter::create(files, output);
    if (!writer) {
        return failure(writer.error());
    }
    Merger merger(std::move(*writer));
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
            if (Status read = input.reader.read(input.next_chunk, std::nullopt, input.chunk);
                !read) {
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

Status Merger::flush() {
    Status written = writer_.add(merged_);
    merged_.clear();
    return written;
}

Result<std::optional<BlockExtent>> Merger::step(std::uint64_t samples) {
    std::uint64_t done = 0;
    while (done < samples) {
        if (Status filled = refill(); !filled) {
            return failure(filled.error());
        }
        const SeriesId id = least_series();
        if (id == no_series) {
            if (Status flushed = flush(); !flushed) {
                return failure(flushed.error());
            }
            auto extent = writer_.finish();
            if (!extent) {
                return failure(extent.error());
            }
            return *extent;
        }
        for (Input& input : inputs_) {
            if (!input.is_done() && input.chunk.series[input.next_series].id == id) {
                const ChunkSeries& series = input.chunk.series[input.next_series++];
                merged_.append(input.chunk, series);
                done += series.count;
            }
        }
        merged_.sort(merged_.series.back());
        if (merged_.samples() >= piece_samples) {
            if (Status flushed = flush(); !flushed) {
                return failure(flushed.error());
            }
        }
    }
    return std::nullopt;
}

}  // namespace muster::collector
