// Owns: the half of Spool that writes segments anew or deletes them: gap records in place of what is lost, what gives way at a
// limit, what is acknowledged long enough. Whatever the moment of a crash, the old or the new form is there.
#include "agent/spool.hpp"
#include "agent/spool_files.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// Segments smaller than this part of a whole one, or this, are joined with the one before.
constexpr std::uint64_t small_part = 4;
constexpr std::uint64_t small_bytes = 1024;
/// Less than this part of a segment is not worth writing it anew, while there is more elsewhere.
constexpr std::uint64_t worthwhile_part = 16;
/// So for the segment that is written to, which would be written anew again and again.
constexpr std::uint64_t worthwhile_part_of_last = 4;

std::size_t index_of(wire::GapReason reason) {
    return static_cast<std::size_t>(reason);
}

}  // namespace

/// A new file beside the old one takes its place when it is durable.
Result<Spool::Placed> Spool::put_in_place(std::uint64_t first_seq, const std::string& bytes) {
    const std::string path = path_of(first_seq);
    const std::string beside = path + ".new";
    if (auto removed = files_->remove(beside); !removed) {
        return failure(removed.error());
    }
    auto file = create(beside);
    if (!file) {
        return failure(file.error());
    }
    Status done = (*file)->append(bytes);
    if (done) {
        done = (*file)->sync();
    }
    if (done) {
        done = files_->rename(beside, path);
    }
    if (!done) {
        static_cast<void>(files_->remove(beside));
        return failure(done.error());
    }
    if (reading_first_seq_ == first_seq) {
        reading_.reset();
    }
    const bool durable = sync_folder().has_value();
    return Placed{std::move(*file), durable ? Durability::durable : Durability::visible};
}

/// Adds the segment as it is on disk to `image`: what cannot be read, and what `rule` gives up, as gaps.
Status Spool::copy_segment(
    const SegmentIndex& segment,
    const std::optional<DropRule>& rule,
    SegmentImage& image,
    Tally& tally
) {
    const auto content = read_spoilt_file(*files_, path_of(segment.first_seq));
    if (!content) {
        return failure(content.error());
    }
    const SegmentScan scan = scan_segment(*content, seed_, segment.first_seq);
    auto found = scan.records.begin();
    std::int64_t last_wall = 0;
    for (std::size_t place = 0; place < segment.places.size(); ++place) {
        const std::uint64_t seq = segment.seq_of(place);
        while (found != scan.records.end() && found->head.seq < seq) {
            ++found;
        }
        const bool is_known = found != scan.records.end() && found->head.seq == seq;
        Hole hole{
            .seq = seq,
            .end_seq = segment.end_seq_of(place),
            .results = segment.results_before(place),
            .end_results = segment.results_before(place) + segment.results_of(place),
            .gap = {},
        };
        const RecordHead* const head = is_known ? &found->head : nullptr;
        const std::int64_t next_wall =
            found != scan.records.end() ? found->head.wall_ns : last_wall;
        hole.gap.drop_class = head != nullptr ? head->drop_class : wire::DropClass::state;
        hole.gap.from = wall_from_ns(head != nullptr ? head->wall_ns : last_wall);
        hole.gap.to = wall_from_ns(next_wall);
        last_wall = head != nullptr ? head->wall_ns : last_wall;
        const bool is_dropped =
            rule && segment.has(place, PlaceState::kept) && seq > untouchable() &&
            (!rule->drop_class || segment.places[place].drop_class == *rule->drop_class);
        if (is_known && found->is_whole && !is_dropped) {
            const std::string_view bytes = std::string_view(*content).substr(found->offset);
            auto record = decode_record(bytes, seed_);
            expect(record.has_value(), "what the scan found whole is whole");
            record->record.span = static_cast<std::uint32_t>(hole.end_seq - seq);
            record->record.count = static_cast<std::uint32_t>(hole.end_results - hole.results);
            image.add(*record);
            continue;
        }
        const bool is_gone = content->empty() || segment.has(place, PlaceState::missing);
        hole.gap.reason = is_dropped ? rule->reason
                          : is_gone  ? wire::GapReason::missing
                                     : wire::GapReason::damaged;
        if (hole.end_seq - 1 > acked_ && !segment.has(place, PlaceState::gap)) {
            tally[index_of(hole.gap.reason)] += hole.end_results - hole.results;
        }
        image.add(hole);
    }
    return {};
}

