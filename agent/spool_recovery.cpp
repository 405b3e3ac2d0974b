// Owns: the opening half of Spool: reading what a crash, a dying disk or a hand left behind.
//
// First all segments are indexed, with a hole wherever records are not to be read; the edges of a hole say how many results are
// gone. Then each segment with a hole is written anew with gap records in place of it.
#include "agent/spool.hpp"
#include "agent/spool_files.hpp"
#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::agent {

namespace {

/// A file that holds nothing and whose name is further away than this names no segment of ours.
constexpr std::uint64_t most_lost = 1'000'000;

/// A hole larger than this, in records or results, is not damage but a folder that makes no sense.
constexpr std::uint64_t most_in_hole = std::uint64_t{1} << 31U;

/// Where the newest segment is gone nobody knows how many of its numbers were sent: at most this many fit into one.
constexpr std::uint64_t most_in_segment = 1u << 20;

constexpr const char* nonsense = "the numbers of its segments make no sense";

using Tail = SegmentScan::Tail;

}  // namespace

struct Spool::Recovery {
    MonoTime now;
    WallTime wall;
    Duration
        most_age;  // what is older counts as this old: a calendar that was or is wrong must not make it expire at once
    std::optional<SpoolMark> mark;
    std::set<std::uint64_t> names;      // of segments that are there
    std::optional<SegmentHead> newest;  // the last head that can be read
    bool says_something = false;        // there is a segment of which something can be read
    bool is_of_other_version = false;   // there is one that another version has written
    Tail tail = Tail::clean;            // of the last segment
    std::uint64_t tail_bytes = 0;       // behind its last record

    /// How old records of that time are, as far as wall clocks tell.
    MonoTime mono_of(std::int64_t wall_ns) const {
        const Duration age = wall - wall_from_ns(wall_ns);
        return wall_ns == 0 ? now : now - std::clamp(age, Duration{0}, most_age);
    }

    /// What is lost up to `seq`. Told apart: what the collector has, and what it has not.
    Status add_hole(SegmentIndex& index, PlaceState state, std::uint64_t seq, std::uint64_t results)
        const {
        results = std::max(results, index.end_results);
        if (seq - index.first_seq > most_in_hole || results - index.first_results > most_in_hole) {
            return failure(ErrorKind::corrupt, nonsense);
        }
        const auto lost = wire::DropClass::state;
        if (mark && index.end_seq <= mark->acked && mark->acked + 1 < seq) {
            const std::uint64_t acked = std::clamp(mark->acked_results, index.end_results, results);
            index.add(state, lost, mark->acked + 1, acked, 0);
        }
        index.add(state, lost, seq, results, 0);
        return {};
    }
};

Spool::Spool(Files& files, std::string dir, SpoolId folder, SpoolOptions options)
    : files_(&files),
      dir_(std::move(dir)),
      seed_(checksum_seed(folder)),
      name_(folder),
      options_(options) {
    saved_mark_.spool = folder;
}

std::string Spool::path_of(std::uint64_t first_seq) const {
    return dir_ + "/" + segment_name(first_seq);
}

/// As far as is known.
void Spool::tell_damaged(std::uint64_t results, WallTime wall) {
    const auto count = static_cast<std::uint32_t>(std::min(results, most_in_hole));
    counters_.found_results += count;
    counters_.gap_results[static_cast<std::size_t>(wire::GapReason::damaged)] += count;
    take(wire::make_gap(
        {.reason = wire::GapReason::damaged,
         .drop_class = wire::DropClass::state,
         .from = {},
         .to = wall},
        1,
        count
    ));
}

Result<Spool> Spool::open(
    Files& files, std::string dir, SpoolId folder, SpoolOptions options, MonoTime now, WallTime wall
) {
    Spool spool(files, std::move(dir), folder, options);
    Recovery recovery{
        .now = now,
        .wall = wall,
        .most_age = options.limits.max_age / 2,
        .mark = {},
        .names = {},
        .newest = {}
    };
    if (auto recovered = spool.recover(recovery); !recovered) {
        return failure(recovered.error(), "spool");
    }
    return spool;
}

