#include "collector/notify/outbox_store.hpp"

#include "collector/api/rows.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr NamedQuery waiting{
    "outbox.waiting",
    R"(SELECT id, payload, lsn, ordinal, attempts FROM outbox
       WHERE state = 'waiting' AND (lsn, ordinal) > (?1, ?2) AND channel = ?3
       ORDER BY lsn, ordinal LIMIT ?4)"
};

constexpr std::array queries{waiting};

OutboxRow row_of(const Statement& statement) {
    OutboxRow row;
    row.id = statement.text(0);
    row.payload = statement.text(1);
    row.position.lsn = static_cast<Lsn>(statement.integer(2));
    row.position.ordinal = static_cast<std::uint32_t>(statement.integer(3));
    row.attempts = static_cast<std::uint32_t>(statement.integer(4));
    return row;
}

}  // namespace

Result<std::vector<OutboxRow>> read_waiting(
    StateConnection& connection, const std::string& channel, OutboxPosition after, std::size_t limit
) {
    std::vector<OutboxRow> rows;
    const Status read = visit_rows(
        connection,
        waiting,
        [&](Statement& statement) {
            statement.bind(0, static_cast<std::int64_t>(after.lsn));
            statement.bind(1, std::int64_t{after.ordinal});
            statement.bind_text(2, channel).bind(3, static_cast<std::int64_t>(limit));
        },
        [&](const Statement& row) { rows.push_back(row_of(row)); }
    );
    if (!read) {
        return failure(read.error());
    }
    return rows;
}

std::span<const NamedQuery> outbox_queries() {
    return queries;
}

}  // namespace muster::collector
