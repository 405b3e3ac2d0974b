#include "agent/spool.hpp"

#include "agent/spool_files.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"
#include "wire/fingerprint.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace muster::agent {

namespace {

/// Payloads up to this are copied behind their head so that one write suffices.
constexpr std::size_t joined_bytes = 64u << 10;

}  // namespace

std::uint64_t SpoolCounters::all_gaps() const {
    return std::accumulate(gap_results.begin(), gap_results.end(), std::uint64_t{0});
}

SpoolCounters& SpoolCounters::operator+=(const SpoolCounters& other) {
    found_results += other.found_results;
    appended_results += other.appended_results;
    acked_results += other.acked_results;
    refused_records += other.refused_records;
    refused_results += other.refused_results;
    for (std::size_t reason = 0; reason < gap_results.size(); ++reason) {
        gap_results[reason] += other.gap_results[reason];
    }
    abandoned_segments += other.abandoned_segments;
    return *this;
}

void Refused::add(const wire::Record& record) {
    add(Refused{
        .records = 1,
        .results = record.count,
        .drop_class = record.drop_class,
        .from = record.wall,
        .to = record.wall,
    });
}

void Refused::add(const Refused& other) {
    from = records == 0 ? other.from : std::min(from, other.from);
    to = std::max(to, other.to);
    drop_class = std::min(drop_class, other.drop_class);
    records += other.records;
    results += other.results;
}

Result<std::uint64_t> Spool::append(wire::Record record) {
    expect(record.kind != wire::RecordKind::gap, "gaps are the spool's own to tell");
    if (auto room = room_for(stored_bytes(record), record.drop_class); !room) {
        Refused refused;
        refused.add(record);
        refuse(refused);
        return failure(room.error());
    }
    tell_refused();
    counters_.appended_results += record.count;
    waiting_results_ += record.count;
    return take(std::move(record));
}

void Spool::refuse(const Refused& refused) {
    counters_.refused_records += refused.records;
    counters_.refused_results += refused.results;
    untold_.add(refused);
}

/// What was refused gets a sequence number of its own: one record in place of all that is not there.
void Spool::tell_refused() {
    if (untold_.records == 0) {
        return;
    }
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const std::uint64_t results = std::min(untold_.results, most);
    counters_.gap_results[static_cast<std::size_t>(wire::GapReason::refused)] += results;
    take(wire::make_gap(
        {.reason = wire::GapReason::refused,
         .drop_class = untold_.drop_class,
         .from = untold_.from,
         .to = untold_.to},
        1,
        static_cast<std::uint32_t>(results)
    ));
    untold_.results -= results;
    if (untold_.results == 0) {
        untold_ = {};
    }
}

std::uint64_t Spool::take(wire::Record record) {
    const std::uint64_t seq = next_seq_;
    const std::uint64_t bytes = stored_bytes(record);
    const std::uint64_t results_before = results_;
    next_seq_ += record.span;
    results_ += record.count;
    memory_bytes_ += bytes;
    memory_.push_back({seq, std::move(record), results_before});
    if (!broken_) {
        if (auto written = write(memory_.back(), results_before); !written) {
            abandon(written.error());
        }
    }
    unsynced_bytes_ += bytes;
    return seq;
}

Status Spool::room_for(std::uint64_t bytes, wire::DropClass drop_class) {
    // The last sixteenth is for changes of state.
    const bool matters = drop_class == wire::DropClass::state;
    const std::uint64_t most =
        options_.unsynced_bytes + (matters ? options_.unsynced_bytes / 16 : 0);
    if (unsynced_bytes_ + unsynced_elsewhere_ + bytes > most) {
        return failure(ErrorKind::full, "too much waits to be written: the disk does not keep up");
    }
    while (disk_bytes_ + bytes > options_.limits.max_bytes) {
        if (!free_front() && !drop_oldest(drop_class)) {
            return failure(ErrorKind::full, "the spool has reached spool.max_bytes");
        }
    }
    return {};
}