Status Spool::recover(Recovery& recovery) {
    const auto names = files_->list(dir_);
    if (!names) {
        return failure(names.error());
    }
    recovery.mark = read_mark(*files_, dir_);
    for (const std::string& name : *names) {
        if (const auto first_seq = first_seq_of(name)) {
            if (auto read = recover_segment(recovery, *first_seq); !read) {
                return read;
            }
        } else if (name.ends_with(".new")) {
            static_cast<void>(files_->remove(dir_ + "/" + name));
        }
    }
    if (!recovery.says_something && recovery.is_of_other_version) {
        return failure(ErrorKind::corrupt, "another version has written it", dir_);
    }
    take_mark(recovery);
    if (auto ended = recover_end(recovery); !ended) {
        return ended;
    }
    count_found();
    return make_durable(recovery);
}

/// Where the stream stood by what the spool says of itself.
void Spool::take_mark(const Recovery& recovery) {
    const std::uint64_t front = segments_.empty() ? 1 : segments_.front().first_seq;
    for (const SegmentIndex& segment : segments_) {
        const WallTime first = wall_from_ns(segment.first_wall_ns);
        first_wall_ = first_wall_ == WallTime{} ? first : first_wall_;
        last_wall_ = std::max(last_wall_, wall_from_ns(segment.last_wall_ns));
    }
    if (const auto& mark = recovery.mark) {
        const auto said = [](std::uint64_t ns) {
            return wall_from_ns(static_cast<std::int64_t>(ns));
        };
        first_wall_ = mark->first_wall != 0 ? said(mark->first_wall) : first_wall_;
        last_wall_ = last_wall_ == WallTime{} ? said(mark->last_wall) : last_wall_;
        saved_mark_ = *mark;
        name_ = mark->spool;
        begins_at_ = mark->begins_at;
        results_at_begin_ = mark->results_at_begin;
        duplicates_before_ = mark->duplicates_before;
        acked_ = mark->acked;
        acked_results_ = mark->acked_results;
        acked_fingerprint_ = mark->fingerprint;
        reserved_ = mark->sent;
        return;
    }
    const std::uint64_t end = segments_.empty() ? 1 : segments_.back().end_seq;
    if (const auto& head = recovery.newest; head && head->begins_at <= end) {
        name_ = head->spool;
        begins_at_ = head->begins_at;
        results_at_begin_ = head->results_at_begin;
        duplicates_before_ = head->duplicates_before;
    }
    // What was deleted had been acknowledged.
    acked_ = std::max(begins_at_, front) - 1;
    acked_results_ = segments_.empty() ? 0 : segments_.front().first_results;
}

Status Spool::recover_segment(Recovery& recovery, std::uint64_t first_seq) {
    const std::string path = path_of(first_seq);
    const auto content = read_spoilt_file(*files_, path);
    if (!content) {
        return failure(content.error());
    }
    const SegmentScan scan = scan_segment(*content, seed_, first_seq);
    recovery.is_of_other_version = recovery.is_of_other_version || scan.is_of_other_version;
    const bool says_something = scan.head || !scan.records.empty();
    const std::uint64_t reached = std::max(
        segments_.empty() ? 1 : segments_.back().end_seq,
        recovery.mark ? recovery.mark->synced + 1 : 1
    );
    const bool is_ours = says_something ? !scan.head || scan.head->first_seq == first_seq
                                        : first_seq <= reached + most_lost;
    if (!is_ours || first_seq == 0) {
        log(LogLevel::error, "spool.file_set_aside", {{"path", path}});
        static_cast<void>(files_->rename(path, path + ".damaged"));
        return {};
    }
    recovery.says_something = recovery.says_something || says_something;
    recovery.names.insert(first_seq);
    recovery.newest = scan.head ? scan.head : recovery.newest;
    SegmentIndex index;
    index.first_seq = index.end_seq = first_seq;
    index.first_results = first_results_of(recovery, scan, first_seq);
    index.end_results = index.first_results;
    if (auto joined = recover_before(recovery, first_seq, index.first_results); !joined) {
        return joined;
    }
    for (const FoundRecord& found : scan.records) {
        const RecordHead& head = found.head;
        if (head.results_before < index.end_results) {
            continue;
        }
        if (head.seq > index.end_seq || head.results_before > index.end_results) {
            if (auto lost =
                    recovery.add_hole(index, PlaceState::damaged, head.seq, head.results_before);
                !lost) {
                return lost;
            }
        }
        index.bytes = found.offset;
        index.note_wall(head.wall_ns);
        const bool is_gap = head.kind == wire::RecordKind::gap;
        index.add(
            !found.is_whole ? PlaceState::damaged
            : is_gap        ? PlaceState::gap
                            : PlaceState::kept,
            head.drop_class,
            head.end_seq(),
            head.end_results(),
            head.stored_bytes()
        );
    }
    index.bytes = scan.good_bytes;
    index.made = recovery.mono_of(index.last_wall_ns);
    recovery.tail = scan.tail;
    recovery.tail_bytes = content->size() - scan.good_bytes;
    disk_bytes_ += index.bytes;
    segments_.push_back(std::move(index));
    return {};
}

