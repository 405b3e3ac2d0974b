// Owns: one stream of records on disk until the collector has them: sequence numbers, segments, recovery, limits, retention; nothing
// that was synced is lost without a gap record that says so. A value over Files: no thread, no clock. Leaves to spool_set.hpp: which
// streams there are; to spool_thread.hpp: when to sync; to spool_segment.hpp: the bytes of a record.
#pragma once

#include "agent/spool_image.hpp"
#include "agent/spool_index.hpp"
#include "agent/spool_mark.hpp"
#include "agent/spool_segment.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "wire/finished_stream.hpp"
#include "wire/gap.hpp"
#include "wire/link_client.hpp"
#include "wire/record.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::agent {

/// What may change while the spool is in use.
struct SpoolLimits {
    /// Of all segments. Beyond, the least important and oldest records give way to new ones.
    std::uint64_t max_bytes = 256u << 20;
    Duration max_age = std::chrono::hours(7 * 24);  ///< records older than this are given up
    /// Left to others on the file system: where less is left the spool does not grow.
    std::uint64_t keep_free = 64u << 20;
    /// What is acknowledged stays so long, and no longer than it fits these bytes.
    Duration retain_acked = std::chrono::minutes(30);
    std::uint64_t retain_acked_bytes = 64u << 20;

    bool operator==(const SpoolLimits&) const = default;
};

struct SpoolOptions {
    SpoolLimits limits;
    std::uint64_t segment_bytes = 8u << 20;  ///< or an eighth of max_bytes where that is less
    std::uint64_t memory_bytes = 16u
                                 << 20;  ///< synced records kept for sending without reading files
    /// Of all spools of an agent. Beyond: records are refused (the disk does not keep up, or fails).
    std::uint64_t unsynced_bytes = 16u << 20;
    AgentId agent = {};  ///< by which collectors know whose records they are (finished_streams.hpp)
};

/// Since the spool was opened. At any moment:
///   found + appended + refused = acked + waiting + all gaps + untold
/// where `waiting` is Spool::waiting_results and `untold` is Spool::untold().results.
struct SpoolCounters {
    std::uint64_t found_results =
        0;  ///< not acknowledged when it was opened, what had been lost of them included
    std::uint64_t appended_results = 0;
    std::uint64_t acked_results = 0;
    std::uint64_t refused_records =
        0;  ///< a bound was reached; told by a gap record as soon as there is room for one
    std::uint64_t refused_results = 0;
    std::array<std::uint64_t, 8> gap_results{};  ///< in gap records made since, by wire::GapReason
    std::uint64_t abandoned_segments = 0;        ///< after a failed write or sync

    std::uint64_t gaps(wire::GapReason reason) const {
        return gap_results[static_cast<std::size_t>(reason)];
    }

    std::uint64_t all_gaps() const;

    SpoolCounters& operator+=(const SpoolCounters& other);
    bool operator==(const SpoolCounters&) const = default;
};

/// Records that were not taken, and of which no gap record tells yet.
struct Refused {
    std::uint64_t records = 0;
    std::uint64_t results = 0;
    wire::DropClass drop_class = wire::DropClass::samples;
    WallTime from{};
    WallTime to{};

    void add(const wire::Record& record);
    void add(const Refused& other);
};

/// One stream of records with contiguous sequence numbers. Used by one thread.
///
/// What `sync` has confirmed survives a power cut, is sent, and is kept until it is acknowledged, or until a gap record stands for
/// it in sequence (wire/gap.hpp). A failed write or sync gives the segment up: its unsynced records, still in memory, are written
/// to a new one by the next `sync`.
class Spool {
  public:
    /// A new one in `dir`, which holds nothing; made with the first record.
    Spool(Files& files, std::string dir, SpoolId folder, SpoolOptions options);
    /// The spool in `dir`. A torn tail is cut off; what is damaged or missing becomes gaps. `corrupt` where the folder makes no
    /// sense.
    static Result<Spool> open(
        Files& files,
        std::string dir,
        SpoolId folder,
        SpoolOptions options,
        MonoTime now,
        WallTime wall
    );

    /// Before its first record: so many results of another spool are lost.
    void tell_damaged(std::uint64_t results, WallTime wall);

    /// Takes the record over and writes it (not yet durable). Gives its seq. `full` at a bound: the record is gone and counted. A
    /// failing disk is not an error here: the record stays in memory until `sync` succeeds.
    Result<std::uint64_t> append(wire::Record record);
    /// Counts records that were refused before they came here; told by the next gap record.
    void refuse(const Refused& refused);
    /// Makes everything appended durable. After an error call again later.
    Status sync();
    /// The disk takes nothing for now: until a `sync` succeeds what is unsynced counts as synced, so that it is sent from memory. A
    /// power cut loses it, and after it the collector has seen more than there is here (`rename`).
    void trust_memory();

    bool is_in_memory() const { return is_in_memory_; }

    wire::SpoolPosition position() const;

