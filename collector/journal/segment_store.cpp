#include "collector/journal/segment_store.hpp"

#include "base/log.hpp"
#include "collector/journal/segments.hpp"
#include "collector/migrations.hpp"

#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint32_t page_bytes = 16384;
constexpr std::int64_t cache_bytes = 16 << 20;

enum Query : std::size_t {
    insert_entry,
    advance_cursor,
    begin_cursor,
    trim_cursors,
    read_cursor,
    insert_quarantine,
    delete_quarantine,
    write_meta,
    read_meta,
};

constexpr auto queries = std::to_array<std::string_view>({
    "INSERT INTO entry(lsn, kind, version, elapsed, wall, body) VALUES(?, ?, ?, ?, ?, ?)",
    "UPDATE agent_cursor SET committed_seq = ?, fingerprint = ?, results = results + ?, used = ? "
    "WHERE agent_id = ? AND spool_id = ? AND committed_seq = ?",
    "INSERT INTO agent_cursor(agent_id, spool_id, committed_seq, fingerprint, results, used) "
    "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    "DELETE FROM agent_cursor WHERE agent_id = ?1 AND spool_id NOT IN "
    "(SELECT spool_id FROM agent_cursor WHERE agent_id = ?1 ORDER BY used DESC, spool_id LIMIT ?2)",
    "SELECT committed_seq, fingerprint, results FROM agent_cursor "
    "WHERE agent_id = ? AND spool_id = ?",
    "INSERT INTO quarantine(agent_id, spool_id, seq, wall, why, payload) VALUES(?, ?, ?, ?, ?, ?)",
    "DELETE FROM quarantine WHERE id IN (SELECT id FROM (SELECT id, "
    "ROW_NUMBER() OVER newest AS nth, SUM(LENGTH(payload)) OVER newest AS bytes, "
    "ROW_NUMBER() OVER of_agent AS agent_nth, SUM(LENGTH(payload)) OVER of_agent AS agent_bytes "
    "FROM quarantine WINDOW newest AS (ORDER BY id DESC), "
    "of_agent AS (PARTITION BY agent_id ORDER BY id DESC)) "
    "WHERE nth > ? OR bytes > ? OR agent_nth > ? OR agent_bytes > ?)",
    "INSERT INTO meta(name, value) VALUES(?, ?) "
    "ON CONFLICT(name) DO UPDATE SET value = excluded.value",
    "SELECT value FROM meta WHERE name = ?",
});

constexpr std::string_view last_entry =
    "SELECT lsn, elapsed, wall FROM entry ORDER BY lsn DESC LIMIT 1";
constexpr std::string_view first_entry = "SELECT elapsed FROM entry ORDER BY lsn LIMIT 1";
constexpr std::string_view all_cursors =
    "SELECT agent_id, spool_id, committed_seq, fingerprint, results, used FROM agent_cursor "
    "ORDER BY agent_id, spool_id";
constexpr std::string_view entries_from =
    "SELECT lsn, kind, version, elapsed, wall, body FROM entry WHERE lsn >= ? ORDER BY lsn";

Status ignore_count(const Result<std::int64_t>& ran) {
    return ran ? Status{} : Status{failure(ran.error())};
}

std::int64_t stored(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

/// What cannot be read was readable once: say so, and let the folds go on with what is left.
void attach_batches(Entry& entry, std::string_view body) {
    auto decoded = decode_batch_body(body);
    if (!decoded) {
        log(LogLevel::error,
            "journal.entry_corrupt",
            {{"lsn", entry.lsn}, {"why", decoded.error().text()}});
        decoded = std::vector<DecodedBatch>{};
    }
    entry.batches = std::make_shared<const std::vector<DecodedBatch>>(std::move(*decoded));
}

Entry read_row(const Statement& row) {
    Entry entry;
    entry.lsn = static_cast<Lsn>(row.integer(0));
    entry.kind = static_cast<EntryKind>(row.integer(1));
    entry.version = static_cast<std::uint16_t>(row.integer(2));
    entry.elapsed = elapsed_from_ns(row.integer(3));
    entry.wall = wall_from_ns(row.integer(4));
    if (entry.kind == EntryKind::batch) {
        attach_batches(entry, row.blob(5));
    } else {
        entry.body = row.blob(5);
    }
    return entry;
}

}  // namespace

