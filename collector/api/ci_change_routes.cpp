#include "collector/api/caller_sites.hpp"
#include "collector/api/ci_change.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/entity_tag.hpp"
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
constexpr const char* path_member = "id";
constexpr std::array<std::string_view, 2> yes_or_no = {"true", "false"};

/// What the names of a request stand for.
struct Meant {
    NamedCis ids;
    bool is_as_seen = true;  ///< the CI of the path, where If-Match was sent
};

/// Whether If-Match names the CI's record as GET gives it now.
Result<bool> agrees(
    StateConnection& connection,
    const ReadScope& scope,
    const std::string& id,
    const std::string& if_match
) {
    const Result<std::optional<json::object>> ci = read_ci(connection, scope, id);
    if (!ci) {
        return failure(ci.error());
    }
    return ci->has_value() &&
           names_entity_tag(if_match, entity_tag_of(json::serialize(json::value(**ci))));
}

/// All in one state; `not_found` for what the caller does not see.
Task<Result<Meant>> meant_by(Call call, NamedCis names) {
    const auto seen = call.request.headers.find("if-match");
    std::string if_match = seen == call.request.headers.end() ? std::string() : seen->second;
    std::function<Result<Meant>(StateConnection&)> work =
        [scope = call.actor.scope,
         if_match = std::move(if_match),
         names = std::move(names)](StateConnection& connection) -> Result<Meant> {
        Meant meant;
        for (const auto& [member, name] : names) {
            const Result<std::string> raw = find_ci(connection, scope, name);
            if (!raw) {
                return failure(raw.error());
            }
            if (member == path_member && !if_match.empty()) {
                const Result<bool> agreed = agrees(connection, scope, *raw, if_match);
                if (!agreed) {
                    return failure(agreed.error());
                }
                meant.is_as_seen = *agreed;
            }
            const Result<Uuid> id = Uuid::from_bytes(*raw);
            meant.ids[member] = id ? id->text() : std::string();
        }
        return meant;
    };
    Task<Result<Meant>> asking = call.context->state->query<Meant>(std::move(work));
    co_return co_await std::move(asking);
}

}  // namespace

Task<HttpResponse> submit_change(Call call, std::string name, json::object body, NamedCis names) {
    const Result<std::string> dry = choice_parameter(call, "dry_run", yes_or_no);
    if (!dry) {
        co_return bad_parameter(dry.error());
    }
    Task<Result<Meant>> naming = meant_by(call, std::move(names));
    const Result<Meant> meant = co_await std::move(naming);
    if (!meant) {
        co_return problem_of(meant.error());
    }
    if (!meant->is_as_seen) {
        co_return problem(412, "the CI has changed since it was read; read it again");
    }
    for (const auto& [member, id] : meant->ids) {
        body[member] = id;
    }
    body["dry_run"] = *dry == "true";
    put_sites(call, body);
    co_return co_await ask_brain(std::move(call), std::move(name), std::move(body));
}

namespace {

NamedCis path_ci(const Call& call) {
    return {{path_member, call.path.at("id")}};
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
    co_return co_await submit_change(
        std::move(call), std::move(name), std::move(body), std::move(names)
    );
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
    co_return co_await submit_change(
        std::move(call), std::move(name), std::move(body), std::move(names)
    );
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
    co_return co_await submit_change(
        std::move(call), "ci.create", std::move(sent), std::move(nobody)
    );
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
    co_return co_await submit_change(std::move(call), "ci.edit", std::move(sent), std::move(names));
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
    co_return co_await submit_change(
        std::move(call), "ci.split", std::move(sent), std::move(names)
    );
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
    co_return co_await submit_change(
        std::move(call), "ci.reclassify", std::move(body), std::move(names)
    );
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
    co_return co_await submit_change(
        std::move(call), "observations.submit", std::move(sent), std::move(nobody)
    );
}

}  // namespace muster::collector
