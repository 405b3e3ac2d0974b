#include "collector/api/access_json.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/enrolment/access_store.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

constexpr Duration day = 24h;
constexpr std::array<std::string_view, 2> token_kinds = {"personal", "program"};

bool is_chief(const Actor& actor) {
    return actor.granted >= Permission::administer && actor.scope.is_everything();
}

/// Whether the caller may see and revoke it.
bool is_own(const ApiToken& token, const Actor& actor) {
    return (!token.owner.empty() && token.owner == actor.user) || token.id == actor.token;
}

/// A token may no more than who makes it, and a token makes none that outlives it.
void bound(ApiTokenRequest& wanted, const Actor& actor, Form& form) {
    if (permission_of_role(wanted.role).value_or(Permission::nobody) > actor.granted) {
        form.blame(
            "role", "expected at most your own: " + std::string(role_of_permission(actor.granted))
        );
    }
    if (!actor.scope.is_everything()) {
        const bool inside = std::ranges::all_of(wanted.sites, [&](const std::string& site) {
            return actor.scope.allows(site);
        });
        if (!inside) {
            form.blame("sites", "expected sites of yours");
        } else if (wanted.sites.empty() && !actor.token.empty()) {
            wanted.sites = actor.scope.sites();
        }
    }
    if (!actor.token.empty() && actor.expires && wanted.expires > *actor.expires) {
        wanted.expires = *actor.expires;
    }
}

}  // namespace

Task<HttpResponse> list_tokens(Call call) {
    std::function<Result<std::vector<ApiToken>>(AccessDesk&)> work = [](AccessDesk& desk) {
        return desk.store.tokens().list("");
    };
    const Result<std::vector<ApiToken>> tokens =
        co_await call.context->access.query<std::vector<ApiToken>>(std::move(work));
    if (!tokens) {
        co_return problem_of(tokens.error());
    }
    json::array items;
    for (const ApiToken& token : *tokens) {
        if (is_chief(call.actor) || is_own(token, call.actor)) {
            items.push_back(token_json(token));
        }
    }
    co_return whole_list(call.query, token_list(), std::move(items), "id");
}

Task<HttpResponse> create_token(Call call) {
    const Actor& actor = call.actor;
    Form form(call.request);
    ApiTokenRequest wanted;
    wanted.name = form.text("name", Form::Presence::required, longest_access_name);
    wanted.role = form.choice("role", Form::Presence::optional, token_role_names);
    wanted.sites = form.texts("sites", most_sites, longest_site);
    wanted.expires = call.context->clock->wall() + form.duration("ttl", day * 90, 1min, day * 366);
    std::string kind = form.choice("kind", Form::Presence::optional, token_kinds);
    if (kind.empty()) {
        kind = actor.user.empty() ? "program" : "personal";
    }
    if (kind == "personal" && actor.user.empty()) {
        form.blame("kind", "expected \"program\": you are no user");
    }
    if (kind == "program" && wanted.role.empty()) {
        form.blame("role", "missing: expected what the program may do");
    }
    if (wanted.role.empty()) {
        wanted.role = role_of_permission(actor.granted);
    }
    bound(wanted, actor, form);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    if (kind == "program" && !is_chief(actor)) {
        co_return problem(403, "only an administrator of all sites makes tokens for programs");
    }
    wanted.owner = kind == "personal" ? actor.user : "";
    std::function<Result<CreatedApiToken>(AccessDesk&)> work = [wanted, actor](AccessDesk& desk) {
        return desk.store.tokens().create(wanted, actor, desk.random, desk.now);
    };
    const Result<CreatedApiToken> created =
        co_await call.context->access.query<CreatedApiToken>(std::move(work));
    if (!created) {
        co_return problem_of(created.error());
    }
    json::object body = token_json(created->row);
    body["token"] = json_text(created->token.reveal());
    co_return json_answer(body, 201);
}

Task<HttpResponse> revoke_token(Call call) {
    const std::string id = call.path.at("id");
    AccessWork work = [id, actor = call.actor](AccessDesk& desk) -> Status {
        const Result<std::optional<ApiToken>> token = desk.store.tokens().find(id);
        if (!token) {
            return failure(token.error());
        }
        if (!token->has_value() || !(is_chief(actor) || is_own(**token, actor))) {
            return failure(ErrorKind::not_found, "there is no API token with this id", id);
        }
        return desk.store.tokens().revoke(id, actor, desk.now);
    };
    Task<Status> revoking = call.context->access.perform(std::move(work));
    const Status revoked = co_await std::move(revoking);
    co_return revoked ? json_answer(json::object{{"revoked", json_text(id)}})
                      : problem_of(revoked.error());
}

}  // namespace muster::collector