    /// Bytes `sync` would confirm.
    std::uint64_t unsynced_bytes() const { return unsynced_bytes_; }

    /// Synced records from `from_seq` on: at least one if there is one, then while they fit `bytes`. From memory where possible.
    /// The first may be a gap of which the part before `from_seq` is left out; its results all count for what is left. Records
    /// before the oldest kept are not given. Errors: the file cannot be read; nothing is lost.
    Result<std::vector<wire::SequencedRecord>> read(std::uint64_t from_seq, std::size_t bytes);

    /// The oldest and least important records give way, a segment's at a time, none more important than `at_least`. False: there is
    /// nothing to give.
    bool give_way(wire::DropClass at_least) { return free_front() || drop_oldest(at_least); }

    /// What other spools of the same agent take on the file system: all of them together keep their size where little is left to
    /// others. `unsynced`: in memory, of which all have one bound too.
    void set_elsewhere(std::uint64_t bytes, std::uint64_t unsynced) {
        elsewhere_ = bytes;
        unsynced_elsewhere_ = unsynced;
    }

    /// Little is left on the file system, and the next segment would make the spools larger than they were when that was found.
    bool lacks_room() const;
    /// Nothing will be appended any more. Gives what was refused and no gap record tells of yet: for another spool to `refuse`.
    Refused end();

    /// It has ended, and nothing of it is left.
    bool is_gone() const { return is_ended_ && segments_.empty() && acked_ + 1 == next_seq_; }

    SpoolId name() const { return name_; }

    /// From now on; what is beyond smaller limits goes by and by.
    void set_limits(const SpoolLimits& limits) { options_.limits = limits; }

    /// Records up to `seq` were handed to the link: they are not dropped any more, nor after a restart.
    void sent(std::uint64_t seq);

    /// The collector has committed everything up to `seq`. `fingerprint`: of the record that ends there, where it was sent otherwise
    /// than it is here.
    void ack(std::uint64_t seq, std::uint64_t fingerprint = 0);
    /// The collector was restored and has the stream up to `seq` only: what is kept behind it waits again.
    void rewind(std::uint64_t seq);
    /// Deletes segments that have been acknowledged for as long as they are retained, or are beyond what is retained; gives up what is too old, or beyond max_bytes: at most one
    /// segment's at a time.
    void trim(MonoTime now);
    /// Writes down how far was acknowledged and sent. Losing it only means sending again.
    Status save_acked();
    /// The stream goes on under another name from `from_seq` on, which is kept or the next: where agent and collector do not have
    /// the same past. What is before is forgotten (see finished_before); records up to now are given out as possible duplicates.
    /// Durable when it succeeds; otherwise nothing has changed.
    Status rename(SpoolId name, std::uint64_t from_seq);

    /// What the stream held under its name up to the record before `from_seq`, which is kept or the next.
    wire::FinishedStream finished_before(std::uint64_t from_seq) const;

    /// Results in the stream before the record that begins at `seq`: of all that is kept, and of next_seq.
    std::optional<std::uint64_t> results_before(std::uint64_t seq) const;
    /// wire::fingerprint of the kept record that ends at `last_seq`; 0: there is none, or it cannot be read.
    std::uint64_t fingerprint_at(std::uint64_t last_seq);

    const SpoolCounters& counters() const { return counters_; }

    /// Results neither acknowledged nor in gap records.
    std::uint64_t waiting_results() const { return waiting_results_; }

    const Refused& untold() const { return untold_; }

    /// Bytes of all segments.
    std::uint64_t disk_bytes() const { return disk_bytes_; }

    /// When the oldest record that is not acknowledged was made (a segment's first for old ones); 0 when nothing waits.
    WallTime waits_since() const;

  private:
    struct Recovery;

    struct DropRule {
        wire::GapReason reason;
        std::optional<wire::DropClass> drop_class;  // none: whatever it is
    };

    using Tally = std::array<std::uint64_t, 8>;  // results that became gaps, by reason
    enum class Durability { durable, visible };

    struct Placed {
        std::unique_ptr<File> file;
        Durability durability;
    };

    // spool_recovery.cpp
    Status recover(Recovery& recovery);
    Status recover_segment(Recovery& recovery, std::uint64_t first_seq);
    Status recover_before(Recovery& recovery, std::uint64_t seq, std::uint64_t results);
    std::uint64_t first_results_of(
        const Recovery& recovery, const SegmentScan& scan, std::uint64_t first_seq
    ) const;
    void take_mark(const Recovery& recovery);
    Status recover_end(Recovery& recovery);
    void count_found();
    Status make_durable(Recovery& recovery);
    Status load_unsynced();
    std::string path_of(std::uint64_t first_seq) const;

    // spool.cpp
    Status room_for(std::uint64_t bytes, wire::DropClass drop_class);
    std::uint64_t take(wire::Record record);
    void tell_refused();
    std::uint64_t first_kept() const;
    void shrink_memory();
    WallTime made_at(std::uint64_t seq) const;

