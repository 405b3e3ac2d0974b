// Owns: the half of Spool that follows the collector: what it was sent, what it has confirmed, set back or renamed, and the mark
// that remembers it. Leaves to spool_mark.hpp: how the mark is written.
#include "agent/spool.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

/// The mark says a little more than is true, so that it need not be written for each record.
void Spool::sent(std::uint64_t seq) {
    constexpr std::uint64_t ahead = 1024;
    sent_ = std::max(sent_, std::min(seq, given_out()));
    if (sent_ <= reserved_) {
        return;
    }
    reserved_ = sent_ + ahead;
    if (auto saved = save_acked(); !saved) {
        log(LogLevel::warning, "spool.mark_not_saved", {{"why", saved.error().text()}});
    }
}

void Spool::ack(std::uint64_t seq, std::uint64_t fingerprint) {
    const std::uint64_t to = std::min(seq, given_out());
    if (to <= acked_) {
        return;
    }
    count_acked(to);
    acked_fingerprint_ = fingerprint != 0 && to == seq ? fingerprint : fingerprint_at(to);
    acked_ = to;
    sent_ = std::max(sent_, acked_);
    shrink_memory();
}

void Spool::count_acked(std::uint64_t to) {
    for (std::size_t at = segment_of(acked_ + 1); at < segments_.size(); ++at) {
        const SegmentIndex& segment = segments_[at];
        if (segment.first_seq > to || segment.places.empty()) {
            break;
        }
        std::size_t place = segment.find(std::max(acked_ + 1, segment.first_seq));
        for (; place < segment.places.size() && segment.end_seq_of(place) - 1 <= to; ++place) {
            acked_results_ = segment.results_before(place) + segment.results_of(place);
            if (!segment.has(place, PlaceState::gap)) {
                counters_.acked_results += segment.results_of(place);
                waiting_results_ -= segment.results_of(place);
            }
        }
    }
    // What no segment holds, because the disk takes nothing.
    const std::uint64_t indexed = segments_.empty() ? acked_ : segments_.back().end_seq - 1;
    for (const wire::SequencedRecord& kept : memory_) {
        if (kept.seq > std::max(indexed, acked_) && kept.last_seq() <= to) {
            acked_results_ = kept.results_before + kept.record.count;
            if (kept.record.kind != wire::RecordKind::gap) {
                counters_.acked_results += kept.record.count;
                waiting_results_ -= kept.record.count;
            }
        }
    }
}

/// Of records that end at `from_seq` or later, up to what is acknowledged.
std::uint64_t Spool::acked_since(std::uint64_t from_seq) const {
    std::uint64_t results = 0;
    for (const SegmentIndex& segment : segments_) {
        for (std::size_t place = 0; place < segment.places.size(); ++place) {
            const std::uint64_t last = segment.end_seq_of(place) - 1;
            if (last >= from_seq && last <= acked_ && !segment.has(place, PlaceState::gap)) {
                results += segment.results_of(place);
            }
        }
    }
    return results;
}

void Spool::rewind(std::uint64_t seq) {
    const std::uint64_t to = std::max(seq, position().first_kept - 1);
    if (to >= acked_) {
        return;
    }
    const std::uint64_t again = acked_since(to + 1);
    counters_.found_results += again;
    waiting_results_ += again;
    acked_results_ = results_before(to + 1).value_or(acked_results_);
    acked_fingerprint_ = fingerprint_at(to);
    acked_ = to;
    forget_ages();
}

SpoolMark Spool::mark() const {
    return {
        .spool = name_,
        .begins_at = begins_at_,
        .results_at_begin = results_at_begin_,
        .duplicates_before = duplicates_before_,
        .acked = acked_,
        .acked_results = acked_results_,
        .fingerprint = acked_fingerprint_,
        .sent = std::max(reserved_, sent_),
        .synced = std::max(synced_, acked_),
        .synced_results = std::max(synced_results_, acked_results_),
        .last_segment = segments_.empty() ? 0 : std::min(segments_.back().first_seq, synced_ + 1),
        .first_wall = static_cast<std::uint64_t>(to_ns(first_wall_)),
        .last_wall = static_cast<std::uint64_t>(to_ns(last_wall_)),
    };
}

Status Spool::save_acked() {
    const SpoolMark now = mark();
    if (saved_mark_ == now) {
        return {};
    }
    auto saved = write_mark(*files_, dir_, now);
    if (saved) {
        saved_mark_ = now;
    }
    return saved;
}

Status Spool::rename(SpoolId name, std::uint64_t from_seq) {
    const wire::SpoolPosition before = position();
    if (from_seq < before.first_kept || from_seq > next_seq_) {
        return failure(ErrorKind::invalid, "a stream goes on from what is kept");
    }
    if (auto synced = commit(); !synced) {
        return synced;
    }
    SpoolMark renamed = mark();
    renamed.spool = name;
    renamed.begins_at = from_seq;
    renamed.duplicates_before = next_seq_;
    renamed.acked = renamed.sent = from_seq - 1;
    renamed.acked_results = finished_before(from_seq).results;
    const WallTime first_wall = from_seq < next_seq_ ? made_at(from_seq) : WallTime{};
    renamed.first_wall = static_cast<std::uint64_t>(to_ns(first_wall));
    renamed.results_at_begin = renamed.acked_results;
    renamed.fingerprint = 0;
    if (auto saved = write_mark(*files_, dir_, renamed); !saved) {
        return saved;
    }
    saved_mark_ = renamed;
    const std::uint64_t again = acked_since(from_seq);
    counters_.found_results += again;
    waiting_results_ += again;
    count_acked(from_seq - 1);
    name_ = name;
    begins_at_ = from_seq;
    results_at_begin_ = renamed.results_at_begin;
    duplicates_before_ = renamed.duplicates_before;
    acked_ = sent_ = reserved_ = from_seq - 1;
    acked_results_ = renamed.acked_results;
    acked_fingerprint_ = 0;
    first_wall_ = first_wall;
    forget_ages();
    // The next segment has the new name in its head: it is known even where the mark is lost.
    active_.reset();
    log(LogLevel::notice,
        "spool.renamed",
        {{"dir", dir_}, {"name", name.text()}, {"from", from_seq}});
    return {};
}

wire::FinishedStream Spool::finished_before(std::uint64_t from_seq) const {
    const std::size_t at = segment_of(from_seq);
    return {
        .spool = name_,
        .begins_at = begins_at_,
        .results_at_begin = results_at_begin_,
        .last_seq = from_seq - 1,
        .results = from_seq == next_seq_ || at == segments_.size()
                       ? results_
                       : segments_[at].results_before(segments_[at].find(from_seq)),
        .from = first_wall_,
        .to = from_seq == next_seq_ ? last_wall_ : made_at(from_seq),
    };
}

/// Of what waits again.
void Spool::forget_ages() {
    for (SegmentIndex& segment : segments_) {
        if (segment.end_seq > acked_ + 1) {
            segment.acked_at.reset();
        }
    }
}

}  // namespace muster::agent