SegmentStore::SegmentStore(Lsn first, Database database, std::vector<Statement> statements)
    : first_(first), database_(std::move(database)), statements_(std::move(statements)) {}

Result<SegmentStore> SegmentStore::open(
    const std::string& directory, Lsn first, Durability durability
) {
    const std::string path = directory + "/" + segment_name(first);
    auto database = Database::open(
        path,
        {.mode = DatabaseMode::writer,
         .durability = durability,
         .page_bytes = page_bytes,
         .cache_bytes = cache_bytes}
    );
    if (!database) {
        return failure(database.error());
    }
    if (auto migrated = database->migrate(journal_migrations()); !migrated) {
        return failure(migrated.error());
    }
    std::vector<Statement> statements;
    for (const std::string_view sql : queries) {
        auto statement = database->prepare(sql);
        if (!statement) {
            return failure(statement.error(), path);
        }
        statements.push_back(std::move(*statement));
    }
    return SegmentStore(first, std::move(*database), std::move(statements));
}

Status SegmentStore::insert(const Entry& entry, std::string_view body) {
    return ignore_count(statements_[insert_entry]
                            .bind(0, stored(entry.lsn))
                            .bind(1, static_cast<std::int64_t>(entry.kind))
                            .bind(2, std::int64_t{entry.version})
                            .bind(3, to_ns(entry.elapsed))
                            .bind(4, to_ns(entry.wall))
                            .bind_blob(5, body)
                            .run());
}

Result<bool> SegmentStore::advance(const CursorUpdate& update, Lsn lsn) {
    auto changed = statements_[advance_cursor]
                       .bind(0, stored(update.last_seq))
                       .bind(1, stored(update.fingerprint))
                       .bind(2, stored(update.results))
                       .bind(3, stored(lsn))
                       .bind_blob(4, update.agent.raw())
                       .bind_blob(5, update.spool.raw())
                       .bind(6, stored(update.first_seq) - 1)
                       .run();
    const bool may_begin = update.begins || update.first_seq == 1;
    if (!changed || *changed > 0 || !may_begin) {
        return changed.map([](std::int64_t rows) { return rows > 0; });
    }
    changed = insert_cursor(
        {.agent = update.agent,
         .spool = update.spool,
         .committed_seq = update.last_seq,
         .fingerprint = update.fingerprint,
         .results = update.results,
         .used = lsn}
    );
    if (changed && *changed > 0) {
        const auto trimmed = statements_[trim_cursors]
                                 .bind_blob(0, update.agent.raw())
                                 .bind(1, stored(cursors_kept))
                                 .run();
        if (!trimmed) {
            return failure(trimmed.error());
        }
    }
    return changed.map([](std::int64_t rows) { return rows > 0; });
}

Result<std::int64_t> SegmentStore::insert_cursor(const AgentCursor& cursor) {
    return statements_[begin_cursor]
        .bind_blob(0, cursor.agent.raw())
        .bind_blob(1, cursor.spool.raw())
        .bind(2, stored(cursor.committed_seq))
        .bind(3, stored(cursor.fingerprint))
        .bind(4, stored(cursor.results))
        .bind(5, stored(cursor.used))
        .run();
}

Status SegmentStore::set_cursor(const AgentCursor& cursor) {
    return ignore_count(insert_cursor(cursor));
}

Result<AgentCursor> SegmentStore::cursor(AgentId agent, SpoolId spool) {
    Statement& find = statements_[read_cursor];
    auto row = find.bind_blob(0, agent.raw()).bind_blob(1, spool.raw()).step();
    if (!row) {
        return failure(row.error());
    }
    AgentCursor found{.agent = agent, .spool = spool};
    if (*row) {
        found.committed_seq = static_cast<std::uint64_t>(find.integer(0));
        found.fingerprint = static_cast<std::uint64_t>(find.integer(1));
        found.results = static_cast<std::uint64_t>(find.integer(2));
    }
    find.reset();
    return found;
}

