#include "collector/api/caller_sites.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/verdict_answer.hpp"
#include "collector/api/window_store.hpp"

#include <array>
#include <string>
#include <utility>

namespace muster::collector {

namespace {

using Presence = Form::Presence;

constexpr std::array<std::string_view, 5> window_states = {
    "open", "planned", "active", "ended", "cancelled"
};
constexpr Duration longest_window = std::chrono::hours(24 * 366);

Error no_such_window(const Call& call) {
    return {ErrorKind::not_found, "there is no such window", call.path.at("id")};
}

/// RFC 3339, kept as it is; a flaw otherwise.
void take_time(Form& form, json::object& body, std::string_view name) {
    const std::string text = form.text(name, Presence::optional, 64);
    if (text.empty()) {
        return;
    }
    if (!parse_rfc3339(text)) {
        form.blame(name, "expected a time such as 2026-11-30T02:00:00Z");
    }
    body[name] = json_text(text);
}

/// A window with what is in it.
Task<Result<json::object>> window_and_members(Call call) {
    const std::int64_t number = window_number(call.path.at("id"));
    const Error missing = no_such_window(call);
    std::function<Result<json::object>(StateConnection&)> work =
        [scope = call.actor.scope, number, missing](StateConnection& connection
        ) -> Result<json::object> {
        Result<std::optional<json::object>> window = read_window(connection, scope, number);
        if (!window || !window->has_value()) {
            return failure(!window ? window.error() : missing);
        }
        Result<json::array> members = read_window_members(connection, scope, number);
        if (!members) {
            return failure(members.error());
        }
        json::object all = std::move(**window);
        all["members"] = std::move(*members);
        return all;
    };
    co_return co_await call.context->state->query<json::object>(std::move(work));
}

}  // namespace

Task<HttpResponse> list_windows(Call call) {
    const Result<PageRequest> page = page_request(call.query, window_list());
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<std::string> state = choice_parameter(call, "state", window_states);
    if (!state) {
        co_return bad_parameter(state.error());
    }
    WindowFilter filter{.state = *state, .ci = {}};
    Task<Result<Page>> asking =
        read_list_of_ci(std::move(call), std::move(filter), *page, read_windows);
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "windows") : problem_of(found.error());
}

Task<HttpResponse> show_window(Call call) {
    const Result<json::object> found = co_await window_and_members(std::move(call));
    if (!found) {
        co_return problem_of(found.error());
    }
    HttpResponse response = json_answer(*found);
    response.headers.emplace_back("ETag", quoted_etag(json::serialize(found->at("version"))));
    co_return response;
}

Task<HttpResponse> create_window(Call call) {
    Form form(call.request);
    json::object body;
    const std::string ci = form.text("ci", Presence::optional, 255);
    const std::string match = form.text("match", Presence::optional, 4096);
    take_time(form, body, "from");
    take_time(form, body, "to");
    const Duration length =
        form.duration("for", Duration{}, std::chrono::seconds(1), longest_window);
    body["reason"] = json_text(form.text("reason", Presence::required, 1000));
    if (ci.empty() == match.empty()) {
        form.blame("match", "expected either \"match\" or \"ci\"");
    }
    if (form.has("for") == form.has("to")) {
        form.blame("for", "expected either \"for\" or \"to\"");
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    if (length != Duration{}) {
        body["for_ns"] = length.count();
    }
    put_sites(call, body);
    if (!match.empty()) {
        body["match"] = json_text(match);
        co_return co_await ask_brain(std::move(call), "window.create", std::move(body));
    }
    std::function<Result<std::string>(StateConnection&)> work = [scope = call.actor.scope,
                                                                 ci](StateConnection& connection) {
        return find_ci(connection, scope, ci);
    };
    const Result<std::string> id =
        co_await call.context->state->query<std::string>(std::move(work));
    if (!id) {
        co_return problem_of(id.error());
    }
    body["ci"] = json_text(Uuid::from_bytes(*id)->text());
    co_return co_await ask_brain(std::move(call), "window.create", std::move(body));
}

Task<HttpResponse> cancel_window(Call call) {
    Form form(call.request);
    const std::string text = form.text("text", Presence::optional, 1000);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    const std::int64_t number = window_number(call.path.at("id"));
    const Error missing = no_such_window(call);
    if (number == 0) {
        co_return problem_of(missing);
    }
    if (!call.actor.scope.is_everything()) {
        std::function<Result<bool>(StateConnection&)> work = [scope = call.actor.scope,
                                                              number](StateConnection& connection) {
            return may_cancel_window(connection, scope, number);
        };
        const Result<bool> may = co_await call.context->state->query<bool>(std::move(work));
        if (!may || !*may) {
            co_return problem_of(!may ? may.error() : missing);
        }
    }
    json::object body{{"window", number}, {"text", json_text(text)}};
    co_return co_await ask_brain(std::move(call), "window.cancel", std::move(body));
}

}  // namespace muster::collector
