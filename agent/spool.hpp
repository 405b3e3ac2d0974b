// Owns: records on disk until the collector has them: sequence numbers, segments, recovery,
// retention. A value over Files: no thread, no clock. Leaves to spool_thread.hpp: when to sync; to
// spool_segment.hpp: the bytes of a record.
#pragma once

#include "agent/spool_segment.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "wire/link_client.hpp"
#include "wire/record.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {

/// What may change while the spool is in use.
struct SpoolLimits {
    std::uint64_t max_bytes = 256u
                              << 20;  ///< of all segments; state changes may use a sixteenth more
    Duration retain_acked = std::chrono::minutes(30);
    std::uint64_t retain_acked_bytes = 64u << 20;

    bool operator==(const SpoolLimits&) const = default;
};

struct SpoolOptions {
    SpoolLimits limits;
    std::uint64_t segment_bytes = 8u << 20;
    std::uint64_t memory_bytes = 16u
                                 << 20;  ///< synced records kept for sending without reading files
    std::uint64_t unsynced_bytes =
        16u << 20;  ///< beyond: records are refused (the disk does not keep up, or fails)
    std::uint64_t keep_free_bytes =
        64u << 20;  ///< left to others on the file system; looked at once a segment
};

/// Since the spool was opened, unless said otherwise.
struct SpoolCounters {
    std::uint64_t appended_results = 0;
    std::uint64_t acked_results = 0;
    std::uint64_t refused_records = 0;  ///< a bound was reached
    std::uint64_t refused_results = 0;
    std::uint64_t lost_records = 0;        ///< damaged on disk; sent as empty gap records
    std::uint64_t abandoned_segments = 0;  ///< after a failed write or sync
};

/// One stream of records with contiguous sequence numbers from 1. Used by one thread.
///
/// What `sync` has confirmed survives a power cut, is sent, and is kept until it is acknowledged. A
/// failed write or sync gives the segment up: its unsynced records, still in memory, are written to
/// a new one by the next `sync`.
class Spool {
  public:
    /// Opens the spool below `dir`, or makes one. A torn tail is cut off; damaged records become
    /// gaps; a spool that makes no sense is set aside under another name and a new one begun:
    /// nothing here refuses to start but the file system itself.
    static Result<Spool> open(
        Files& files, const std::string& dir, Random& random, SpoolOptions options, MonoTime now
    );

    /// Takes the record over and writes it (not yet durable). Gives its seq. `full` at a bound: the
    /// record is gone and counted. A failing disk is not an error here: the record stays in memory
    /// until `sync` succeeds.
    Result<std::uint64_t> append(wire::Record record);
    /// Makes everything appended durable. After an error call again later.
    Status sync();

    wire::SpoolPosition position() const;

    /// Bytes `sync` would confirm.
    std::uint64_t unsynced_bytes() const { return unsynced_bytes_; }

    /// Synced records from `from_seq` on: at least one if there is one, then while they fit
    /// `bytes`. From memory where possible. Records before the oldest kept are not given. Errors:
    /// the file cannot be read; nothing is lost.
    Result<std::vector<wire::SequencedRecord>> read(std::uint64_t from_seq, std::size_t bytes);

    /// From now on; a spool beyond smaller limits refuses until it has shrunk.
    void set_limits(const SpoolLimits& limits) { options_.limits = limits; }

    /// The collector has committed everything up to `seq`.
    void ack(std::uint64_t seq);
    /// Deletes segments that are acknowledged and past their retention.
    void trim(MonoTime now);
    /// Writes down how far was acknowledged. Losing it only means sending again.
    Status save_acked();

    const SpoolCounters& counters() const { return counters_; }

    /// Bytes of all segments.
    std::uint64_t disk_bytes() const { return disk_bytes_; }

    /// When the oldest record that is not acknowledged was made (a segment's first for old ones);
    /// nothing waits: `now`.
    WallTime oldest_unacked(WallTime now) const;

  private:
    struct Segment {
        std::uint64_t first_seq = 0;
        std::vector<RecordPlace> places;  // of first_seq, first_seq + 1, …
        std::uint64_t bytes = 0;
        std::int64_t first_wall_ns = 0;
        MonoTime newest{};

        std::uint64_t end_seq() const { return first_seq + places.size(); }
    };

    Spool(Files& files, std::string dir, SpoolId id, SpoolOptions options);

    static Result<Spool> open_existing(
        Files& files, std::string dir, SpoolId id, SpoolOptions options, MonoTime now
    );
    Status recover(MonoTime now);
    Status recover_segment(std::uint64_t first_seq, MonoTime now);
    Status resume_last();
    std::string path_of(std::uint64_t first_seq) const;

    Status room_for(const wire::Record& record);
    Status begin_segment(std::uint64_t first_seq);
    Status write(const wire::SequencedRecord& record);
    void abandon(const Error& why);
    Status rewrite_unsynced();
    void shrink_memory();
    bool delete_front();
    bool deletable(const Segment& segment, MonoTime now) const;
    Result<std::vector<wire::SequencedRecord>> read_segment(
        const Segment& segment, std::uint64_t from_seq, std::size_t bytes
    );

    Files* files_;
    std::string dir_;
    SpoolId id_;
    SpoolOptions options_;
    std::deque<Segment> segments_;   // by first_seq, contiguous; the last is the one written to
    std::unique_ptr<File> active_;   // of segments_.back(); null: begun by the next write
    std::unique_ptr<File> reading_;  // of reading_first_seq_
    std::uint64_t reading_first_seq_ = 0;
    std::deque<wire::SequencedRecord>
        memory_;  // a tail of the stream, at least all that is unsynced
    std::uint64_t memory_bytes_ = 0;
    std::uint64_t unsynced_bytes_ = 0;
    std::uint64_t disk_bytes_ = 0;
    std::uint64_t next_seq_ = 1;
    std::uint64_t synced_ = 0;
    std::uint64_t acked_ = 0;
    std::uint64_t saved_acked_ = 0;
    bool broken_ =
        false;  // the file's end cannot be trusted: unsynced records must be written again
    SpoolCounters counters_;
};

}  // namespace muster::agent