/// Results in the stream before a segment, also where its head is damaged.
std::uint64_t Spool::first_results_of(
    const Recovery& recovery, const SegmentScan& scan, std::uint64_t first_seq
) const {
    std::uint64_t before = 0;
    bool follows = first_seq == 1;
    if (!segments_.empty()) {
        const SegmentIndex& last = segments_.back();
        follows = last.end_seq >= first_seq;
        before = follows && last.end_seq > first_seq ? last.results_before(last.find(first_seq))
                                                     : last.end_results;
    } else if (recovery.mark) {
        follows = recovery.mark->acked + 1 >= first_seq;
        before = follows && first_seq <= recovery.mark->acked ? 0 : recovery.mark->acked_results;
    }
    if (scan.head) {
        return std::max(before, scan.head->results_before);
    }
    if (scan.records.empty()) {
        return before;
    }
    const RecordHead& first = scan.records.front().head;
    if (first.seq == first_seq || !follows) {
        return std::max(before, first.results_before);
    }
    // The first records are damaged too. What is acknowledged of them counts for nothing.
    const bool is_acked = segments_.empty() && recovery.mark && first_seq <= recovery.mark->acked;
    return is_acked ? std::min(recovery.mark->acked_results, first.results_before) : before;
}

/// Joins a segment that begins at `seq` to those before: records written again after a failed sync are found in the later one;
/// what is between is lost.
Status Spool::recover_before(Recovery& recovery, std::uint64_t seq, std::uint64_t results) {
    if (segments_.empty()) {
        const auto& mark = recovery.mark;
        if (!mark || mark->acked + 1 >= seq) {
            return {};
        }
        SegmentIndex missing;
        missing.first_seq = missing.end_seq = mark->acked + 1;
        missing.first_results = missing.end_results = std::min(mark->acked_results, results);
        missing.made = recovery.now;
        if (auto lost = recovery.add_hole(missing, PlaceState::missing, seq, results); !lost) {
            return lost;
        }
        segments_.push_back(std::move(missing));
        return {};
    }
    SegmentIndex& before = segments_.back();
    if (seq < before.end_seq) {
        const std::uint64_t bytes = before.bytes;
        before.cut(seq, results);
        disk_bytes_ -= bytes - before.bytes;
    }
    if (seq == before.end_seq) {
        if (results - before.first_results > most_in_hole) {
            return failure(ErrorKind::corrupt, nonsense, dir_);
        }
        // Numbers that contradict each other: what lies between them is nothing to be believed.
        if (results != before.end_results && !before.places.empty()) {
            before.spoil(before.places.size() - 1);
        }
        before.end_results = results;
        before.first_results = before.places.empty() ? results : before.first_results;
        return {};
    }
    if (recovery.tail != Tail::clean) {
        return recovery.add_hole(before, PlaceState::damaged, seq, results);
    }
    SegmentIndex missing;
    missing.first_seq = missing.end_seq = before.end_seq;
    missing.first_results = missing.end_results = before.end_results;
    missing.made = recovery.now;
    if (auto lost = recovery.add_hole(missing, PlaceState::missing, seq, results); !lost) {
        return lost;
    }
    if (before.places.empty()) {
        segments_.pop_back();
    }
    segments_.push_back(std::move(missing));
    return {};
}

