// Owns: the reading half of Spool: records from memory or files, and what is said of them without reading.
#include "agent/spool.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"
#include "wire/fingerprint.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// A disk that spoils what is written to it again and again is not asked for ever.
constexpr int most_mendings = 3;

}  // namespace

/// Where in segments_ `seq` lies; segments_.size() when nowhere.
std::size_t Spool::segment_of(std::uint64_t seq) const {
    const auto after = std::ranges::upper_bound(segments_, seq, {}, &SegmentIndex::first_seq);
    if (after == segments_.begin() || std::prev(after)->end_seq <= seq) {
        return segments_.size();
    }
    return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

const wire::SequencedRecord* Spool::in_memory(std::uint64_t seq) const {
    if (memory_.empty() || seq < memory_.front().seq || seq >= next_seq_) {
        return nullptr;
    }
    const auto after = std::ranges::upper_bound(memory_, seq, {}, &wire::SequencedRecord::seq);
    return &*std::prev(after);
}

/// As the link sends it.
wire::SequencedRecord Spool::given(const wire::SequencedRecord& record, std::uint64_t from_seq)
    const {
    wire::SequencedRecord out = record;
    if (record.seq < from_seq) {
        out.record.span -= static_cast<std::uint32_t>(from_seq - record.seq);
        out.seq = from_seq;
    }
    out.record.possible_duplicate = record.seq < duplicates_before_;
    out.results_before = results_before(record.seq).value_or(0);
    return out;
}

Result<std::vector<wire::SequencedRecord>> Spool::read(std::uint64_t from_seq, std::size_t bytes) {
    std::vector<wire::SequencedRecord> records;
    std::uint64_t seq = std::max(from_seq, position().first_kept);
    std::size_t taken = 0;
    int mendings = 0;
    while (seq <= given_out() && (records.empty() || taken < bytes)) {
        if (const wire::SequencedRecord* kept = in_memory(seq)) {
            const std::size_t size = wire::framed_bytes(kept->record);
            if (!records.empty() && taken + size > bytes) {
                break;
            }
            taken += size;
            records.push_back(given(*kept, seq));
            seq = records.back().seq + records.back().record.span;
            continue;
        }
        const std::size_t at = segment_of(seq);
        expect(at < segments_.size(), "what is synced is in a segment");
        SegmentIndex& segment = segments_[at];
        if (segment.holes > 0 && records.empty()) {
            if (mendings++ == most_mendings) {
                return failure(ErrorKind::io, "the disk does not keep what is written to it", dir_);
            }
            if (auto mended = rebuild(at, std::nullopt); !mended) {
                return failure(mended.error());
            }
            continue;
        }
        auto part = read_segment(at, seq, bytes - std::min(bytes, taken));
        if (!part && part.error().kind() == ErrorKind::corrupt) {
            log(LogLevel::error, "spool.record_damaged", {{"dir", dir_}, {"seq", seq}});
            segment.spoil(segment.find(seq));
            if (records.empty()) {
                continue;
            }
        }
        if (!part && records.empty()) {
            return failure(part.error());
        }
        if (!part) {
            break;
        }
        for (wire::SequencedRecord& record : *part) {
            taken += wire::framed_bytes(record.record);
            if (taken > bytes && !records.empty()) {
                break;
            }
            records.push_back(given(record, seq));
            seq = records.back().seq + records.back().record.span;
        }
    }
    return records;
}

Result<std::string> Spool::read_range(
    std::uint64_t first_seq, std::uint64_t begin, std::uint64_t end
) {
    if (!reading_ || reading_first_seq_ != first_seq) {
        auto file = files_->open(path_of(first_seq), OpenMode::read);
        if (!file && file.error().kind() == ErrorKind::not_found) {
            return failure(ErrorKind::corrupt, "a segment of the spool is gone", dir_);
        }
        if (!file) {
            return failure(file.error());
        }
        reading_ = std::move(*file);
        reading_first_seq_ = first_seq;
    }
    return reading_->read(begin, end - begin);
}

/// One read for as many neighbours as fit `bytes`, at least one. `corrupt`: the first is damaged.
Result<std::vector<wire::SequencedRecord>> Spool::read_segment(
    std::size_t at, std::uint64_t from_seq, std::size_t bytes
) {
    const SegmentIndex& segment = segments_[at];
    const std::size_t from = segment.find(from_seq);
    const auto is_hole = [&segment](std::size_t place) {
        return segment.has(place, PlaceState::damaged) || segment.has(place, PlaceState::missing);
    };
    if (is_hole(from)) {
        return failure(ErrorKind::corrupt, "lost");
    }
    const std::uint64_t begin = segment.places[from].offset;
    std::size_t last = from;
    std::uint64_t end = begin + segment.stored_bytes_of(from);
    while (last + 1 < segment.places.size() && !is_hole(last + 1) &&
           segment.end_seq_of(last + 1) - 1 <= synced_ &&
           end + segment.stored_bytes_of(last + 1) - begin <= bytes) {
        ++last;
        end += segment.stored_bytes_of(last);
    }
    const auto content = read_range(segment.first_seq, begin, end);
    if (!content) {
        return failure(content.error());
    }
    std::vector<wire::SequencedRecord> records;
    for (std::size_t place = from; place <= last; ++place) {
        const std::size_t offset = segment.places[place].offset - begin;
        auto record = offset < content->size()
                          ? decode_record(std::string_view(*content).substr(offset), seed_)
                          : failure(ErrorKind::corrupt, "cut");
        if (!record || record->seq != segment.seq_of(place)) {
            if (records.empty()) {
                return failure(ErrorKind::corrupt, "a record of the spool is damaged", dir_);
            }
            break;
        }
        // A gap that a later segment cut into ends where that begins.
        record->record.span =
            static_cast<std::uint32_t>(segment.end_seq_of(place) - segment.seq_of(place));
        record->record.count = static_cast<std::uint32_t>(segment.results_of(place));
        records.push_back(std::move(*record));
    }
    return records;
}

std::optional<std::uint64_t> Spool::results_before(std::uint64_t seq) const {
    if (seq == next_seq_) {
        return results_;
    }
    if (seq == acked_ + 1 && segment_of(seq) == segments_.size() && in_memory(seq) == nullptr) {
        return acked_results_;
    }
    const std::size_t at = segment_of(seq);
    if (at == segments_.size()) {
        const wire::SequencedRecord* kept = in_memory(seq);
        return kept != nullptr && kept->seq == seq ? std::optional(kept->results_before)
                                                   : std::nullopt;
    }
    const std::size_t place = segments_[at].find(seq);
    return segments_[at].seq_of(place) == seq ? std::optional(segments_[at].results_before(place))
                                              : std::nullopt;
}

std::uint64_t Spool::fingerprint_at(std::uint64_t last_seq) {
    if (last_seq == 0 || last_seq > given_out()) {
        return 0;
    }
    if (last_seq == acked_ && acked_fingerprint_ != 0) {
        return acked_fingerprint_;
    }
    const auto ends_there = [last_seq](const wire::SequencedRecord& record) {
        return record.seq + record.record.span - 1 == last_seq;
    };
    if (const wire::SequencedRecord* kept = in_memory(last_seq)) {
        return ends_there(*kept) ? wire::fingerprint(kept->record) : 0;
    }
    const std::size_t at = segment_of(last_seq);
    if (at == segments_.size()) {
        return 0;
    }
    const auto records = read_segment(at, segments_[at].seq_of(segments_[at].find(last_seq)), 1);
    return records && ends_there(records->front()) ? wire::fingerprint(records->front().record) : 0;
}

}  // namespace muster::agent