/// Appends to the active segment, or to a new one where it is full. Everything before is durable
/// when a segment begins.
Status Spool::write(const wire::SequencedRecord& record, std::uint64_t results_before) {
    const std::uint64_t bytes = stored_bytes(record.record);
    const bool full = !segments_.empty() && !segments_.back().places.empty() &&
                      segments_.back().bytes + bytes > segment_bytes();
    if (full && active_) {
        if (auto synced = active_->sync(); !synced) {
            return synced;
        }
        synced_ = record.seq - 1;
        synced_results_ = results_before;
        unsynced_bytes_ = 0;
    }
    if (full || !active_) {
        if (auto begun = begin_segment(record.seq, results_before); !begun) {
            return begun;
        }
    }
    SegmentIndex& segment = segments_.back();
    std::string head = encode_record_head(record.seq, results_before, record.record, seed_);
    Status done;
    if (record.record.payload.size() <= joined_bytes) {
        head += record.record.payload;
        done = active_->append(head);
    } else {
        done = active_->append(head);
        if (done) {
            done = active_->append(record.record.payload);
        }
    }
    if (!done) {
        return done;
    }
    const bool is_gap = record.record.kind == wire::RecordKind::gap;
    segment.note_wall(to_ns(record.record.wall));
    segment.add(
        is_gap ? PlaceState::gap : PlaceState::kept,
        record.record.drop_class,
        record.seq + record.record.span,
        results_before + record.record.count,
        bytes
    );
    segment.acked_at.reset();
    segment.made = std::max(segment.made, record.record.mono);
    disk_bytes_ += bytes;
    return {};
}

SegmentHead Spool::head_of(std::uint64_t first_seq, std::uint64_t results_before) const {
    return {
        .spool = name_,
        .begins_at = begins_at_,
        .results_at_begin = results_at_begin_,
        .duplicates_before = duplicates_before_,
        .first_seq = first_seq,
        .results_before = results_before,
    };
}

/// Of all segments on a file system of pages.
std::uint64_t Spool::footprint() const {
    constexpr std::uint64_t page = 4096;
    std::uint64_t bytes = 0;
    for (const SegmentIndex& segment : segments_) {
        bytes += (segment.bytes + page - 1) / page * page;
    }
    return bytes;
}

bool Spool::lacks_room() const {
    return short_of_space_at_ && footprint() + elsewhere_ + segment_bytes() > *short_of_space_at_;
}

/// Where little is left on the file system the spools keep the size that they have: what begins takes
/// the place of what gives way.
Status Spool::check_free() {
    const auto is_short = [this] {
        const auto free = files_->free_bytes(dir_);
        return free && *free < options_.limits.keep_free;
    };
    if (!is_short()) {
        short_of_space_at_.reset();
        return {};
    }
    if (!short_of_space_at_) {
        short_of_space_at_ = footprint() + elsewhere_;
    }
    while (lacks_room() && is_short()) {
        if (!free_front() && !drop_oldest(wire::DropClass::state)) {
            return failure(ErrorKind::full, "the file system is nearly full", dir_);
        }
    }
    return {};
}

Status Spool::begin_segment(std::uint64_t first_seq, std::uint64_t results_before) {
    active_.reset();
    if (auto room = check_free(); !room) {
        return room;
    }
    const std::string path = path_of(first_seq);
    // What may be there was begun before and holds nothing that was ever promised.
    if (auto removed = files_->remove(path); !removed) {
        return removed;
    }
    auto file = create(path);
    if (!file) {
        return failure(file.error());
    }
    const std::string head = encode_segment_head(head_of(first_seq, results_before), seed_);
    Status begun = (*file)->append(head);
    if (begun) {
        begun = sync_folder();
    }
    if (!begun) {
        static_cast<void>(files_->remove(path));
        return begun;
    }
    active_ = std::move(*file);
    SegmentIndex segment;
    segment.first_seq = segment.end_seq = first_seq;
    segment.first_results = segment.end_results = results_before;
    segment.bytes = head.size();
    disk_bytes_ += head.size();
    segments_.push_back(std::move(segment));
    // So that a segment that goes missing is noticed. Not written: noticed a little less.
    if (auto saved = save_acked(); !saved) {
        log(LogLevel::warning, "spool.mark_not_saved", {{"why", saved.error().text()}});
    }
    return {};
}