/// Numbers that may have been sent are not used again, whatever is left of the last segment.
Status Spool::recover_end(Recovery& recovery) {
    const auto& mark = recovery.mark;
    if (segments_.empty()) {
        SegmentIndex none;
        none.first_seq = none.end_seq = acked_ + 1;
        none.first_results = none.end_results = acked_results_;
        none.made = recovery.now;
        segments_.push_back(std::move(none));
    }
    SegmentIndex& last = segments_.back();
    std::uint64_t end = last.end_seq;
    const bool is_missing =
        mark && mark->last_segment >= end && !recovery.names.contains(mark->last_segment);
    if (recovery.tail == Tail::damaged) {
        end += recovery.tail_bytes / record_head_bytes + 1;
    }
    if (is_missing) {
        end = std::max(end, mark->last_segment) + most_in_segment;
    }
    end = std::max(end, mark ? mark->synced + 1 : 0);
    if (end > last.end_seq) {
        const auto state = is_missing ? PlaceState::missing : PlaceState::damaged;
        const std::uint64_t results = mark ? mark->synced_results : 0;
        if (auto lost = recovery.add_hole(last, state, end, results); !lost) {
            return lost;
        }
    }
    next_seq_ = last.end_seq;
    results_ = last.end_results;
    synced_ = next_seq_ - 1;
    synced_results_ = results_;
    // Without a mark anything may have been sent.
    sent_ = mark ? std::min(mark->sent, synced_) : synced_;
    reserved_ = std::max(reserved_, sent_);
    found_until_ = next_seq_;
    found_made_ = recovery.mono_of(last.last_wall_ns);
    return {};
}

void Spool::count_found() {
    for (const SegmentIndex& segment : segments_) {
        for (std::size_t place = 0; place < segment.places.size(); ++place) {
            if (segment.end_seq_of(place) - 1 > acked_ && !segment.has(place, PlaceState::gap)) {
                counters_.found_results += segment.results_of(place);
            }
        }
    }
    waiting_results_ = counters_.found_results;
}

/// Everything that is there is brought to disk, with gaps for what is not: only then may it be sent.
Status Spool::make_durable(Recovery& recovery) {
    const auto& mark = recovery.mark;
    const bool is_trusted = recovery.tail == Tail::clean && segments_.back().holes == 0 && mark &&
                            mark->synced + 1 >= segments_.back().end_seq;
    for (std::size_t at = 0; at + 1 < segments_.size();) {
        // Where it fails `read` tries again when it comes there.
        const bool is_done = segments_[at].holes == 0 || !rebuild(at, std::nullopt);
        at += is_done ? 1 : 0;
    }
    if (segments_.back().places.empty()) {
        disk_bytes_ -= segments_.back().bytes;
        segments_.pop_back();
        return {};
    }
    if (is_trusted) {
        const SegmentIndex& last = segments_.back();
        auto file = last.bytes < segment_bytes()
                        ? files_->open(path_of(last.first_seq), OpenMode::append)
                        : failure(ErrorKind::full, "the next record begins a new one");
        active_ = file ? std::move(*file) : nullptr;
        return {};
    }
    // Whether an fsync of it failed nobody knows any more: pages may be in memory that never reached the disk.
    const auto rewritten = rebuild(segments_.size() - 1, std::nullopt);
    if (rewritten && *rewritten == Durability::durable) {
        log(LogLevel::notice, "spool.resumed", {{"dir", dir_}, {"next_seq", next_seq_}});
        return {};
    }
    return load_unsynced();
}

/// The disk takes nothing: what the last segment holds is unsynced, as if it had just been appended.
Status Spool::load_unsynced() {
    const SegmentIndex last = std::move(segments_.back());
    SegmentImage image(head_of(last.first_seq, last.first_results), seed_, next_seq_);
    Tally tally{};
    if (auto copied = copy_segment(last, std::nullopt, image, tally); !copied) {
        return copied;
    }
    image.finish();
    segments_.pop_back();
    disk_bytes_ -= last.bytes;
    std::string_view rest = image.bytes();
    rest.remove_prefix(segment_head_bytes);
    while (!rest.empty()) {
        auto record = decode_record(rest, seed_);
        expect(record.has_value(), "what was just written can be read");
        const std::size_t bytes = stored_bytes(record->record);
        rest.remove_prefix(bytes);
        memory_bytes_ += bytes;
        unsynced_bytes_ += bytes;
        memory_.push_back(std::move(*record));
    }
    for (std::size_t reason = 0; reason < tally.size(); ++reason) {
        counters_.gap_results[reason] += tally[reason];
        waiting_results_ -= tally[reason];
    }
    synced_ = last.first_seq - 1;
    synced_results_ = last.first_results;
    broken_ = true;
    if (auto synced = sync(); !synced) {
        log(LogLevel::error, "spool.cannot_sync", {{"why", synced.error().text()}});
    }
    return {};
}

}  // namespace muster::agent