    // spool_writing.cpp
    Result<std::unique_ptr<File>> create(const std::string& path);
    Status sync_folder();
    Status write(const wire::SequencedRecord& record, std::uint64_t results_before);
    SegmentHead head_of(std::uint64_t first_seq, std::uint64_t results_before) const;
    std::uint64_t footprint() const;
    Status check_free();
    Status begin_segment(std::uint64_t first_seq, std::uint64_t results_before);
    Status commit();
    void abandon(const Error& why);
    void forget_written();
    void remove_stale();
    Status rewrite_unsynced();

    // spool_acking.cpp
    void count_acked(std::uint64_t to);
    std::uint64_t acked_since(std::uint64_t from_seq) const;
    SpoolMark mark() const;
    void forget_ages();

    std::uint64_t segment_bytes() const {
        return std::min(
            options_.segment_bytes, std::max<std::uint64_t>(options_.limits.max_bytes / 8, 4096)
        );
    }

    // spool_reading.cpp
    std::size_t segment_of(std::uint64_t seq) const;
    const wire::SequencedRecord* in_memory(std::uint64_t seq) const;
    wire::SequencedRecord given(const wire::SequencedRecord& record, std::uint64_t from_seq) const;
    Result<std::vector<wire::SequencedRecord>> read_segment(
        std::size_t at, std::uint64_t from_seq, std::size_t bytes
    );
    Result<std::string> read_range(std::uint64_t first_seq, std::uint64_t begin, std::uint64_t end);

    // spool_rewriting.cpp
    bool free_front();
    bool delete_front();
    bool deletable(const SegmentIndex& segment, MonoTime now) const;
    void note_acked(MonoTime now);
    bool drop_oldest(wire::DropClass at_least);
    bool drop_from(std::size_t at, const DropRule& rule);
    bool expire_front(MonoTime now);
    std::uint64_t droppable(const SegmentIndex& segment, wire::DropClass drop_class) const;
    bool joins_previous(std::size_t at, const std::optional<DropRule>& rule) const;
    Result<Durability> rebuild(std::size_t at, const std::optional<DropRule>& rule);
    Status copy_segment(
        const SegmentIndex& segment,
        const std::optional<DropRule>& rule,
        SegmentImage& image,
        Tally& tally
    );
    Result<Placed> put_in_place(std::uint64_t first_seq, const std::string& bytes);

    /// What is given to the link and may be acknowledged.
    std::uint64_t given_out() const { return is_in_memory_ ? next_seq_ - 1 : synced_; }

    /// The last segment stays: its name says where the sequence goes on.
    std::size_t segments_that_stay() const { return is_ended_ ? 0 : 1; }

    /// Records up to here are not dropped: the collector may have them.
    std::uint64_t untouchable() const { return std::max(sent_, acked_); }

    Files* files_;
    std::string dir_;
    std::uint32_t seed_;
    SpoolId name_;
    std::uint64_t begins_at_ = 1;
    std::uint64_t results_at_begin_ = 0;
    std::uint64_t duplicates_before_ = 0;
    SpoolOptions options_;
    std::deque<SegmentIndex> segments_;  // by first_seq, contiguous; the last is the one written to
    std::unique_ptr<File> active_;       // of segments_.back(); null: begun by the next write
    std::unique_ptr<File> reading_;      // of reading_first_seq_
    std::uint64_t reading_first_seq_ = 0;
    std::deque<wire::SequencedRecord>
        memory_;  // a tail of the stream, at least all that is unsynced
    std::uint64_t memory_bytes_ = 0;
    std::uint64_t unsynced_bytes_ = 0;
    std::uint64_t disk_bytes_ = 0;
    std::uint64_t next_seq_ = 1;
    std::uint64_t results_ = 0;  // in the stream before next_seq_
    std::uint64_t synced_ = 0;
    std::uint64_t synced_results_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t reserved_ = 0;  // at least sent_: what the mark says was sent
    std::uint64_t acked_ = 0;
    std::uint64_t acked_results_ = 0;  // in the stream up to acked_
    std::uint64_t acked_fingerprint_ = 0;
    std::uint64_t waiting_results_ = 0;
    std::uint64_t found_until_ = 0;  // records below were there when it was opened
    MonoTime found_made_{};          // the newest of them, as far as clocks tell
    WallTime first_wall_{};          // when the first record under this name was made; 0: not known
    WallTime last_wall_{};           // and the newest
    SpoolMark saved_mark_;
    Refused untold_;
    bool is_in_memory_ = false;  // see trust_memory
    bool is_ended_ = false;
    bool is_folder_durable_ = false;  // nor is it known of one that was found
    bool broken_ =
        false;  // the file's end cannot be trusted: unsynced records must be written again
    std::uint64_t elsewhere_ = 0;
    std::uint64_t unsynced_elsewhere_ = 0;
    std::optional<std::uint64_t>
        short_of_space_at_;    // the footprint of all spools when little was left to others
    bool drops_fail_ = false;  // until trim comes again: the disk takes nothing
    SpoolCounters counters_;
};

}  // namespace muster::agent
