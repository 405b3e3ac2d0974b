// Owns: what is known in memory of one segment: where each record is, of which class, and what is lost between them.
// Leaves to spool_segment.hpp: bytes; to spool.hpp: files.
#pragma once

#include "base/time.hpp"
#include "wire/record.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace muster::agent {

enum class PlaceState : std::uint8_t {
    kept,
    gap,      ///< a gap record, on disk as every record
    damaged,  ///< nothing that can be read, and no gap record yet that says so
    missing   ///< so, with its file
};

/// One record, or one hole, of a segment; it ends where the next place begins.
struct RecordPlace {
    std::uint32_t offset = 0;
    std::uint32_t seq = 0;      ///< since the segment's first_seq
    std::uint32_t results = 0;  ///< in the segment before it
    wire::DropClass drop_class = wire::DropClass::state;
    PlaceState state = PlaceState::kept;
};

/// Places are contiguous from first_seq to end_seq, whatever can be read.
struct SegmentIndex {
    std::uint64_t first_seq = 0;
    std::uint64_t first_results = 0;  ///< results in the stream before first_seq
    std::uint64_t end_seq = 0;        ///< one behind the last
    std::uint64_t end_results = 0;
    std::uint64_t bytes = 0;
    std::vector<RecordPlace> places;
    std::array<std::uint64_t, 3> class_bytes{};  ///< of kept records, by drop class
    std::size_t holes = 0;                       ///< places that are damaged or missing
    std::int64_t first_wall_ns = 0;
    std::int64_t last_wall_ns = 0;
    MonoTime made{};                   ///< of the newest record, as far as clocks tell
    std::optional<MonoTime> acked_at;  ///< when it was seen first that all of it is acknowledged

    std::uint64_t seq_of(std::size_t place) const { return first_seq + places[place].seq; }

    std::uint64_t end_seq_of(std::size_t place) const;
    std::uint64_t results_before(std::size_t place) const;
    std::uint64_t results_of(std::size_t place) const;
    std::uint64_t stored_bytes_of(std::size_t place) const;

    bool has(std::size_t place, PlaceState state) const { return places[place].state == state; }

    /// The place that holds `seq`, which lies in this segment.
    std::size_t find(std::uint64_t seq) const;

    /// A record in it was made then.
    void note_wall(std::int64_t wall_ns);
    /// Continues at end_seq and end_results.
    void add(
        PlaceState state,
        wire::DropClass drop_class,
        std::uint64_t end_seq,
        std::uint64_t end_results,
        std::uint64_t stored_bytes
    );
    /// The record at `place` cannot be read any more.
    void spoil(std::size_t place);
    /// Keeps what is below `seq`; a record that reaches beyond is shortened, and ends with `results`.
    void cut(std::uint64_t seq, std::uint64_t results);
};

}  // namespace muster::agent
