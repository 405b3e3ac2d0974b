#include "tests/sim/journal_contents.hpp"

#include "base/database.hpp"
#include "base/expect.hpp"
#include "collector/journal/segments.hpp"
#include "tests/sim/must.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace muster::test {
namespace {

/// Of all segments: what `read` makes of the rows of `sql`.
void read_segments(
    const std::string& directory,
    std::string_view sql,
    const std::function<void(const Statement&)>& read
) {
    for (const collector::Lsn first : must(collector::list_segments(directory), "segments")) {
        auto database = must(
            Database::open(
                directory + "/" + collector::segment_name(first), {.mode = DatabaseMode::reader}
            ),
            "segment"
        );
        auto statement = must(database.prepare(sql), "sql");
        while (must(statement.step(), "row")) {
            read(statement);
        }
    }
}

template <class Id>
Id id_in(const Statement& row, int column) {
    return Id(must(Uuid::from_bytes(row.blob(column)), "an id"));
}

}  // namespace

JournalContents read_journal(const std::string& directory) {
    JournalContents contents;
    read_segments(
        directory,
        "SELECT kind, body FROM entry ORDER BY lsn",
        [&contents](const Statement& row) {
            const auto kind = static_cast<collector::EntryKind>(row.integer(0));
            ++contents.entries[kind];
            if (kind != collector::EntryKind::batch) {
                return;
            }
            collector::proto::BatchEntry batch;
            const std::string_view body = row.blob(1);
            expect(
                batch.ParseFromArray(body.data(), static_cast<int>(body.size())),
                "an entry of the journal can be read"
            );
            for (auto& item : *batch.mutable_items()) {
                const auto agent = AgentId(must(Uuid::from_bytes(item.agent_id()), "an id"));
                contents.items[agent].push_back(std::move(item));
            }
        }
    );
    read_segments(directory, "SELECT count(*) FROM quarantine", [&contents](const Statement& row) {
        contents.quarantined += static_cast<std::uint64_t>(row.integer(0));
    });
    std::map<std::pair<AgentId, SpoolId>, collector::AgentCursor> cursors;  // the newest segment's
    read_segments(
        directory,
        "SELECT agent_id, spool_id, committed_seq, fingerprint, results FROM agent_cursor",
        [&cursors](const Statement& row) {
            const auto agent = id_in<AgentId>(row, 0);
            const auto spool = id_in<SpoolId>(row, 1);
            cursors[{agent, spool}] = {
                .agent = agent,
                .spool = spool,
                .committed_seq = static_cast<std::uint64_t>(row.integer(2)),
                .fingerprint = static_cast<std::uint64_t>(row.integer(3)),
                .results = static_cast<std::uint64_t>(row.integer(4))
            };
        }
    );
    for (const auto& [key, cursor] : cursors) {
        contents.cursors[key.first].push_back(cursor);
    }
    return contents;
}

}  // namespace muster::test