bool Spool::joins_previous(std::size_t at, const std::optional<DropRule>& rule) const {
    if (at == 0 || segments_[at - 1].holes > 0 || segments_[at - 1].end_seq <= acked_ + 1) {
        return false;
    }
    std::uint64_t stays = segments_[at].bytes;
    for (std::size_t drop_class = 0; rule && drop_class < 3; ++drop_class) {
        const auto one = static_cast<wire::DropClass>(drop_class);
        if (!rule->drop_class || *rule->drop_class == one) {
            stays -= std::min(stays, droppable(segments_[at], one));
        }
    }
    return segments_[at - 1].bytes + stays <= std::max(segment_bytes() / small_part, small_bytes) &&
           segments_[at].end_seq - segments_[at - 1].first_seq < (1u << 31);
}

/// Writes the segment anew. An error: nothing has changed.
Result<Spool::Durability> Spool::rebuild(std::size_t at, const std::optional<DropRule>& rule) {
    const bool is_last = at + 1 == segments_.size();
    if (is_last && segments_[at].end_seq > synced_ + 1) {
        return failure(ErrorKind::unavailable, "what is unsynced stays as it is");
    }
    const std::size_t first = joins_previous(at, rule) ? at - 1 : at;
    SegmentImage image(
        head_of(segments_[first].first_seq, segments_[first].first_results),
        seed_,
        untouchable() + 1
    );
    Tally tally{};
    const auto acked_at = segments_[at].acked_at;
    MonoTime made = MonoTime::min();
    for (std::size_t one = first; one <= at; ++one) {
        if (auto copied = copy_segment(segments_[one], rule, image, tally); !copied) {
            return failure(copied.error());
        }
        made = std::max(made, segments_[one].made);
    }
    image.finish();
    auto placed = put_in_place(segments_[first].first_seq, image.bytes());
    if (!placed) {
        return failure(placed.error());
    }
    for (std::size_t one = first; one <= at; ++one) {
        disk_bytes_ -= segments_[one].bytes;
    }
    bool may_come_back = false;
    if (first < at) {
        if (reading_first_seq_ == segments_[at].first_seq) {
            reading_.reset();
        }
        may_come_back =
            !files_->remove(path_of(segments_[at].first_seq)) || !files_->sync_directory(dir_);
        segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    SegmentIndex& segment = segments_[first] = image.take_index();
    segment.acked_at = acked_at;
    segment.made = made;
    disk_bytes_ += segment.bytes;
    for (std::size_t reason = 0; reason < tally.size(); ++reason) {
        counters_.gap_results[reason] += tally[reason];
        waiting_results_ -= tally[reason];
    }
    while (!memory_.empty() && memory_.front().seq < segment.end_seq) {
        memory_bytes_ -= stored_bytes(memory_.front().record);
        memory_.pop_front();
    }
    if (is_last) {
        // A file that comes back would be believed before what is written here.
        const bool goes_on = segment.bytes < segment_bytes() && !may_come_back;
        active_ = goes_on ? std::move(placed->file) : nullptr;
    }
    return placed->durability;
}

std::uint64_t Spool::droppable(const SegmentIndex& segment, wire::DropClass drop_class) const {
    if (segment.first_seq > untouchable()) {
        return segment.class_bytes[static_cast<std::size_t>(drop_class)];
    }
    if (segment.end_seq <= untouchable() + 1) {
        return 0;
    }
    std::uint64_t bytes = 0;
    for (std::size_t place = 0; place < segment.places.size(); ++place) {
        const bool drops = segment.has(place, PlaceState::kept) &&
                           segment.places[place].drop_class == drop_class &&
                           segment.seq_of(place) > untouchable();
        bytes += drops ? segment.stored_bytes_of(place) : 0;
    }
    return bytes;
}

bool Spool::drop_from(std::size_t at, const DropRule& rule) {
    if (at + 1 == segments_.size() && segments_[at].end_seq > synced_ + 1) {
        const std::uint64_t first_seq = segments_[at].first_seq;
        if (broken_ || !commit() || at >= segments_.size() ||
            segments_[at].first_seq != first_seq) {
            return false;
        }
    }
    const std::uint64_t first_seq = segments_[at].first_seq;
    const std::uint64_t before = counters_.all_gaps();
    const auto rebuilt = rebuild(at, rule);
    if (!rebuilt) {
        drops_fail_ = true;
        log(LogLevel::error, "spool.cannot_drop", {{"why", rebuilt.error().text()}});
        return false;
    }
    log(LogLevel::warning,
        "spool.dropped",
        {{"dir", dir_},
         {"reason", wire::to_string(rule.reason)},
         {"segment", first_seq},
         {"results", counters_.all_gaps() - before}});
    return true;
}

/// The oldest records of the highest class give way, a segment's at a time. False: there are none at or above `at_least`.
bool Spool::drop_oldest(wire::DropClass at_least) {
    if (drops_fail_) {
        return false;
    }
    const auto lowest = static_cast<int>(at_least);
    for (const std::uint64_t worthwhile : {segment_bytes() / worthwhile_part, std::uint64_t{1}}) {
        for (int one = static_cast<int>(wire::DropClass::samples); one >= lowest; --one) {
            const auto drop_class = static_cast<wire::DropClass>(one);
            for (std::size_t at = 0; at < segments_.size(); ++at) {
                const bool is_last = at + 1 == segments_.size();
                const std::uint64_t least =
                    is_last ? segment_bytes() / worthwhile_part_of_last : worthwhile;
                if (droppable(segments_[at], drop_class) >= least) {
                    return drop_from(at, {wire::GapReason::full, drop_class});
                }
            }
        }
    }
    return false;
}

/// False: there is nothing that is too old.
bool Spool::expire_front(MonoTime now) {
    for (std::size_t at = 0; at < segments_.size(); ++at) {
        const SegmentIndex& segment = segments_[at];
        if (segment.end_seq <= untouchable() + 1) {
            continue;
        }
        if (now - segment.made < options_.limits.max_age) {
            return false;
        }
        std::uint64_t bytes = 0;
        for (const auto one :
             {wire::DropClass::state, wire::DropClass::results, wire::DropClass::samples}) {
            bytes += droppable(segment, one);
        }
        if (bytes > 0) {
            return drop_from(at, {wire::GapReason::expired, std::nullopt});
        }
    }
    return false;
}

bool Spool::deletable(const SegmentIndex& segment, MonoTime now) const {
    if (segment.end_seq > acked_ + 1) {
        return false;
    }
    if (segment.places.empty()) {
        return true;
    }
    std::uint64_t acked_bytes = 0;
    for (const SegmentIndex& other : segments_) {
        acked_bytes += other.end_seq <= acked_ + 1 ? other.bytes : 0;
    }
    const Duration age = now - segment.acked_at.value_or(now);
    return age >= options_.limits.retain_acked || acked_bytes > options_.limits.retain_acked_bytes;
}

/// The age of what is acknowledged counts from when that is seen, at a start anew.
void Spool::note_acked(MonoTime now) {
    for (SegmentIndex& segment : segments_) {
        if (segment.end_seq > acked_ + 1) {
            return;
        }
        segment.acked_at = segment.acked_at.value_or(now);
    }
}

void Spool::trim(MonoTime now) {
    drops_fail_ = false;
    note_acked(now);
    while (segments_.size() > segments_that_stay() && deletable(segments_.front(), now)) {
        if (!delete_front()) {
            return;
        }
    }
    if (expire_front(now)) {
        return;
    }
    if (disk_bytes_ > options_.limits.max_bytes && !free_front()) {
        drop_oldest(wire::DropClass::state);
    }
}

/// What is acknowledged makes room at once, whatever its retention.
bool Spool::free_front() {
    return segments_.size() > segments_that_stay() && segments_.front().end_seq <= acked_ + 1 &&
           delete_front();
}

/// False: not now. What is deleted must be known as acknowledged after a restart.
bool Spool::delete_front() {
    const SegmentIndex& segment = segments_.front();
    if (saved_mark_.acked + 1 < segment.end_seq && !save_acked()) {
        return false;
    }
    if (reading_first_seq_ == segment.first_seq) {
        reading_.reset();
    }
    if (auto removed = files_->remove(path_of(segment.first_seq)); !removed) {
        log(LogLevel::warning, "spool.cannot_delete", {{"why", removed.error().text()}});
    }
    disk_bytes_ -= segment.bytes;
    segments_.pop_front();
    if (segments_.empty()) {
        active_.reset();
    }
    return true;
}

}  // namespace muster::agent
