// Owns: the statements on one segment of the journal. Leaves to journal.hpp: transactions, rotation, retention.
#pragma once

#include "base/database.hpp"
#include "collector/journal/journal_time.hpp"
#include "collector/journal/pending.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The writing connection to one segment; belongs to the journal thread. All writes are part of the caller's transaction.
class SegmentStore {
  public:
    /// Creates the file where it is missing and brings its schema up to date.
    static Result<SegmentStore> open(
        const std::string& directory, Lsn first, Durability durability
    );

    Lsn first() const { return first_; }

    Database& database() { return database_; }

    Status insert(const Entry& entry, std::string_view body);
    /// False when the spool does not stand at `first_seq − 1`; nothing is changed then. `lsn`: of the entry that brings it.
    /// Where a spool begins, those of its agent beyond `cursors_kept` are forgotten, the ones that moved least lately first.
    Result<bool> advance(const CursorUpdate& update, Lsn lsn);
    Status set_cursor(const AgentCursor& cursor);
    /// At 0 for a spool never heard of.
    Result<AgentCursor> cursor(AgentId agent, SpoolId spool);
    Result<std::vector<AgentCursor>> cursors();
    Status quarantine(const QuarantinedRecord& record, WallTime wall);
    Status trim_quarantine(const QuarantineBounds& bounds);
    Status set_meta(std::string_view name, std::string_view value);
    /// Empty where there is none.
    Result<std::string> meta(std::string_view name);

  private:
    SegmentStore(Lsn first, Database database, std::vector<Statement> statements);
    /// 0 where the spool is known already.
    Result<std::int64_t> insert_cursor(const AgentCursor& cursor);

    Lsn first_;
    Database database_;
    std::vector<Statement> statements_;
};

/// Where a segment ends and when it began.
struct SegmentBounds {
    Lsn last = 0;
    JournalMoment last_moment;
    Elapsed began{};
};

/// Nothing for a segment without entries.
Result<std::optional<SegmentBounds>> read_bounds(Database& segment);
/// A statement for read_entries.
Result<Statement> prepare_read_entries(Database& segment);
/// Entries from `from` on, batches decoded; at most `max_entries` and `max_bytes` of bodies, at least one where there is one.
Status read_entries(
    Statement& statement,
    Lsn from,
    std::size_t max_entries,
    std::size_t max_bytes,
    std::vector<Entry>& out
);

}  // namespace muster::collector
