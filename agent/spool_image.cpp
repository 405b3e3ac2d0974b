#include "agent/spool_image.hpp"

#include "base/expect.hpp"

#include <algorithm>
#include <limits>

namespace muster::agent {

namespace {

constexpr std::uint64_t most_in_one_gap = std::numeric_limits<std::uint32_t>::max();

WallTime earlier(WallTime a, WallTime b) {
    const bool a_is_known = a != WallTime{};
    return a_is_known && (b == WallTime{} || a < b) ? a : b;
}

bool can_merge(const Hole& before, const Hole& hole) {
    return before.gap.reason == hole.gap.reason && hole.end_seq - before.seq <= most_in_one_gap &&
           hole.end_results - before.results <= most_in_one_gap;
}

}  // namespace

SegmentImage::SegmentImage(const SegmentHead& head, std::uint32_t seed, std::uint64_t fixed_before)
    : seed_(seed), fixed_before_(fixed_before), bytes_(encode_segment_head(head, seed)) {
    index_.first_seq = head.first_seq;
    index_.first_results = head.results_before;
    index_.end_seq = head.first_seq;
    index_.end_results = head.results_before;
    index_.bytes = bytes_.size();
}

void SegmentImage::add(const wire::SequencedRecord& record) {
    if (record.record.kind == wire::RecordKind::gap && record.seq >= fixed_before_) {
        if (const auto gap = wire::read_gap(record.record)) {
            const std::uint64_t results = pending_ ? pending_->end_results : index_.end_results;
            add(Hole{
                .seq = record.seq,
                .end_seq = record.seq + record.record.span,
                .results = results,
                .end_results = results + record.record.count,
                .gap = *gap,
            });
            return;
        }
    }
    write_pending();
    write(record);
}

void SegmentImage::add(const Hole& hole) {
    if (!pending_ || !can_merge(*pending_, hole)) {
        write_pending();
        pending_ = hole;
        return;
    }
    wire::Gap& gap = pending_->gap;
    pending_->end_seq = hole.end_seq;
    pending_->end_results = hole.end_results;
    gap.drop_class = std::min(gap.drop_class, hole.gap.drop_class);
    gap.from = earlier(gap.from, hole.gap.from);
    gap.to = std::max(gap.to, hole.gap.to);
}

void SegmentImage::write_pending() {
    if (!pending_) {
        return;
    }
    const Hole hole = *pending_;
    pending_.reset();
    write({
        hole.seq,
        wire::make_gap(
            hole.gap,
            static_cast<std::uint32_t>(hole.end_seq - hole.seq),
            static_cast<std::uint32_t>(hole.end_results - hole.results)
        ),
    });
}

void SegmentImage::write(const wire::SequencedRecord& record) {
    expect(record.seq == index_.end_seq, "a segment has no hole");
    bytes_ += encode_record_head(record.seq, index_.end_results, record.record, seed_);
    bytes_ += record.record.payload;
    const bool is_gap = record.record.kind == wire::RecordKind::gap;
    index_.note_wall(to_ns(record.record.wall));
    index_.add(
        is_gap ? PlaceState::gap : PlaceState::kept,
        record.record.drop_class,
        record.seq + record.record.span,
        index_.end_results + record.record.count,
        stored_bytes(record.record)
    );
}

}  // namespace muster::agent
