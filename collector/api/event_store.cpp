#include "collector/api/event_store.hpp"

#include "collector/api/rows.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace muster::collector {

namespace {

constexpr NamedQuery oldest{
    "events.oldest", "SELECT row, lsn, ordinal FROM event ORDER BY row LIMIT 1"
};
constexpr NamedQuery newest{
    "events.newest", "SELECT row, lsn, ordinal FROM event ORDER BY row DESC LIMIT 1"
};
constexpr NamedQuery before{
    "events.before", "SELECT row, lsn, ordinal FROM event WHERE wall < ?1 ORDER BY row DESC LIMIT 1"
};
// An incident is where its CI is; without one, where its agent is; else at its site. A window is shown by the rule of its list.
// Configuration is everybody's.
constexpr NamedQuery after_position{
    "events.after",
    R"(SELECT e.lsn, e.ordinal, e.wall, e.kind, e.change, e.actor, e.text,
              e.incident, i.title, c.id, c.name, a.id, a.name,
              ?4 IS NULL OR e.kind = 'configuration'
                OR COALESCE(NULLIF(c.site, ''), NULLIF(a.site, ''), i.site)
                   IN (SELECT value FROM json_each(?4))
                OR EXISTS (SELECT 1 FROM json_each(w.sites) s
                           WHERE s.value IN (SELECT value FROM json_each(?4)))
                OR EXISTS (SELECT 1 FROM maintenance_window_ci m JOIN ci k ON k.id = m.ci
                           WHERE m.window = w.number
                                 AND k.site IN (SELECT value FROM json_each(?4))),
              w.number, w.reason
       FROM (SELECT * FROM event WHERE (lsn, ordinal) > (?1, ?2) ORDER BY lsn, ordinal LIMIT ?3) e
            LEFT JOIN incident i ON i.number = e.incident
            LEFT JOIN ci c ON c.id = COALESCE(e.ci, i.ci)
            LEFT JOIN agent a ON a.id = COALESCE(e.agent, i.agent)
            LEFT JOIN maintenance_window w ON e.kind = 'window' AND w.number = CAST(e.text AS INTEGER)
       ORDER BY e.lsn, e.ordinal)"
};

constexpr std::array queries{oldest, newest, before, after_position};

/// A row of `event` by its place in the table.
struct Placed {
    std::int64_t row = 0;  ///< 0: there is none
    EventPosition position;
};

EventPosition position_of(const Statement& row, int column) {
    return {
        static_cast<Lsn>(row.integer(column)), static_cast<std::uint32_t>(row.integer(column + 1))
    };
}

Result<Placed> placed(StateConnection& connection, const NamedQuery& query, const Bind& bind) {
    Placed found;
    const Status read = visit_rows(connection, query, bind, [&](const Statement& row) {
        found = {row.integer(0), position_of(row, 1)};
    });
    if (!read) {
        return failure(read.error());
    }
    return found;
}

json::value named(const Statement& row, int id, int name) {
    json::value raw = json_id(row, id);
    if (raw.is_null()) {
        return nullptr;
    }
    return json::object{{"id", std::move(raw)}, {"name", json_text(row, name)}};
}

Event event_of(const Statement& row) {
    Event event{position_of(row, 0), std::string(row.text(3)), {}, row.integer(13) != 0};
    event.data["id"] = json_text(event.position.text());
    event.data["at"] = json_time(row, 2);
    event.data["kind"] = json_text(row, 3);
    event.data["change"] = json_text(row, 4);
    event.data["actor"] = json_text(row, 5);
    // A window's event holds its number as text.
    event.data["text"] = row.is_null(14) ? json_text(row, 6) : json_text("");
    event.data["incident"] = nullptr;
    if (!row.is_null(7)) {
        event.data["incident"] = json::object{
            {"id", json_text("INC-" + std::to_string(row.integer(7)))},
            {"number", row.integer(7)},
            {"title", json_text(row, 8)}
        };
    }
    event.data["ci"] = named(row, 9, 10);
    event.data["agent"] = named(row, 11, 12);
    event.data["window"] = nullptr;
    if (!row.is_null(14)) {
        event.data["window"] = json::object{
            {"id", json_text("WIN-" + std::to_string(row.integer(14)))},
            {"number", row.integer(14)},
            {"reason", json_text(row, 15)}
        };
    }
    return event;
}

void nothing_to_bind(Statement& /*statement*/) {}

/// The part of `text` before `end`, as a number without sign or superfluous zeros.
template <class Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string EventPosition::text() const {
    return std::to_string(lsn) + "." + std::to_string(ordinal);
}

std::optional<EventPosition> EventPosition::parse(std::string_view text) {
    const std::size_t dot = text.find('.');
    EventPosition found;
    if (dot == std::string_view::npos || !read_number(text.substr(0, dot), found.lsn) ||
        !read_number(text.substr(dot + 1), found.ordinal) || found.text() != text ||
        found.lsn > static_cast<Lsn>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return found;
}

Result<EventsAfter> read_events(
    StateConnection& connection, const ReadScope& scope, EventPosition after, std::int64_t most
) {
    const Result<Placed> first = placed(connection, oldest, nothing_to_bind);
    const Result<Placed> last = placed(connection, newest, nothing_to_bind);
    if (!first || !last) {
        return failure(!first ? first.error() : last.error());
    }
    EventsAfter found;
    found.newest = last->position;
    // The position just before the oldest row is not known any more: nearly lost counts as lost.
    const bool is_dropped = first->row > 1 && after < first->position;
    found.is_lost = is_dropped || after > last->position;
    if (found.is_lost) {
        return found;
    }
    const Status read = visit_rows(
        connection,
        after_position,
        [&](Statement& statement) {
            statement.bind(0, static_cast<std::int64_t>(after.lsn));
            statement.bind(1, static_cast<std::int64_t>(after.ordinal));
            statement.bind(2, most);
            scope.bind(statement, 3);
        },
        [&](const Statement& row) { found.events.push_back(event_of(row)); }
    );
    if (!read) {
        return failure(read.error());
    }
    found.is_all = std::ssize(found.events) < most;
    return found;
}

Result<EventPosition> newest_event(StateConnection& connection) {
    const Result<Placed> last = placed(connection, newest, nothing_to_bind);
    if (!last) {
        return failure(last.error());
    }
    return last->position;
}

Result<EventPosition> event_before(StateConnection& connection, WallTime at) {
    const Result<Placed> last =
        placed(connection, before, [&](Statement& statement) { statement.bind(0, to_ns(at)); });
    const Result<Placed> first = placed(connection, oldest, nothing_to_bind);
    if (!last || !first) {
        return failure(!last ? last.error() : first.error());
    }
    if (last->row != 0 || first->row <= 1) {
        return last->position;
    }
    return first->position;
}

std::span<const NamedQuery> event_queries() {
    return queries;
}

}  // namespace muster::collector
