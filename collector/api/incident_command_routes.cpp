// What people ask of incidents: form here, the verdict is the brain's. Reading them is in incident_routes.cpp.
#include "collector/api/caller_sites.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/incident_store.hpp"
#include "collector/api/known_people.hpp"
#include "collector/api/verdict_answer.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

using Presence = Form::Presence;

constexpr std::size_t longest_remark = 10'000;
constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_title = 300;
constexpr std::size_t most_chosen = 500;
constexpr std::size_t longest_query = 4096;

constexpr std::array<std::string_view, 3> levels = {"high", "medium", "low"};
constexpr std::array<std::string_view, 3> reported_kinds = {"reported", "request", "complaint"};
constexpr std::array<std::string_view, 6> reasons = {
    "supplier", "customer", "change", "spare_part", "observation", "other"
};
constexpr std::array<std::string_view, 4> link_types = {
    "duplicate_of", "caused_by", "related", "parent"
};
constexpr std::array<std::string_view, 12> actions = {
    "acknowledge",
    "assign",
    "take",
    "pending",
    "resume",
    "resolve",
    "reopen",
    "cancel",
    "close",
    "comment",
    "link",
    "edit"
};

Error no_such_incident(const std::string& name) {
    return {ErrorKind::not_found, "there is no such incident", name};
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

/// Nothing is linked to what the caller does not see.
Task<Status> may_link(const Call& call, const json::object& body) {
    const json::value* to = body.if_contains("to");
    if (to == nullptr) {
        co_return Status{};
    }
    Task<Result<bool>> looking = may_see(call.context->state, call.actor.scope, to->get_int64());
    const Result<bool> seen = co_await std::move(looking);
    if (!seen || !*seen) {
        co_return failure(!seen ? seen.error() : no_such_incident("to"));
    }
    co_return Status{};
}

/// A command about the incident of the path, when the caller sees it, and the one it is linked to.
Task<HttpResponse> submit(Call call, std::string name, json::object body) {
    const std::int64_t number = incident_number(call.path.at("id"));
    const Error missing = no_such_incident(call.path.at("id"));
    if (number == 0) {
        co_return problem_of(missing);
    }
    Task<Result<bool>> looking = may_see(call.context->state, call.actor.scope, number);
    const Result<bool> seen = co_await std::move(looking);
    if (!seen || !*seen) {
        co_return problem_of(!seen ? seen.error() : missing);
    }
    Task<Status> linking = may_link(call, body);
    const Status may = co_await std::move(linking);
    if (!may) {
        co_return problem_of(may.error());
    }
    body["number"] = number;
    co_return co_await ask_brain(std::move(call), std::move(name), std::move(body));
}

/// Texts that are there; what is absent stays out of the command.
void put(json::object& body, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        body[name] = json_text(value);
    }
}

void take_text(Form& form, json::object& body, std::string_view name, std::size_t limit) {
    put(body, name, form.text(name, Presence::optional, limit));
}

/// "INC-31" of a member as its number.
void take_incident_number(
    Form& form, json::object& body, std::string_view name, Presence presence
) {
    const std::string text = form.text(name, presence, longest_name);
    if (text.empty()) {
        return;
    }
    const std::int64_t number = incident_number(text);
    if (number == 0) {
        form.blame(name, "expected an incident such as INC-31");
    }
    body[name] = number;
}

/// Incidents of an action: by number, or by a query that the brain evaluates.
void take_chosen(Form& form, json::object& body) {
    const std::vector<std::string> ids = form.texts("ids", most_chosen, longest_name);
    const std::string query = form.text("q", Presence::optional, longest_query);
    if (ids.empty() == query.empty()) {
        form.blame("ids", "expected either \"ids\" or \"q\"");
        return;
    }
    put(body, "q", query);
    json::array numbers;
    for (const std::string& id : ids) {
        const std::int64_t number = incident_number(id);
        if (number == 0) {
            form.blame("ids", "expected incidents such as INC-31");
        }
        numbers.push_back(number);
    }
    if (!numbers.empty()) {
        body["numbers"] = std::move(numbers);
    }
}

/// A command with one text, and nothing else.
Task<HttpResponse> submit_text(Call call, std::string name, Presence presence) {
    Form form(call.request);
    const std::string text = form.text("text", presence, longest_remark);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object body;
    put(body, "text", text);
    co_return co_await submit(std::move(call), std::move(name), std::move(body));
}

/// A command without a body.
Task<HttpResponse> submit_bare(Call call, std::string name) {
    Form form(call.request);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object body;
    co_return co_await submit(std::move(call), std::move(name), std::move(body));
}

}  // namespace

