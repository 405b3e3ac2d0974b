#include "agent/spool.hpp"

#include "base/expect.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// Payloads up to this are copied behind their head so that one write suffices.
constexpr std::size_t joined_bytes = 64u << 10;

std::uint64_t stored_bytes(const wire::Record& record) {
    return record_head_bytes + record.payload.size();
}

}  // namespace

Result<std::uint64_t> Spool::append(wire::Record record) {
    if (auto room = room_for(record); !room) {
        ++counters_.refused_records;
        counters_.refused_results += record.count;
        return failure(room.error());
    }
    const std::uint64_t seq = next_seq_++;
    counters_.appended_results += record.count;
    const std::uint64_t bytes = stored_bytes(record);
    memory_bytes_ += bytes;
    memory_.push_back({seq, std::move(record)});
    if (!broken_) {
        if (auto written = write(memory_.back()); !written) {
            abandon(written.error());
        }
    }
    unsynced_bytes_ += bytes;
    return seq;
}

Status Spool::room_for(const wire::Record& record) {
    const std::uint64_t bytes = stored_bytes(record);
    if (unsynced_bytes_ + bytes > options_.unsynced_bytes) {
        return failure(ErrorKind::full, "too much waits to be written: the disk does not keep up");
    }
    const bool matters = record.drop_class == wire::DropClass::state;
    const std::uint64_t limit =
        options_.limits.max_bytes + (matters ? options_.limits.max_bytes / 16 : 0);
    while (disk_bytes_ + bytes > limit && segments_.size() > 1 &&
           segments_.front().end_seq() <= acked_ + 1) {
        if (!delete_front()) {
            break;
        }
    }
    if (disk_bytes_ + bytes > limit) {
        return failure(ErrorKind::full, "the spool has reached spool.max_bytes");
    }
    return {};
}

/// Appends to the active segment, or to a new one where it is full. Everything before is durable
/// when a segment begins.
Status Spool::write(const wire::SequencedRecord& record) {
    const std::uint64_t bytes = stored_bytes(record.record);
    const bool full = !segments_.empty() && !segments_.back().places.empty() &&
                      segments_.back().bytes + bytes > options_.segment_bytes;
    if (full && active_) {
        if (auto synced = active_->sync(); !synced) {
            return synced;
        }
        synced_ = record.seq - 1;
        unsynced_bytes_ = 0;
    }
    if (full || !active_) {
        if (auto begun = begin_segment(record.seq); !begun) {
            return begun;
        }
    }
    Segment& segment = segments_.back();
    std::string head = encode_record_head(record.seq, record.record);
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
    if (segment.places.empty()) {
        segment.first_wall_ns = to_ns(record.record.wall);
    }
    segment.places.push_back({static_cast<std::uint32_t>(segment.bytes), record.record.count});
    segment.bytes += bytes;
    segment.newest = std::max(segment.newest, record.record.mono);
    disk_bytes_ += bytes;
    return {};
}

Status Spool::begin_segment(std::uint64_t first_seq) {
    active_.reset();
    if (const auto free = files_->free_bytes(dir_); free && *free < options_.keep_free_bytes) {
        return failure(ErrorKind::full, "the file system is nearly full", dir_);
    }
    auto file = files_->open(path_of(first_seq), OpenMode::create_new);
    if (!file) {
        return failure(file.error());
    }
    if (auto synced = files_->sync_directory(dir_); !synced) {
        static_cast<void>(files_->remove(path_of(first_seq)));
        return synced;
    }
    active_ = std::move(*file);
    Segment segment;
    segment.first_seq = first_seq;
    segments_.push_back(std::move(segment));
    return {};
}

