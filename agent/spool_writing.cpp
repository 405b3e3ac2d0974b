// Owns: the half of Spool that brings records to disk: segments, syncs, and what becomes of both where the disk fails. Nothing that
// a failed sync has left behind is believed. Leaves to spool_rewriting.cpp: segments that are written anew, or deleted.
#include "agent/spool.hpp"
#include "agent/spool_files.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// Payloads up to this are copied behind their head so that one write suffices.
constexpr std::size_t joined_bytes = 64u << 10;

}  // namespace

/// The folder is made where it is not there: at the beginning, or where somebody has deleted it.
Result<std::unique_ptr<File>> Spool::create(const std::string& path) {
    auto file = files_->open(path, OpenMode::create_new);
    if (!file && file.error().kind() == ErrorKind::not_found) {
        is_folder_durable_ = false;
        if (auto made = files_->create_directories(dir_); !made) {
            return failure(made.error());
        }
        file = files_->open(path, OpenMode::create_new);
    }
    return file;
}

/// What is in the folder, and the folder itself.
Status Spool::sync_folder() {
    auto synced = files_->sync_directory(dir_);
    if (synced && !is_folder_durable_) {
        synced = sync_folders_above(*files_, dir_);
        is_folder_durable_ = synced.has_value();
    }
    return synced;
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

}  // namespace muster::agent
