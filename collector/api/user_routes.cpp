#include "collector/api/access_json.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/verdict_answer.hpp"
#include "collector/enrolment/access_store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_language = 35;
constexpr std::size_t longest_zone = 64;

/// Letters, digits and a few signs: "zh-CN", "America/Argentina/Ushuaia", "Etc/GMT+1".
std::string plain_name(Form& form, std::string_view field, std::size_t limit) {
    std::string text = form.text(field, Form::Presence::optional, limit);
    const bool good = std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '/' || c == '+';
    });
    if (!good) {
        form.blame(field, "expected letters, digits and - _ / +");
    }
    return text;
}

/// The version in If-Match; nothing where it is absent or "*".
Result<std::optional<std::int64_t>> wanted_version(const Call& call) {
    const auto found = call.request.headers.find("if-match");
    if (found == call.request.headers.end() || found->second == "*") {
        return std::nullopt;
    }
    std::string_view text = found->second;
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
    }
    std::int64_t version = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (wrong != std::errc{} || end != text.data() + text.size()) {
        return failure(ErrorKind::invalid, "expected the ETag of an earlier answer", "If-Match");
    }
    return version;
}

HttpResponse user_answer(const User& user, int status) {
    HttpResponse response = json_answer(user_json(user), status);
    response.headers.emplace_back("ETag", quoted_etag(std::to_string(user.version)));
    return response;
}

/// A user that is not as the caller saw it is 412; other conflicts stay 409.
HttpResponse refusal_of(const Error& error, const std::optional<std::int64_t>& version) {
    const bool stale = version && error.kind() == ErrorKind::conflict &&
                       error.what().starts_with("the user was changed");
    return stale ? problem(412, error.text()) : problem_of(error);
}

bool is_chief(const Actor& actor) {
    return actor.granted >= Permission::administer && actor.scope.is_everything();
}

/// Everybody may look at oneself; others are an administrator's, whether they are there or not.
std::optional<HttpResponse> refuse_others(const Call& call) {
    const bool own = call.path.at("id") == call.actor.user;
    return own || is_chief(call.actor) ? std::nullopt
                                       : std::optional(problem(403, "this is somebody else"));
}

/// What one may change of oneself is how one is spoken to.
std::optional<HttpResponse> refuse_rights(const Call& call, const UserChange& change) {
    const bool rights = change.role || change.sites || change.disabled;
    return rights && !is_chief(call.actor)
               ? std::optional(problem(403, "role, sites and disabling are an administrator's"))
               : std::nullopt;
}

UserChange change_of(Form& form) {
    UserChange change;
    if (form.has("role")) {
        change.role = form.choice("role", Form::Presence::required, role_names);
    }
    if (form.has("sites")) {
        change.sites = form.texts("sites", most_sites, longest_site);
    }
    if (form.has("language")) {
        change.language = plain_name(form, "language", longest_language);
    }
    if (form.has("time_zone")) {
        change.time_zone = plain_name(form, "time_zone", longest_zone);
    }
    change.disabled = form.truth("disabled");
    return change;
}

}  // namespace

Task<HttpResponse> list_users(Call call) {
    std::function<Result<std::vector<User>>(AccessDesk&)> work = [](AccessDesk& desk) {
        return desk.store.users().list();
    };
    const Result<std::vector<User>> users =
        co_await call.context->access.query<std::vector<User>>(std::move(work));
    if (!users) {
        co_return problem_of(users.error());
    }
    json::array items;
    for (const User& user : *users) {
        items.push_back(user_json(user));
    }
    co_return whole_list(call.query, user_list(), std::move(items), "name");
}

Task<HttpResponse> show_user(Call call) {
    if (auto refused = refuse_others(call)) {
        co_return std::move(*refused);
    }
    const std::string name = call.path.at("id");
    std::function<Result<User>(AccessDesk&)> work = [name](AccessDesk& desk) -> Result<User> {
        const Result<std::optional<User>> user = desk.store.users().find(name);
        if (!user || !user->has_value()) {
            return !user ? failure(user.error())
                         : failure(ErrorKind::not_found, "there is no user with this name", name);
        }
        return **user;
    };
    const Result<User> user = co_await call.context->access.query<User>(std::move(work));
    co_return user ? user_answer(*user, 200) : problem_of(user.error());
}

