// Owns: the journal's files: durable appends with the agents' cursors, segments, retention.
// Leaves to journal_writer.hpp: time; to journal_reader.hpp: reading; to the journal thread: when to commit.
#pragma once

#include "base/database.hpp"
#include "collector/journal/journal_time.hpp"
#include "collector/journal/pending.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::collector {

struct JournalOptions {
    std::string directory;
    std::uint64_t segment_bytes = 1ULL << 30U;  ///< a segment is sealed beyond this
    Duration segment_age =
        std::chrono::hours(24);  ///< or when its first entry is this old, by journal time
    std::uint64_t keep_bytes = 20ULL << 30U;  ///< beyond this the oldest sealed segments go …
    Duration keep_at_least =
        std::chrono::hours(24);  ///< … once their last entry is this old, by journal time
    std::uint64_t checkpoint_bytes = 4U << 20U;  ///< of the database's log
    QuarantineBounds quarantine = {};            ///< of each segment
    Durability durability = Durability::full;
};

/// What retention leaves: all that the limits allow, or, where the disk is nearly full, no more than `keep_at_least`.
enum class Retain { to_limits, least };

/// The one writing connection to the journal; belongs to one thread.
class Journal {
  public:
    /// Creates the folder and the first segment where there are none. Finishes or undoes a rotation that was cut short.
    static Result<Journal> open(JournalOptions options);
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();

    /// One durable transaction: all of it or, on an error, nothing. A spool whose cursor does not fit loses its part
    /// of the batch (it is stored already, or records are missing before it) and is listed in `rejected`.
    Result<Appended> append(std::vector<Pending> pending, JournalMoment now);

    Lsn next_lsn() const;
    /// Of the last entry.
    JournalMoment last_moment() const;
    Result<std::vector<AgentCursor>> cursors();
    /// The hash given with the last config.loaded; empty before the first.
    std::string config_hash() const;

    /// Checkpoints the log of the database when it has grown, starts a new segment when the current one is full.
    Status maintain(Elapsed now);
    /// Deletes the oldest sealed segments beyond the limits, none that holds entries from `needed` on. Gives how many.
    Result<int> retain(Elapsed now, Lsn needed, Retain how = Retain::to_limits);
    /// A copy in `folder` of the segment that is written. Until it is whole, neither `maintain` nor `retain` is called.
    Result<DatabaseCopy> begin_copy(const std::string& folder);
    /// Links in `folder` to the sealed segments.
    Status link_sealed(const std::string& folder) const;

  private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