Status Spool::sync() {
    if (auto done = commit(); !done) {
        return done;
    }
    tell_refused();
    return {};
}

Status Spool::commit() {
    if (synced_ + 1 != next_seq_ && !broken_) {
        expect(active_ != nullptr, "what is unsynced was written to an open segment");
        auto synced = active_->sync();
        if (!synced) {
            abandon(synced.error());
        }
    }
    if (broken_) {
        if (auto written = rewrite_unsynced(); !written) {
            return written;
        }
    }
    synced_ = next_seq_ - 1;
    synced_results_ = results_;
    unsynced_bytes_ = 0;
    if (std::exchange(is_in_memory_, false)) {
        log(LogLevel::notice, "spool.on_disk_again", {{"dir", dir_}});
    }
    shrink_memory();
    return {};
}

void Spool::trust_memory() {
    if (!is_in_memory_ && synced_ + 1 != next_seq_) {
        is_in_memory_ = true;
        log(LogLevel::error, "spool.in_memory", {{"dir", dir_}, {"from", synced_ + 1}});
    }
}

Refused Spool::end() {
    is_ended_ = true;
    options_.memory_bytes = 0;
    shrink_memory();
    counters_.refused_records -= untold_.records;
    counters_.refused_results -= untold_.results;
    return std::exchange(untold_, {});
}

/// After a failed write or fsync the kernel may have dropped the pages: nothing behind `synced_` is
/// believed any more.
void Spool::abandon(const Error& why) {
    log(LogLevel::error,
        "spool.segment_abandoned",
        {{"dir", dir_}, {"why", why.text()}, {"first_unsynced", synced_ + 1}});
    ++counters_.abandoned_segments;
    broken_ = true;
    active_.reset();
}

/// Records were acknowledged that never reached the disk: the stream on disk goes on behind them, and what is there before them
/// serves for nothing without them.
void Spool::forget_written() {
    for (const SegmentIndex& segment : segments_) {
        if (auto removed = files_->remove(path_of(segment.first_seq)); !removed) {
            log(LogLevel::warning, "spool.cannot_delete", {{"why", removed.error().text()}});
        }
        disk_bytes_ -= segment.bytes;
    }
    segments_.clear();
    reading_.reset();
    synced_ = acked_;
    synced_results_ = acked_results_;
    // A gap of which a part was acknowledged is one record.
    const wire::SequencedRecord* next = in_memory(acked_ + 1);
    if (next != nullptr && next->seq <= acked_) {
        synced_ = next->seq - 1;
        synced_results_ = next->results_before;
    }
}

/// Files that lie before the only segment there is: of records that were read at the start, or acknowledged from memory. Where one
/// stays the next start goes by the newer one.
void Spool::remove_stale() {
    const auto names = files_->list(dir_);
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
        const auto first_seq = first_seq_of(name);
        if (!first_seq || *first_seq == segments_.back().first_seq) {
            continue;
        }
        if (auto removed = files_->remove(path_of(*first_seq)); !removed) {
            log(LogLevel::warning, "spool.cannot_delete", {{"why", removed.error().text()}});
        }
    }
}