Task<HttpResponse> create_user(Call call) {
    Form form(call.request);
    User user;
    user.name = form.text("name", Form::Presence::required, longest_access_name);
    user.role = form.choice("role", Form::Presence::required, role_names);
    user.sites = form.texts("sites", most_sites, longest_site);
    user.language = plain_name(form, "language", longest_language);
    user.time_zone = plain_name(form, "time_zone", longest_zone);
    Secret password = new_password(form, "password", user.name);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    Task<Result<std::string>> hashing = call.context->access.hash_password(std::move(password));
    const Result<std::string> hash = co_await std::move(hashing);
    if (!hash) {
        co_return problem_of(hash.error());
    }
    std::function<Result<User>(AccessDesk&)> work =
        [user, hash = *hash, actor = call.actor](AccessDesk& desk) {
            return desk.store.users().create(user, hash, actor, desk.now);
        };
    const Result<User> created = co_await call.context->access.query<User>(std::move(work));
    co_return created ? user_answer(*created, 201) : problem_of(created.error());
}

Task<HttpResponse> change_user(Call call) {
    if (auto refused = refuse_others(call)) {
        co_return std::move(*refused);
    }
    Form form(call.request);
    const UserChange change = change_of(form);
    if (auto refused = refuse_rights(call, change)) {
        co_return std::move(*refused);
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    const Result<std::optional<std::int64_t>> version = wanted_version(call);
    if (!version) {
        co_return problem_of(version.error());
    }
    std::function<Result<User>(AccessDesk&)> work =
        [name = call.path.at("id"), change, version = *version, actor = call.actor](AccessDesk& desk
        ) { return desk.store.users().change(name, change, version, actor, desk.now); };
    const Result<User> changed = co_await call.context->access.query<User>(std::move(work));
    co_return changed ? user_answer(*changed, 200) : refusal_of(changed.error(), *version);
}

Task<HttpResponse> delete_user(Call call) {
    const Result<std::optional<std::int64_t>> version = wanted_version(call);
    if (!version) {
        co_return problem_of(version.error());
    }
    const std::string name = call.path.at("id");
    AccessWork work = [name, version = *version, actor = call.actor](AccessDesk& desk) {
        return desk.store.users().remove(name, version, actor, desk.now);
    };
    Task<Status> deleting = call.context->access.perform(std::move(work));
    const Status deleted = co_await std::move(deleting);
    co_return deleted ? json_answer(json::object{{"deleted", json_text(name)}})
                      : refusal_of(deleted.error(), *version);
}

/// Whoever sets the own password proves to know the one there is: a session left open is no password.
Task<HttpResponse> set_password(Call call) {
    const std::string name = call.path.at("id");
    const bool own = name == call.actor.user;
    if (auto refused = refuse_others(call)) {
        co_return std::move(*refused);
    }
    Form form(call.request);
    Secret password = new_password(form, "password", name);
    SignIn who;
    who.name = name;
    who.peer = call.request.peer;
    if (own) {
        who.password = Secret(form.text("current", Form::Presence::required, longest_password));
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    if (own) {
        if (const auto wait = sign_in_wait(call, name)) {
            co_return too_many_sign_ins(*wait);
        }
        Task<Status> confirming = call.context->access.confirm(std::move(who));
        if (const Status known = co_await std::move(confirming); !known) {
            co_return known.error().kind() == ErrorKind::refused
                ? problem(403, "the current password is another")
                : problem_of(known.error());
        }
        signed_in(call, name);
    }
    Task<Result<std::string>> hashing = call.context->access.hash_password(std::move(password));
    const Result<std::string> hash = co_await std::move(hashing);
    if (!hash) {
        co_return problem_of(hash.error());
    }
    AccessWork work = [name, hash = *hash, actor = call.actor](AccessDesk& desk) {
        return desk.store.users().set_password(name, hash, actor, desk.now);
    };
    Task<Status> setting = call.context->access.perform(std::move(work));
    const Status set = co_await std::move(setting);
    co_return set ? json_answer(json::object{{"changed", json_text(name)}})
                  : problem_of(set.error());
}

}  // namespace muster::collector
