// Owns: the oracle of delivery: every result handed over is delivered once, in order, or counted in a gap record at its place.
// Leaves to tests: what happens on the way.
#pragma once

#include "wire/gap.hpp"
#include "wire/link_client.hpp"
#include "wire/record.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::test {

/// One stream, from the hand of its maker to the book of the collector.
class Ledger {
  public:
    /// The next record, of `count` results; its payload names it and is `bytes` long at least.
    wire::Record make(
        std::uint32_t count,
        wire::DropClass drop_class = wire::DropClass::results,
        std::size_t bytes = 0
    );

    std::uint64_t made_results() const { return made_results_; }

    /// Everything made so far is durable: it has to turn up.
    void promise() { promised_results_ = made_results_; }

    /// After a crash the stream holds so many results: what was made later, and never promised, is gone.
    void crash(std::uint64_t results_in_stream);

    /// What the collector takes: what it has already counts once.
    void take(const std::vector<wire::SequencedRecord>& records);

    /// The last seq that was taken.
    std::uint64_t committed() const { return next_seq_ - 1; }

    std::uint64_t delivered_results() const { return delivered_results_; }

    std::uint64_t gap_results() const;

    std::uint64_t gap_results(wire::GapReason reason) const {
        return gaps_[static_cast<std::size_t>(reason)];
    }

    std::uint64_t gap_records() const { return gap_records_; }

    bool was_delivered(std::size_t made_as) const { return made_[made_as].is_delivered; }

    /// What does not add up, in words; empty when everything made so far is delivered or in gaps.
    std::string problem() const;

    /// So, but what is not there yet may still come.
    std::string problem_so_far() const { return problem_; }

  private:
    struct Made {
        std::uint64_t results_before = 0;
        std::uint32_t count = 0;
        bool is_delivered = false;
    };

    void complain(std::string what);
    void take_results(const wire::SequencedRecord& record);

    std::vector<Made> made_;
    std::uint64_t made_results_ = 0;
    std::uint64_t promised_results_ = 0;
    std::uint64_t next_seq_ = 1;
    std::uint64_t settled_results_ = 0;  // delivered or in gaps
    std::uint64_t delivered_results_ = 0;
    std::uint64_t gap_records_ = 0;
    std::array<std::uint64_t, 8> gaps_{};
    std::string problem_;
};

}  // namespace muster::test
