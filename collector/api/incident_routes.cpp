#include "collector/api/handlers.hpp"
#include "collector/api/incident_changes.hpp"
#include "collector/api/incident_store.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/receipt_store.hpp"
#include "collector/api/verdict_answer.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 8> incident_states = {
    "open", "new", "assigned", "in_progress", "pending", "resolved", "closed", "cancelled"
};

Error no_such_incident(const Call& call) {
    return {ErrorKind::not_found, "there is no such incident", call.path.at("id")};
}

/// An incident and what hangs below it, read together.
struct IncidentAndMore {
    json::object incident;
    json::array lines;
    json::object why;
};

enum class More { links_and_changes, timeline, why };

Task<Result<IncidentAndMore>> incident_and_more(Call call, More more) {
    const std::int64_t number = incident_number(call.path.at("id"));
    const Error missing = no_such_incident(call);
    std::function<Result<IncidentAndMore>(StateConnection&)> work =
        [scope = call.actor.scope, number, more, missing](StateConnection& connection
        ) -> Result<IncidentAndMore> {
        Result<std::optional<json::object>> incident = read_incident(connection, scope, number);
        if (!incident || !incident->has_value()) {
            return failure(!incident ? incident.error() : missing);
        }
        IncidentAndMore all{std::move(**incident), {}, {}};
        if (more == More::links_and_changes) {
            Result<json::array> links = read_links(connection, scope, number);
            Result<json::array> changes = read_changes_before(connection, scope, number);
            if (!links || !changes) {
                return failure(!links ? links.error() : changes.error());
            }
            all.incident["links"] = std::move(*links);
            all.incident["changes"] = std::move(*changes);
            Result<json::array> services = read_services(connection, scope, number);
            if (!services) {
                return failure(services.error());
            }
            all.incident["services"] = std::move(*services);
        }
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
    IncidentFilter filter{.state = *state, .ci = {}, .now = call.context->clock->wall()};
    Task<Result<Page>> asking =
        read_list_of_ci(std::move(call), std::move(filter), *page, read_incidents);
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "incidents") : problem_of(found.error());
}

Task<HttpResponse> ci_incidents(Call call) {
    call.query["ci"] = call.path.at("id");
    return list_incidents(std::move(call));
}

Task<HttpResponse> show_incident(Call call) {
    const Result<IncidentAndMore> found =
        co_await incident_and_more(std::move(call), More::links_and_changes);
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

}  // namespace muster::collector
