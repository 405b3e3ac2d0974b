// Owns: a segment being put together in memory: records one after another, gap records in place of what is lost, neighbouring
// gaps as one. Leaves to spool_rewriting.cpp: what goes in, and bringing it to disk.
#pragma once

#include "agent/spool_index.hpp"
#include "agent/spool_segment.hpp"
#include "wire/gap.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::agent {

/// Records that are gone, from one edge to the other.
struct Hole {
    std::uint64_t seq = 0;
    std::uint64_t end_seq = 0;
    std::uint64_t results = 0;  ///< in the stream before the hole
    std::uint64_t end_results = 0;
    wire::Gap gap;
};

class SegmentImage {
  public:
    /// Gaps below `fixed_before` stay as they are: the collector may have them.
    SegmentImage(const SegmentHead& head, std::uint32_t seed, std::uint64_t fixed_before);

    /// Follows what was added before, in seq and in results.
    void add(const wire::SequencedRecord& record);
    void add(const Hole& hole);

    /// After the last.
    void finish() { write_pending(); }

    const std::string& bytes() const { return bytes_; }

    /// Everything but its clocks for retention.
    SegmentIndex take_index() { return std::move(index_); }

  private:
    void write(const wire::SequencedRecord& record);
    void write_pending();

    std::uint32_t seed_;
    std::uint64_t fixed_before_;
    std::string bytes_;
    SegmentIndex index_;
    std::optional<Hole> pending_;
};

}  // namespace muster::agent
