#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/incident_store.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/receipt_store.hpp"
#include "collector/api/verdict_answer.hpp"

#include <array>
#include <charconv>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 8> incident_states = {
    "open", "new", "assigned", "in_progress", "pending", "resolved", "closed", "cancelled"
};

constexpr std::size_t longest_remark = 10'000;

/// "31" or "INC-31"; 0 for anything else.
std::int64_t number_of(std::string_view text) {
    if (text.starts_with("INC-") || text.starts_with("inc-")) {
        text.remove_prefix(4);
    }
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

Error no_such_incident(const Call& call) {
    return {ErrorKind::not_found, "there is no such incident", call.path.at("id")};
}

/// An incident and what hangs below it, read together.
struct IncidentAndMore {
    json::object incident;
    json::array lines;
    json::object why;
};

enum class More { nothing, timeline, why };

Task<Result<IncidentAndMore>> incident_and_more(Call call, More more) {
    const std::int64_t number = number_of(call.path.at("id"));
    const Error missing = no_such_incident(call);
    std::function<Result<IncidentAndMore>(StateConnection&)> work =
        [scope = call.actor.scope, number, more, missing](StateConnection& connection
        ) -> Result<IncidentAndMore> {
        Result<std::optional<json::object>> incident = read_incident(connection, scope, number);
        if (!incident || !incident->has_value()) {
            return failure(!incident ? incident.error() : missing);
        }
        IncidentAndMore all{std::move(**incident), {}, {}};
        if (more == More::timeline) {
            Result<std::optional<json::array>> lines = read_timeline(connection, scope, number);
            if (!lines || !lines->has_value()) {
                return failure(!lines ? lines.error() : missing);
            }
            all.lines = std::move(**lines);
        }
        if (more == More::why) {
            Result<std::optional<json::object>> why = read_why(connection, scope, number);
            if (!why || !why->has_value()) {
                return failure(!why ? why.error() : missing);
            }
            Result<json::array> symptoms = read_symptoms(connection, scope, number);
            if (!symptoms) {
                return failure(symptoms.error());
            }
            all.why = std::move(**why);
            all.why["symptoms"] = std::move(*symptoms);
        }
        return all;
    };
    co_return co_await call.context->state->query<IncidentAndMore>(std::move(work));
}

/// Whoever sees everything is left to the brain, which knows what no reader does yet.
Task<Result<bool>> may_see(StateReader* state, ReadScope scope, std::int64_t number) {
    if (scope.is_everything()) {
        co_return true;
    }
    std::function<Result<bool>(StateConnection&)> work = [scope,
                                                          number](StateConnection& connection) {
        return is_incident_there(connection, scope, number);
    };
    co_return co_await state->query<bool>(std::move(work));
}

/// Hands a command to the brain. `form` has given all its fields to `body`.
Task<HttpResponse> submit(Call call, std::string name, json::object body) {
    const std::int64_t number = number_of(call.path.at("id"));
    const Error missing = no_such_incident(call);
    if (number == 0) {
        co_return problem_of(missing);
    }
    Task<Result<bool>> looking = may_see(call.context->state, call.actor.scope, number);
    const Result<bool> seen = co_await std::move(looking);
    if (!seen || !*seen) {
        co_return problem_of(!seen ? seen.error() : missing);
    }
    body["number"] = number;
    Result<Command> command = command_of(call, std::move(name), body);
    if (!command) {
        co_return problem_of(command.error());
    }
    Task<Result<Verdict>> asking = call.context->submit(std::move(*command));
    const Result<Verdict> verdict = co_await std::move(asking);
    co_return verdict ? verdict_answer(*verdict) : problem_of(verdict.error());
}

}  // namespace

Task<HttpResponse> list_incidents(Call call) {
    const Result<PageRequest> page = page_request(call.query, incident_list());
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<std::string> state = choice_parameter(call, "state", incident_states);
    if (!state) {
        co_return bad_parameter(state.error());
    }
    const std::string ci = parameter(call, "ci");
    IncidentFilter filter{*state, ""};
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, page = *page, ci, filter](StateConnection& connection
        ) mutable -> Result<Page> {
        if (!ci.empty()) {
            Result<std::string> id = find_ci(connection, scope, ci);
            if (!id) {
                return failure(id.error());
            }
            filter.ci = std::move(*id);
        }
        return read_incidents(connection, scope, filter, page);
    };
    Result<Page> found = co_await call.context->state->query<Page>(std::move(work));
    co_return found ? page_answer(std::move(*found), "incidents") : problem_of(found.error());
}

Task<HttpResponse> ci_incidents(Call call) {
    call.query["ci"] = call.path.at("id");
    return list_incidents(std::move(call));
}

Task<HttpResponse> show_incident(Call call) {
    const Result<IncidentAndMore> found =
        co_await incident_and_more(std::move(call), More::nothing);
    if (!found) {
        co_return problem_of(found.error());
    }
    HttpResponse response = json_answer(found->incident);
    const std::string version = json::serialize(found->incident.at("version"));
    response.headers.emplace_back("ETag", quoted_etag(version));
    co_return response;
}

Task<HttpResponse> incident_timeline(Call call) {
    Result<IncidentAndMore> found = co_await incident_and_more(std::move(call), More::timeline);
    if (!found) {
        co_return problem_of(found.error());
    }
    Page page;
    page.total = std::ssize(found->lines);
    page.items = std::move(found->lines);
    co_return page_answer(std::move(page), "timeline");
}

Task<HttpResponse> incident_why(Call call) {
    Result<IncidentAndMore> found = co_await incident_and_more(std::move(call), More::why);
    if (!found) {
        co_return problem_of(found.error());
    }
    found->why["incident"] = std::move(found->incident);
    co_return json_answer(found->why);
}

Task<HttpResponse> acknowledge_incident(Call call) {
    Form form(call.request);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object nothing_more;
    co_return co_await submit(std::move(call), "incident.acknowledge", std::move(nothing_more));
}

Task<HttpResponse> comment_incident(Call call) {
    Form form(call.request);
    const std::string text = form.text("text", Form::Presence::required, longest_remark);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object body{{"text", json_text(text)}};
    co_return co_await submit(std::move(call), "incident.comment", std::move(body));
}

Task<HttpResponse> resolve_incident(Call call) {
    Form form(call.request);
    const std::string text = form.text("text", Form::Presence::optional, longest_remark);
    const std::string code = form.text("code", Form::Presence::optional, 64);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object body{{"text", json_text(text)}, {"code", json_text(code)}};
    co_return co_await submit(std::move(call), "incident.resolve", std::move(body));
}

}  // namespace muster::collector
