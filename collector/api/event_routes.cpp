#include "collector/api/event_hub.hpp"
#include "collector/api/event_stream.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/parameters.hpp"

#include <array>
#include <memory>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 2> follow_choices = {"0", "1"};

/// Where the caller wants to begin: after what it has seen, at a moment, or now.
Task<Result<std::optional<EventPosition>>> beginning(const Call* call) {
    const auto seen = call->request.headers.find("last-event-id");
    if (seen != call->request.headers.end()) {
        const std::optional<EventPosition> position = EventPosition::parse(seen->second);
        if (!position) {
            co_return failure(
                ErrorKind::invalid, "expected the id of an event, like 412.3", "Last-Event-ID"
            );
        }
        co_return position;
    }
    if (parameter(*call, "from").empty()) {
        co_return std::nullopt;
    }
    const Result<WallTime> from = time_parameter(*call, "from", {});
    if (!from) {
        co_return failure(from.error());
    }
    std::function<Result<EventPosition>(StateConnection&)> work =
        [at = *from](StateConnection& connection) { return event_before(connection, at); };
    Task<Result<EventPosition>> reading =
        call->context->state->query<EventPosition>(std::move(work));
    const Result<EventPosition> found = co_await std::move(reading);
    if (!found) {
        co_return failure(found.error());
    }
    co_return std::optional(*found);
}

}  // namespace

Task<HttpResponse> follow_events(Call call) {
    const Result<std::string> follow = choice_parameter(call, "follow", follow_choices);
    if (!follow) {
        co_return bad_parameter(follow.error());
    }
    const auto after = co_await beginning(&call);
    if (!after) {
        const bool is_parameter = after.error().context() == "from";
        co_return is_parameter ? bad_parameter(after.error()) : problem_of(after.error());
    }
    if (call.events->is_full()) {
        HttpResponse response = problem(503, "too many clients follow the events; try again later");
        response.headers.emplace_back("Retry-After", "10");
        co_return response;
    }
    EventStreamOptions options;
    options.is_following = *follow != "0";
    // Shared by the answer's copies while it is sent.
    const auto stream = std::make_shared<EventStream>(
        *call.context, *call.events, call.request, call.actor, *after, options
    );
    HttpResponse response;
    response.content_type = "text/event-stream";
    response.stream = [stream] { return stream->next(); };
    co_return response;
}

}  // namespace muster::collector