Task<HttpResponse> create_incident(Call call) {
    Form form(call.request);
    json::object body;
    put(body, "title", form.text("title", Presence::required, longest_title));
    put(body, "kind", form.choice("kind", Presence::optional, reported_kinds));
    put(body, "urgency", form.choice("urgency", Presence::optional, levels));
    take_text(form, body, "description", longest_remark);
    const std::string ci = form.text("ci", Presence::optional, 255);
    for (const std::string_view name : {"site", "team", "assignee", "reporter"}) {
        take_text(form, body, name, longest_name);
    }
    const json::value* site = body.if_contains("site");
    const std::string named = site == nullptr ? std::string() : std::string(site->as_string());
    if (!call.actor.scope.is_everything() && (ci.empty() || !named.empty()) &&
        !call.actor.scope.allows(named)) {
        form.blame("site", "expected one of your sites, or a configuration item at one");
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    Task<Result<std::vector<Flaw>>> looking = unknown_people(call, body);
    const Result<std::vector<Flaw>> unknown = co_await std::move(looking);
    if (!unknown || !unknown->empty()) {
        co_return !unknown ? problem_of(unknown.error())
                           : problem(400, "nothing was changed", *unknown);
    }
    if (!ci.empty()) {
        std::function<Result<std::string>(StateConnection&)> work =
            [scope = call.actor.scope, ci](StateConnection& connection) {
                return find_ci(connection, scope, ci);
            };
        const Result<std::string> id =
            co_await call.context->state->query<std::string>(std::move(work));
        if (!id) {
            co_return problem_of(id.error());
        }
        body["ci"] = json_text(Uuid::from_bytes(*id)->text());
    }
    co_return co_await ask_brain(std::move(call), "incident.create", std::move(body));
}

Task<HttpResponse> change_incidents(Call call) {
    Form form(call.request);
    json::object body;
    put(body, "action", form.choice("action", Presence::required, actions));
    take_chosen(form, body);
    if (form.truth("dry_run").value_or(false)) {
        body["dry_run"] = true;
    }
    take_text(form, body, "text", longest_remark);
    for (const std::string_view name : {"code", "assignee", "team", "title"}) {
        take_text(form, body, name, longest_title);
    }
    put(body, "reason", form.choice("reason", Presence::optional, reasons));
    put(body, "type", form.choice("type", Presence::optional, link_types));
    put(body, "urgency", form.choice("urgency", Presence::optional, levels));
    put(body, "impact", form.choice("impact", Presence::optional, levels));
    put(body, "kind", form.choice("kind", Presence::optional, reported_kinds));
    take_incident_number(form, body, "to", Presence::optional);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    Task<Result<std::vector<Flaw>>> looking = unknown_people(call, body);
    const Result<std::vector<Flaw>> unknown = co_await std::move(looking);
    if (!unknown || !unknown->empty()) {
        co_return !unknown ? problem_of(unknown.error())
                           : problem(400, "nothing was changed", *unknown);
    }
    Task<Status> linking = may_link(call, body);
    const Status may = co_await std::move(linking);
    if (!may) {
        co_return problem_of(may.error());
    }
    put_sites(call, body);
    co_return co_await ask_brain(std::move(call), "incident.bulk", std::move(body));
}

Task<HttpResponse> edit_incident(Call call) {
    Form form(call.request);
    json::object body;
    take_text(form, body, "title", longest_title);
    put(body, "urgency", form.choice("urgency", Presence::optional, levels));
    put(body, "impact", form.choice("impact", Presence::optional, levels));
    put(body, "kind", form.choice("kind", Presence::optional, reported_kinds));
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    co_return co_await submit(std::move(call), "incident.edit", std::move(body));
}

Task<HttpResponse> acknowledge_incident(Call call) {
    return submit_bare(std::move(call), "incident.acknowledge");
}

Task<HttpResponse> assign_incident(Call call) {
    Form form(call.request);
    json::object body;
    take_text(form, body, "assignee", longest_name);
    take_text(form, body, "team", longest_name);
    if (body.empty() && form.flaws().empty()) {
        form.blame("assignee", "expected \"assignee\", \"team\" or both");
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    Task<Result<std::vector<Flaw>>> looking = unknown_people(call, body);
    const Result<std::vector<Flaw>> unknown = co_await std::move(looking);
    if (!unknown || !unknown->empty()) {
        co_return !unknown ? problem_of(unknown.error())
                           : problem(400, "nothing was changed", *unknown);
    }
    co_return co_await submit(std::move(call), "incident.assign", std::move(body));
}

Task<HttpResponse> take_incident(Call call) {
    return submit_bare(std::move(call), "incident.take");
}

Task<HttpResponse> let_incident_wait(Call call) {
    Form form(call.request);
    json::object body;
    put(body, "reason", form.choice("reason", Presence::required, reasons));
    take_text(form, body, "text", longest_remark);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    co_return co_await submit(std::move(call), "incident.pending", std::move(body));
}

Task<HttpResponse> resume_incident(Call call) {
    return submit_text(std::move(call), "incident.resume", Presence::optional);
}

Task<HttpResponse> comment_incident(Call call) {
    return submit_text(std::move(call), "incident.comment", Presence::required);
}

Task<HttpResponse> link_incident(Call call) {
    Form form(call.request);
    json::object body;
    put(body, "type", form.choice("type", Presence::required, link_types));
    take_incident_number(form, body, "to", Presence::required);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    co_return co_await submit(std::move(call), "incident.link", std::move(body));
}

Task<HttpResponse> resolve_incident(Call call) {
    Form form(call.request);
    json::object body;
    take_text(form, body, "text", longest_remark);
    take_text(form, body, "code", longest_name);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    co_return co_await submit(std::move(call), "incident.resolve", std::move(body));
}

Task<HttpResponse> reopen_incident(Call call) {
    return submit_text(std::move(call), "incident.reopen", Presence::optional);
}

Task<HttpResponse> cancel_incident(Call call) {
    return submit_text(std::move(call), "incident.cancel", Presence::required);
}

Task<HttpResponse> close_incident(Call call) {
    return submit_text(std::move(call), "incident.close", Presence::optional);
}

}  // namespace muster::collector
