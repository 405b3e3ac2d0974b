// Owns: the newest results, as the journal gave them, and their transposition to series order. Leaves to block_file.hpp: storing.
#pragma once

#include "base/result.hpp"
#include "collector/history/chunk.hpp"
#include "collector/history/series_map.hpp"
#include "collector/journal/entry.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace muster::collector {

/// Holds the decoded batches themselves, shared with the brain: taking an entry costs a few ns a batch, nothing a result.
class Tail {
  public:
    /// Takes the batches of an entry; those of an unknown epoch, and dense ids beyond their table, are left out and counted.
    void add(const Entry& entry, const SeriesMap& map);
    void clear();

    bool empty() const { return items_.empty(); }

    /// Results held, strangers included.
    std::uint64_t samples() const { return samples_; }

    /// Roughly; a function of the entries alone, so that blocks end at the same entry whenever they are folded.
    std::uint64_t bytes() const { return bytes_; }

    /// Since the start: results of unknown epochs or dense ids.
    std::uint64_t strangers() const { return strangers_; }

    static std::uint64_t samples_of(const Entry& entry);
    static std::uint64_t bytes_of(const Entry& entry);

    /// All samples in series order, piece after piece (each series whole in one piece, some `range_samples` a piece), until
    /// `take` fails. Two passes over the batches.
    Status transpose(const std::function<Status(const Chunk&)>& take) const;
    /// The samples of one series, by time.
    Chunk series(SeriesId id) const;

    static constexpr std::size_t range_samples = 1U << 19U;

  private:
    struct Item {
        std::shared_ptr<const std::vector<DecodedBatch>> owner =
            nullptr;  // shared with the brain and the journal's feed
        const DecodedBatch* batch = nullptr;
        std::shared_ptr<const DenseSeries> table = nullptr;  // shared with the SeriesMap
        std::size_t known = 0;       // results whose dense id is in the table: the first ones
        SeriesId least = no_series;  // bounds of the series of those
        SeriesId most = no_series;
    };

    /// Series first ≤ id < end.
    struct Range {
        SeriesId first = no_series;
        SeriesId end = no_series;
    };

    /// A batch on its way through rising ranges.
    struct Cursor {
        const Item* item = nullptr;
        std::size_t at = 0;  // results before this are done, where the table is rising
    };

    struct Counts;
    class Sweep;

    template <class Visit>
    static void each_result(Cursor& cursor, Range range, Visit visit);
    static Counts count(Range range, std::span<Cursor> batches);
    static void gather(const Counts& counts, Range range, std::span<Cursor> batches, Chunk& out);

    std::vector<Item> items_;
    std::uint64_t samples_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t strangers_ = 0;
};

}  // namespace muster::collector
