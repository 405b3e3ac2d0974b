// Owns: the SQL that reads events, their positions, how one looks in JSON. Leaves to event_stream: sending; to the brain: writing.
#pragma once

#include "collector/api/json.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"
#include "collector/journal/entry.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The id of an event: the entry of the journal it comes from, and its number there. "412.3"
struct EventPosition {
    Lsn lsn = 0;
    std::uint32_t ordinal = 0;

    std::string text() const;
    /// Nothing for any other text.
    static std::optional<EventPosition> parse(std::string_view text);
    friend auto operator<=>(const EventPosition&, const EventPosition&) = default;
};

struct Event {
    EventPosition position;
    std::string kind;         ///< incident, ci, agent, window, configuration
    json::object data;        ///< as docs/api.md has it
    bool is_visible = false;  ///< within the caller's scope
};

/// What lies after a position.
struct EventsAfter {
    std::vector<Event> events;  ///< in order
    bool is_all = true;         ///< nothing lies behind the last of them
    bool is_lost =
        false;  ///< some after the position are not kept any more, or it is not of this record; `events` is empty
    EventPosition newest;  ///< of the whole record
};

/// At most `most` events, of other sites included: so nobody's reading is longer than another's.
Result<EventsAfter> read_events(
    StateConnection& connection, const ReadScope& scope, EventPosition after, std::int64_t most
);
/// The newest event; zero where there is none.
Result<EventPosition> newest_event(StateConnection& connection);
/// The last event before a moment that is still kept; else the one before all that are kept.
Result<EventPosition> event_before(StateConnection& connection, WallTime at);

std::span<const NamedQuery> event_queries();

}  // namespace muster::collector
