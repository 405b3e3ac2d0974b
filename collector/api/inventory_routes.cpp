#include "collector/api/agent_store.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/entity_tag.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/moment.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/past_store.hpp"
#include "collector/api/probe_store.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 5> ci_states = {
    "up", "degraded", "down", "unobserved", "unproven"
};
constexpr std::array<std::string_view, 6> probe_states = {
    "ok", "warning", "critical", "unknown", "unobserved", "unproven"
};
constexpr std::array<std::string_view, 6> agent_states = {
    "enrolled", "connected", "disconnected", "stopped", "silent", "revoked"
};

using FoundObject = std::optional<json::object>;

HttpResponse object_answer(const Result<FoundObject>& found, const Call& call) {
    if (!found) {
        return problem_of(found.error());
    }
    if (!found->has_value()) {
        return problem(404, "there is nothing with this id or name: " + call.path.at("id"));
    }
    return json_answer(**found);
}

}  // namespace

namespace {

/// A page of what there was: what is known of now alone is refused, not left out.
Task<HttpResponse> list_cis_at(Call call) {
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    constexpr const char* of_now = "is known of now alone, expected none beside at and known_at";
    if (!parameter(call, "state").empty()) {
        co_return bad_parameter(Error(ErrorKind::invalid, of_now, "state"));
    }
    const cmdb::Model& model = *call.context->configuration()->model();
    const Result<PageRequest> page = page_request(call.query, past_ci_list(model));
    if (!page) {
        std::map<std::string, std::string> without_cursor = call.query;
        without_cursor.erase("cursor");
        const bool is_of_now = page_request(without_cursor, ci_list(model)).has_value() &&
                               !page_request(without_cursor, past_ci_list(model)).has_value();
        co_return bad_parameter(
            is_of_now
                ? Error(
                      ErrorKind::invalid,
                      "it names state, probes, open_incidents or source, which are known of now "
                      "alone; expected other fields beside at and known_at",
                      "q"
                  )
                : page.error()
        );
    }
    const PastFilter filter{parameter(call, "class"), parameter(call, "site")};
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, page = *page, filter, moment = *moment](
            StateConnection& connection
        ) { return read_cis_at(connection, scope, filter, page, moment); };
    Task<Result<Page>> asking = call.context->state->query<Page>(std::move(work));
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), past_cis) : problem_of(found.error());
}

}  // namespace

Task<HttpResponse> list_cis(Call call) {
    if (asks_for_the_past(call)) {
        Task<HttpResponse> reading = list_cis_at(std::move(call));
        co_return co_await std::move(reading);
    }
    const Result<PageRequest> page =
        page_request(call.query, ci_list(*call.context->configuration()->model()));
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<std::string> state = choice_parameter(call, "state", ci_states);
    if (!state) {
        co_return bad_parameter(state.error());
    }
    const CiFilter filter{parameter(call, "class"), *state, parameter(call, "site")};
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, page = *page, filter](StateConnection& connection) {
            return read_cis(connection, scope, filter, page);
        };
    Result<Page> found = co_await call.context->state->query<Page>(std::move(work));
    co_return found ? page_answer(std::move(*found), "cis") : problem_of(found.error());
}

Task<HttpResponse> list_probes(Call call) {
    const Result<PageRequest> page = page_request(call.query, probe_list());
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<std::string> state = choice_parameter(call, "state", probe_states);
    if (!state) {
        co_return bad_parameter(state.error());
    }
    ProbeFilter filter{"", *state};
    Task<Result<Page>> asking =
        read_list_of_ci(std::move(call), std::move(filter), *page, read_probes);
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "probes") : problem_of(found.error());
}

Task<HttpResponse> ci_probes(Call call) {
    call.query["ci"] = call.path.at("id");
    return list_probes(std::move(call));
}

Task<HttpResponse> show_probe(Call call) {
    const Result<Uuid> id = Uuid::parse(call.path.at("id"));
    if (!id) {
        co_return object_answer(FoundObject(), call);
    }
    std::function<Result<FoundObject>(StateConnection&)> work =
        [scope = call.actor.scope, raw = std::string(id->raw())](StateConnection& connection) {
            return read_probe(connection, scope, raw);
        };
    const Result<FoundObject> found =
        co_await call.context->state->query<FoundObject>(std::move(work));
    co_return object_answer(found, call);
}

Task<HttpResponse> list_agents(Call call) {
    const Result<PageRequest> page = page_request(call.query, agent_list());
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<std::string> state = choice_parameter(call, "state", agent_states);
    if (!state) {
        co_return bad_parameter(state.error());
    }
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, page = *page, state = *state](StateConnection& connection) {
            return read_agents(connection, scope, state, page);
        };
    Result<Page> found = co_await call.context->state->query<Page>(std::move(work));
    co_return found ? page_answer(std::move(*found), "agents") : problem_of(found.error());
}

Task<HttpResponse> show_agent(Call call) {
    std::function<Result<FoundObject>(StateConnection&)> work =
        [scope = call.actor.scope, name = call.path.at("id")](StateConnection& connection) {
            return read_agent(connection, scope, name);
        };
    const Result<FoundObject> found =
        co_await call.context->state->query<FoundObject>(std::move(work));
    co_return object_answer(found, call);
}

Task<HttpResponse> revoke_agent(Call call) {
    Form form(call.request);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    std::function<Result<FoundObject>(StateConnection&)> work =
        [scope = call.actor.scope, name = call.path.at("id")](StateConnection& connection) {
            return read_agent(connection, scope, name);
        };
    const Result<FoundObject> found =
        co_await call.context->state->query<FoundObject>(std::move(work));
    if (!found || !found->has_value()) {
        co_return object_answer(found, call);
    }
    const auto seen = call.request.headers.find("if-match");
    if (seen != call.request.headers.end() &&
        !names_entity_tag(seen->second, entity_tag_of(json::serialize(**found)))) {
        co_return problem(412, "the agent has changed since it was read; read it again");
    }
    const Result<Uuid> id = Uuid::parse(std::string((*found)->at("id").as_string()));
    if (!id) {
        co_return problem_of(id.error());
    }
    Task<Status> revoking = call.context->access.revoke_agent(AgentId{*id}, call.actor);
    const Status revoked = co_await std::move(revoking);
    if (!revoked && revoked.error().kind() == ErrorKind::not_found) {
        co_return problem(409, "this agent has been revoked already");
    }
    if (!revoked) {
        co_return problem_of(revoked.error());
    }
    co_return json_answer(json::object{{"revoked", json_text(id->text())}});
}

}  // namespace muster::collector