Result<std::vector<AgentCursor>> SegmentStore::cursors() {
    auto statement = database_.prepare(all_cursors);
    if (!statement) {
        return failure(statement.error());
    }
    std::vector<AgentCursor> found;
    auto row = statement->step();
    for (; row && *row; row = statement->step()) {
        auto agent = Uuid::from_bytes(statement->blob(0));
        auto spool = Uuid::from_bytes(statement->blob(1));
        if (!agent || !spool) {
            return failure(ErrorKind::corrupt, "an id in agent_cursor is not 16 bytes long");
        }
        found.push_back(
            {.agent = AgentId(*agent),
             .spool = SpoolId(*spool),
             .committed_seq = static_cast<std::uint64_t>(statement->integer(2)),
             .fingerprint = static_cast<std::uint64_t>(statement->integer(3)),
             .results = static_cast<std::uint64_t>(statement->integer(4)),
             .used = static_cast<Lsn>(statement->integer(5))}
        );
    }
    if (!row) {
        return failure(row.error());
    }
    return found;
}

Status SegmentStore::quarantine(const QuarantinedRecord& record, WallTime wall) {
    return ignore_count(statements_[insert_quarantine]
                            .bind_blob(0, record.agent.raw())
                            .bind_blob(1, record.spool.raw())
                            .bind(2, stored(record.seq))
                            .bind(3, to_ns(wall))
                            .bind_text(4, record.why)
                            .bind_blob(5, record.payload)
                            .run());
}

Status SegmentStore::trim_quarantine(const QuarantineBounds& bounds) {
    return ignore_count(statements_[delete_quarantine]
                            .bind(0, stored(bounds.rows))
                            .bind(1, stored(bounds.bytes))
                            .bind(2, stored(bounds.agent_rows))
                            .bind(3, stored(bounds.agent_bytes))
                            .run());
}

Status SegmentStore::set_meta(std::string_view name, std::string_view value) {
    return ignore_count(statements_[write_meta].bind_text(0, name).bind_blob(1, value).run());
}

Result<std::string> SegmentStore::meta(std::string_view name) {
    Statement& find = statements_[read_meta];
    auto row = find.bind_text(0, name).step();
    if (!row) {
        return failure(row.error());
    }
    std::string value = *row ? std::string(find.blob(0)) : std::string();
    find.reset();
    return value;
}

Result<std::optional<SegmentBounds>> read_bounds(Database& segment) {
    auto newest = segment.prepare(last_entry);
    auto oldest = segment.prepare(first_entry);
    if (!newest || !oldest) {
        return failure(!newest ? newest.error() : oldest.error());
    }
    auto row = newest->step();
    auto earliest = oldest->step();
    if (!row || !earliest) {
        return failure(!row ? row.error() : earliest.error());
    }
    if (!*row || !*earliest) {
        return std::nullopt;
    }
    const JournalMoment moment{
        .elapsed = elapsed_from_ns(newest->integer(1)), .wall = wall_from_ns(newest->integer(2))
    };
    return SegmentBounds{
        .last = static_cast<Lsn>(newest->integer(0)),
        .last_moment = moment,
        .began = elapsed_from_ns(oldest->integer(0))
    };
}

Result<Statement> prepare_read_entries(Database& segment) {
    return segment.prepare(entries_from);
}

Status read_entries(
    Statement& statement,
    Lsn from,
    std::size_t max_entries,
    std::size_t max_bytes,
    std::vector<Entry>& out
) {
    std::size_t bytes = 0;
    auto row = statement.bind(0, stored(from)).step();
    for (; row && *row; row = statement.step()) {
        bytes += statement.blob(5).size();
        out.push_back(read_row(statement));
        if (out.size() >= max_entries || bytes >= max_bytes) {
            statement.reset();
            return {};
        }
    }
    return row ? Status{} : Status{failure(row.error())};
}

}  // namespace muster::collector
