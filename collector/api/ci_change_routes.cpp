#include "collector/api/caller_sites.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/verdict_answer.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t longest_reason = 1000;
constexpr std::size_t longest_name = 256;
constexpr std::array<std::string_view, 2> yes_or_no = {"true", "false"};

/// Names of members of the body → what they name, as the caller wrote it.
using NamedCis = std::map<std::string, std::string>;

/// The ids that names stand for, all in one state; `not_found` for what the caller does not see.
Task<Result<NamedCis>> ids_of(Call call, NamedCis names) {
    std::function<Result<NamedCis>(StateConnection&)> work =
        [scope = call.actor.scope,
         names = std::move(names)](StateConnection& connection) -> Result<NamedCis> {
        NamedCis ids;
        for (const auto& [member, name] : names) {
            const Result<std::string> raw = find_ci(connection, scope, name);
            if (!raw) {
                return failure(raw.error());
            }
            const Result<Uuid> id = Uuid::from_bytes(*raw);
            ids[member] = id ? id->text() : std::string();
        }
        return ids;
    };
    Task<Result<NamedCis>> asking = call.context->state->query<NamedCis>(std::move(work));
    co_return co_await std::move(asking);
}

/// The command, with ids in place of names; the brain's verdict is the answer.
Task<HttpResponse> submit(Call call, std::string name, json::object body, NamedCis names) {
    const Result<std::string> dry = choice_parameter(call, "dry_run", yes_or_no);
    if (!dry) {
        co_return bad_parameter(dry.error());
    }
    Task<Result<NamedCis>> naming = ids_of(call, std::move(names));
    const Result<NamedCis> ids = co_await std::move(naming);
    if (!ids) {
        co_return problem_of(ids.error());
    }
    for (const auto& [member, id] : *ids) {
        body[member] = id;
    }
    body["dry_run"] = *dry == "true";
    put_sites(call, body);
    co_return co_await ask_brain(std::move(call), std::move(name), std::move(body));
}

NamedCis path_ci(const Call& call) {
    return {{"id", call.path.at("id")}};
}

/// What was sent, as an object; nothing where it is none, or has a member that is not among these.
std::optional<json::object> object_of(
    const HttpRequest& request, std::initializer_list<std::string_view> members
) {
    boost::system::error_code unreadable;
    json::value value = json::parse(request.body.empty() ? "{}" : request.body, unreadable);
    if (unreadable || !value.is_object()) {
        return std::nullopt;
    }
    for (const auto& [name, member] : value.get_object()) {
        if (std::ranges::find(members, std::string_view(name)) == members.end()) {
            return std::nullopt;
        }
    }
    return std::move(value.as_object());
}

/// A command whose body is a reason alone.
Task<HttpResponse> submit_reason(Call call, std::string name) {
    Form form(call.request);
    const std::string reason = form.text("reason", Form::Presence::optional, longest_reason);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    NamedCis names = path_ci(call);
    json::object body{{"reason", json_text(reason)}};
    co_return co_await submit(std::move(call), std::move(name), std::move(body), std::move(names));
}

/// A command about two CIs.
Task<HttpResponse> submit_pair(Call call, std::string name) {
    Form form(call.request);
    const std::string other = form.text("other", Form::Presence::required, longest_name);
    const std::string reason = form.text("reason", Form::Presence::optional, longest_reason);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    NamedCis names = path_ci(call);
    names["other"] = other;
    json::object body{{"reason", json_text(reason)}};
    co_return co_await submit(std::move(call), std::move(name), std::move(body), std::move(names));
}

HttpResponse wrong_site(int status) {
    return problem(status, "site: expected one of the sites that you may change");
}

enum class SiteIs : std::uint8_t { needed, optional };

/// Who sees some sites alone says nothing of others; nothing: it may be said.
std::optional<HttpResponse> refuse_site(
    const Call& call, const json::object* attributes, SiteIs presence
) {
    if (call.actor.scope.is_everything()) {
        return std::nullopt;
    }
    const json::value* site = attributes == nullptr ? nullptr : attributes->if_contains("site");
    if (site == nullptr) {
        return presence == SiteIs::needed ? std::optional(wrong_site(400)) : std::nullopt;
    }
    const bool is_own =
        site->is_string() && call.actor.scope.allows(std::string_view(site->get_string()));
    return is_own ? std::nullopt : std::optional(wrong_site(403));
}

const json::object* member_object(const json::object& body, std::string_view name) {
    const json::value* found = body.if_contains(name);
    return found == nullptr ? nullptr : found->if_object();
}

HttpResponse no_object() {
    return problem(400, "expected a JSON object of the members that docs/api.md names");
}

}  // namespace

Task<HttpResponse> create_ci(Call call) {
    std::optional<json::object> body = object_of(call.request, {"class", "attributes"});
    if (!body) {
        co_return no_object();
    }
    if (auto refusal = refuse_site(call, member_object(*body, "attributes"), SiteIs::needed)) {
        co_return std::move(*refusal);
    }
    json::object sent = std::move(*body);
    NamedCis nobody;
    co_return co_await submit(std::move(call), "ci.create", std::move(sent), std::move(nobody));
}

Task<HttpResponse> edit_ci(Call call) {
    std::optional<json::object> body = object_of(call.request, {"set", "unset", "reason"});
    if (!body) {
        co_return no_object();
    }
    if (auto refusal = refuse_site(call, member_object(*body, "set"), SiteIs::optional)) {
        co_return std::move(*refusal);
    }
    json::object sent = std::move(*body);
    NamedCis names = path_ci(call);
    co_return co_await submit(std::move(call), "ci.edit", std::move(sent), std::move(names));
}

Task<HttpResponse> retire_ci(Call call) {
    return submit_reason(std::move(call), "ci.retire");
}

Task<HttpResponse> merge_cis(Call call) {
    return submit_pair(std::move(call), "ci.merge");
}

Task<HttpResponse> unmerge_ci(Call call) {
    return submit_reason(std::move(call), "ci.unmerge");
}

Task<HttpResponse> split_ci(Call call) {
    std::optional<json::object> body = object_of(call.request, {"statements", "reason"});
    if (!body) {
        co_return no_object();
    }
    json::object sent = std::move(*body);
    NamedCis names = path_ci(call);
    co_return co_await submit(std::move(call), "ci.split", std::move(sent), std::move(names));
}

Task<HttpResponse> tell_cis_apart(Call call) {
    return submit_pair(std::move(call), "ci.not_same");
}

Task<HttpResponse> reclassify_ci(Call call) {
    Form form(call.request);
    const std::string wanted = form.text("class", Form::Presence::required, longest_name);
    const std::string reason = form.text("reason", Form::Presence::optional, longest_reason);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    NamedCis names = path_ci(call);
    json::object body{{"class", json_text(wanted)}, {"reason", json_text(reason)}};
    co_return co_await submit(std::move(call), "ci.reclassify", std::move(body), std::move(names));
}

Task<HttpResponse> submit_observations(Call call) {
    std::optional<json::object> body =
        object_of(call.request, {"run", "completeness", "site", "items", "relations"});
    if (!body) {
        co_return no_object();
    }
    if (auto refusal = refuse_site(call, &*body, SiteIs::needed)) {
        co_return std::move(*refusal);
    }
    json::object sent = std::move(*body);
    NamedCis nobody;
    co_return co_await submit(
        std::move(call), "observations.submit", std::move(sent), std::move(nobody)
    );
}

}  // namespace muster::collector
