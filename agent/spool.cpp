#include "agent/spool.hpp"

#include "base/expect.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace muster::agent {

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
    if (record.wall != WallTime{}) {
        first_wall_ = first_wall_ == WallTime{} ? record.wall : first_wall_;
        last_wall_ = record.wall;
    }
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

/// A record's time, or that of the first of its segment; 0: not known.
WallTime Spool::made_at(std::uint64_t seq) const {
    if (const wire::SequencedRecord* record = in_memory(seq)) {
        return record->record.wall;
    }
    const std::size_t at = segment_of(seq);
    return at < segments_.size() ? wall_from_ns(segments_[at].first_wall_ns) : WallTime{};
}

WallTime Spool::waits_since() const {
    return acked_ + 1 == next_seq_ ? WallTime{} : made_at(acked_ + 1);
}

}  // namespace muster::agent