Status Spool::sync() {
    if (synced_ + 1 == next_seq_) {
        return {};
    }
    if (!broken_) {
        expect(active_ != nullptr, "what is unsynced was written to an open segment");
        auto synced = active_->sync();
        if (!synced) {
            abandon(synced.error());
        }
    }
    if (broken_) {
        if (auto written = rewrite_unsynced(); !written) {
            unsynced_bytes_ = 0;
            for (const wire::SequencedRecord& record : memory_) {
                unsynced_bytes_ += record.seq > synced_ ? stored_bytes(record.record) : 0;
            }
            return written;
        }
    }
    synced_ = next_seq_ - 1;
    unsynced_bytes_ = 0;
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

Status Spool::rewrite_unsynced() {
    active_.reset();
    const std::uint64_t first = synced_ + 1;
    while (!segments_.empty() && segments_.back().end_seq() > first) {
        Segment& segment = segments_.back();
        if (segment.first_seq < first) {
            segment.places.resize(
                first - segment.first_seq
            );  // the rest is ignored at recovery too
            break;
        }
        disk_bytes_ -= segment.bytes;
        segments_.pop_back();
    }
    if (!segments_.empty() && segments_.back().first_seq == first) {
        disk_bytes_ -= segments_.back().bytes;
        segments_.pop_back();
    }
    // Left from an attempt before: it holds unsynced records only, none of which was ever sent.
    if (auto removed = files_->remove(path_of(first)); !removed) {
        return removed;
    }
    if (auto begun = begin_segment(first); !begun) {
        return begun;
    }
    for (const wire::SequencedRecord& record : memory_) {
        if (record.seq < first) {
            continue;
        }
        if (auto written = write(record); !written) {
            return written;
        }
    }
    if (auto synced = active_->sync(); !synced) {
        return synced;
    }
    broken_ = false;
    log(LogLevel::notice, "spool.rewritten", {{"dir", dir_}, {"from", first}});
    return {};
}

wire::SpoolPosition Spool::position() const {
    return {.spool = id_, .first_unacked = acked_ + 1, .synced = synced_, .next_seq = next_seq_};
}

void Spool::shrink_memory() {
    while (!memory_.empty() && memory_.front().seq <= synced_ &&
           (memory_bytes_ > options_.memory_bytes || memory_.front().seq <= acked_)) {
        memory_bytes_ -= stored_bytes(memory_.front().record);
        memory_.pop_front();
    }
}

Result<std::vector<wire::SequencedRecord>> Spool::read(std::uint64_t from_seq, std::size_t bytes) {
    std::vector<wire::SequencedRecord> records;
    std::uint64_t seq = std::max(from_seq, segments_.empty() ? 1 : segments_.front().first_seq);
    std::size_t taken = 0;
    while (seq <= synced_ && (records.empty() || taken < bytes)) {
        if (!memory_.empty() && seq >= memory_.front().seq) {
            const auto& kept = memory_[seq - memory_.front().seq];
            if (!records.empty() && taken + kept.record.payload.size() > bytes) {
                break;
            }
            taken += kept.record.payload.size();
            records.push_back(kept);
            ++seq;
            continue;
        }
        const auto after = std::ranges::upper_bound(segments_, seq, {}, &Segment::first_seq);
        expect(after != segments_.begin(), "segments are contiguous");
        auto part = read_segment(*std::prev(after), seq, bytes - std::min(bytes, taken));
        if (!part && records.empty()) {
            return failure(part.error());
        }
        if (!part || part->empty()) {
            break;
        }
        for (wire::SequencedRecord& record : *part) {
            taken += record.record.payload.size();
            if (taken > bytes && !records.empty()) {
                break;
            }
            records.push_back(std::move(record));
        }
        seq = records.back().seq + 1;
    }
    return records;
}

/// One read for as many neighbours as fit `bytes`.
Result<std::vector<wire::SequencedRecord>> Spool::read_segment(
    const Segment& segment, std::uint64_t from_seq, std::size_t bytes
) {
    std::vector<wire::SequencedRecord> records;
    const std::size_t from = from_seq - segment.first_seq;
    expect(from < segment.places.size(), "a sequence number lies in its segment");
    const std::uint64_t until_seq = std::min(segment.end_seq() - 1, synced_);
    const std::size_t until = until_seq - segment.first_seq + 1;
    if (segment.places[from].offset == lost_offset) {
        records.push_back(lost_record(from_seq));
        return records;
    }
    const std::uint64_t begin = segment.places[from].offset;
    std::uint64_t end = begin;
    std::size_t last = from;
    while (last < until && segment.places[last].offset != lost_offset) {
        const std::uint64_t next_begin =
            last + 1 < segment.places.size() ? segment.places[last + 1].offset : segment.bytes;
        if (next_begin == lost_offset || (last > from && next_begin - begin > bytes)) {
            break;
        }
        end = next_begin;
        ++last;
    }
    // Before a lost record the end is unknown: its neighbour is read with what may be behind it.
    end = end == begin ? segment.bytes : end;
    last = std::max(last, from + 1);
    if (!reading_ || reading_first_seq_ != segment.first_seq) {
        auto file = files_->open(path_of(segment.first_seq), OpenMode::read);
        if (!file) {
            return failure(file.error());
        }
        reading_ = std::move(*file);
        reading_first_seq_ = segment.first_seq;
    }
    const auto content = reading_->read(begin, end - begin);
    if (!content) {
        return failure(content.error());
    }
    std::string_view rest = *content;
    for (std::size_t at = from; at < last; ++at) {
        std::size_t used = 0;
        auto record = decode_record(rest, used);
        if (!record || record->seq != segment.first_seq + at) {
            if (records.empty()) {
                ++counters_.lost_records;
                log(LogLevel::error, "spool.record_lost", {{"dir", dir_}, {"seq", from_seq}});
                records.push_back(lost_record(from_seq));
            }
            break;
        }
        rest.remove_prefix(used);
        records.push_back(std::move(*record));
    }
    return records;
}

void Spool::ack(std::uint64_t seq) {
    const std::uint64_t to = std::min(seq, synced_);
    for (const Segment& segment : segments_) {
        const std::uint64_t from = std::max(acked_ + 1, segment.first_seq);
        for (std::uint64_t at = from; at <= to && at < segment.end_seq(); ++at) {
            counters_.acked_results += segment.places[at - segment.first_seq].count;
        }
        if (segment.first_seq > to) {
            break;
        }
    }
    acked_ = std::max(acked_, to);
    shrink_memory();
}

bool Spool::deletable(const Segment& segment, MonoTime now) const {
    if (segment.end_seq() > acked_ + 1) {
        return false;
    }
    std::uint64_t acked_bytes = 0;
    for (const Segment& other : segments_) {
        acked_bytes += other.end_seq() <= acked_ + 1 ? other.bytes : 0;
    }
    return now - segment.newest >= options_.limits.retain_acked ||
           acked_bytes > options_.limits.retain_acked_bytes;
}

void Spool::trim(MonoTime now) {
    // The last segment always stays: its name says where the sequence goes on.
    while (segments_.size() > 1 && deletable(segments_.front(), now)) {
        if (!delete_front()) {
            return;
        }
    }
}

/// False: not now. What is deleted must be known as acknowledged after a restart.
bool Spool::delete_front() {
    const Segment& segment = segments_.front();
    if (saved_acked_ + 1 < segment.end_seq() && !save_acked()) {
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
    return true;
}

Status Spool::save_acked() {
    if (saved_acked_ == acked_) {
        return {};
    }
    auto saved = write_file_atomically(*files_, dir_ + "/acked", std::to_string(acked_) + "\n");
    if (saved) {
        saved_acked_ = acked_;
    }
    return saved;
}

WallTime Spool::oldest_unacked(WallTime now) const {
    if (acked_ + 1 == next_seq_) {
        return now;
    }
    if (!memory_.empty() && memory_.front().seq <= acked_ + 1) {
        return memory_[acked_ + 1 - memory_.front().seq].record.wall;
    }
    const auto after = std::ranges::upper_bound(segments_, acked_ + 1, {}, &Segment::first_seq);
    return after == segments_.begin() ? now : wall_from_ns(std::prev(after)->first_wall_ns);
}

}  // namespace muster::agent
