// Owns: one follower of the events: what it is sent next, as server-sent events (HTML Living Standard §9.2).
// Leaves to event_store: reading; to event_hub: waking; to http_server: the bytes' way.
#pragma once

#include "collector/api/context.hpp"
#include "collector/api/event_hub.hpp"
#include "collector/api/event_store.hpp"
#include "collector/api/http_message.hpp"

#include <optional>
#include <string>

namespace muster::collector {

struct EventStreamOptions {
    std::int64_t batch = 200;  ///< events read and sent at once
    Duration alive_every =
        std::chrono::seconds(15);  ///< a line that says only that the stream lives
    Duration checked_every =
        std::chrono::seconds(5);  ///< whether the token or session still counts
    bool is_following = true;     ///< false: ends when there is nothing more
};

/// Nothing is queued: the follower's position in the record is all that is kept of it, so one that reads slowly costs nothing,
/// is cut by the listener's limit for writing, and goes on where it was when it comes back. Belongs to the loop's thread.
class EventStream {
  public:
    /// `context` and `hub` outlive this. `request` proves who follows, again and again. Without `after`: from now on.
    EventStream(
        const ApiContext& context,
        EventHub& hub,
        HttpRequest request,
        Actor actor,
        std::optional<EventPosition> after,
        EventStreamOptions options
    );

    /// The next piece of the body; nothing: the stream is over.
    Task<std::optional<std::string>> next();

  private:
    Task<bool> is_still_welcome();
    Task<Result<EventsAfter>> read();
    Task<Result<std::string>> begin();
    std::string take(const EventsAfter& found);

    const ApiContext* context_;
    HttpRequest request_;
    Actor actor_;
    EventHub* hub_;
    EventHub::Place place_;
    EventStreamOptions options_;
    std::optional<EventPosition> position_;  // what the follower has been sent, or was not for it
    bool is_begun_ = false;
    MonoTime said_at_{};
    MonoTime checked_at_{};
};

}  // namespace muster::collector