/// A new file takes its name when it is durable: whatever lies under that name is of an attempt
/// before.
Status Spool::rewrite_unsynced() {
    active_.reset();
    if (acked_ > synced_) {
        forget_written();
    }
    const std::uint64_t first = synced_ + 1;
    while (!segments_.empty() && segments_.back().end_seq > first) {
        SegmentIndex& segment = segments_.back();
        const std::uint64_t before = segment.bytes;
        if (segment.first_seq < first) {
            // The rest is ignored at recovery too.
            segment.cut(first, synced_results_);
            disk_bytes_ -= before - segment.bytes;
            break;
        }
        disk_bytes_ -= before;
        segments_.pop_back();
    }
    if (!segments_.empty() && segments_.back().first_seq == first) {
        disk_bytes_ -= segments_.back().bytes;
        segments_.pop_back();
    }
    if (auto room = check_free(); !room) {
        return room;
    }
    SegmentImage image(head_of(first, synced_results_), seed_, next_seq_);
    MonoTime newest = MonoTime::min();
    for (const wire::SequencedRecord& record : memory_) {
        if (record.seq >= first) {
            image.add(record);
            // What was found may be of another boot.
            newest = std::max(newest, record.seq < found_until_ ? found_made_ : record.record.mono);
        }
    }
    image.finish();
    auto placed = put_in_place(first, image.bytes());
    if (!placed) {
        return failure(placed.error());
    }
    if (placed->durability != Durability::durable) {
        return failure(ErrorKind::io, "the folder cannot be made durable", dir_);
    }
    segments_.push_back(image.take_index());
    segments_.back().made = newest;
    disk_bytes_ += segments_.back().bytes;
    active_ = std::move(placed->file);
    broken_ = false;
    if (segments_.size() == 1) {
        // What is deleted must be known as acknowledged after a restart.
        if (auto saved = save_acked(); saved) {
            remove_stale();
        } else {
            log(LogLevel::warning, "spool.mark_not_saved", {{"why", saved.error().text()}});
        }
    }
    log(LogLevel::notice, "spool.rewritten", {{"dir", dir_}, {"from", first}});
    return {};
}

wire::SpoolPosition Spool::position() const {
    return {
        .spool = name_,
        .first_unacked = acked_ + 1,
        .synced = given_out(),
        .next_seq = next_seq_,
        .begins_at = begins_at_,
        .first_kept = std::max(begins_at_, first_kept()),
        .results_at_begin = results_at_begin_,
        .acked_fingerprint = acked_fingerprint_,
        .waits_since = waits_since(),
    };
}

/// What was acknowledged from memory is not on disk, and makes what is there before it useless.
std::uint64_t Spool::first_kept() const {
    return segments_.empty() || acked_ > synced_ ? acked_ + 1 : segments_.front().first_seq;
}

void Spool::shrink_memory() {
    while (!memory_.empty() && memory_.front().seq <= given_out()) {
        const wire::SequencedRecord& oldest = memory_.front();
        const std::uint64_t bytes = stored_bytes(oldest.record);
        const bool is_acked = oldest.last_seq() <= acked_;
        const bool is_spare = oldest.seq <= synced_ && memory_bytes_ > options_.memory_bytes;
        if (!is_acked && !is_spare) {
            return;
        }
        unsynced_bytes_ -= oldest.seq > synced_ ? bytes : 0;
        memory_bytes_ -= bytes;
        memory_.pop_front();
    }
}

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
    const std::size_t at = segment_of(from_seq);
    renamed.acked_results = at == segments_.size()
                                ? results_
                                : segments_[at].results_before(segments_[at].find(from_seq));
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
    forget_ages();
    // The next segment has the new name in its head: it is known even where the mark is lost.
    active_.reset();
    log(LogLevel::notice,
        "spool.renamed",
        {{"dir", dir_}, {"name", name.text()}, {"from", from_seq}});
    return {};
}

WallTime Spool::waits_since() const {
    if (acked_ + 1 == next_seq_) {
        return {};
    }
    if (const wire::SequencedRecord* record = in_memory(acked_ + 1)) {
        return record->record.wall;
    }
    const std::size_t at = segment_of(acked_ + 1);
    return at < segments_.size() ? wall_from_ns(segments_[at].first_wall_ns) : WallTime{};
}

}  // namespace muster::agent
