#include "collector/api/event_stream.hpp"

#include "collector/api/caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// Browsers come back after this many milliseconds.
constexpr std::string_view retry = "retry: 2000\n\n";

/// JSON holds no line break, so one "data:" line is enough.
std::string piece_of(std::string_view kind, EventPosition id, const json::object& data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id.text(), kind, json::serialize(data));
}

}  // namespace

EventStream::EventStream(
    const ApiContext& context,
    EventHub& hub,
    HttpRequest request,
    Actor actor,
    std::optional<EventPosition> after,
    EventStreamOptions options
)
    : context_(&context),
      request_(std::move(request)),
      actor_(std::move(actor)),
      hub_(&hub),
      place_(hub),
      options_(options),
      position_(after),
      said_at_(context.clock->mono()),
      checked_at_(said_at_) {}

/// What the caller may see is asked again too: it may have changed.
Task<bool> EventStream::is_still_welcome() {
    const MonoTime now = context_->clock->mono();
    if (now - checked_at_ < options_.checked_every) {
        co_return true;
    }
    checked_at_ = now;
    Result<Actor> actor = co_await caller_of(context_, &request_);
    if (!actor || actor->granted < Permission::view) {
        co_return false;
    }
    actor_ = std::move(*actor);
    co_return true;
}

Task<Result<EventsAfter>> EventStream::read() {
    std::function<Result<EventsAfter>(StateConnection&)> work =
        [scope = actor_.scope, after = *position_, most = options_.batch](
            StateConnection& connection
        ) { return read_events(connection, scope, after, most); };
    Task<Result<EventsAfter>> reading = context_->state->query<EventsAfter>(std::move(work));
    co_return co_await std::move(reading);
}

/// A new follower is told at once where it stands, so that it can come back even if nothing happens before.
Task<Result<std::string>> EventStream::begin() {
    is_begun_ = true;
    if (position_) {
        co_return std::string(retry);
    }
    std::function<Result<EventPosition>(StateConnection&)> work = newest_event;
    Task<Result<EventPosition>> reading = context_->state->query<EventPosition>(std::move(work));
    const Result<EventPosition> newest = co_await std::move(reading);
    if (!newest) {
        co_return failure(newest.error());
    }
    position_ = *newest;
    co_return std::string(retry) + piece_of("start", *newest, {});
}

/// What is to be sent of `found`; the position moves past it. Events of other sites move it silently.
std::string EventStream::take(const EventsAfter& found) {
    if (found.is_lost) {
        position_ = found.newest;
        return piece_of(
            "reset",
            found.newest,
            {{"reason", "events before this one are not kept any more: load again what you show"}}
        );
    }
    std::string text;
    for (const Event& event : found.events) {
        position_ = event.position;
        if (event.is_visible) {
            text += piece_of(event.kind, event.position, event.data);
        }
    }
    return text;
}

Task<std::optional<std::string>> EventStream::next() {
    if (!is_begun_) {
        const Result<std::string> begun = co_await begin();
        co_return begun ? std::optional(*begun) : std::nullopt;
    }
    for (;;) {
        const std::uint64_t seen = hub_->revision();
        const bool welcome = co_await is_still_welcome();
        if (!welcome) {
            co_return std::nullopt;
        }
        const Result<EventsAfter> found = co_await read();
        if (!found) {
            co_return std::nullopt;  // the follower comes back with its position
        }
        std::string text = take(*found);
        const MonoTime now = context_->clock->mono();
        if (text.empty() && now - said_at_ >= options_.alive_every) {
            // With the position, so that a follower of a quiet site does not fall behind what is kept.
            text = fmt::format(": alive\nid: {}\n\n", position_->text());
        }
        if (!text.empty()) {
            said_at_ = now;
            co_return text;
        }
        if (found->is_all && !options_.is_following) {
            co_return std::nullopt;
        }
        if (found->is_all) {
            co_await hub_->wait(seen, std::min(options_.checked_every, options_.alive_every));
        }
    }
}

}  // namespace muster::collector
