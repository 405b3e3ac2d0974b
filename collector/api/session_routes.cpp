#include "collector/api/access_json.hpp"
#include "collector/api/credentials.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/parameters.hpp"
#include "collector/enrolment/access_store.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace muster::collector {

namespace {

/// Names are compared without regard to case; so are attempts on them.
std::string account_key(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return name;
}

json::object actor_json(const Actor& actor) {
    json::array sites;
    for (const std::string& site : actor.scope.sites()) {
        sites.push_back(json_text(site));
    }
    json::object body{
        {"name", json_text(actor.name)},
        {"role", json_text(role_of_permission(actor.granted))},
        {"all_sites", actor.scope.is_everything()},
        {"sites", std::move(sites)},
        {"user", nullptr},
        {"token", nullptr},
        {"session", nullptr},
        {"expires", nullptr}
    };
    for (const auto& [name, value] :
         {std::pair("user", &actor.user),
          std::pair("token", &actor.token),
          std::pair("session", &actor.session)}) {
        if (!value->empty()) {
            body[name] = json_text(*value);
        }
    }
    if (actor.expires) {
        body["expires"] = json_time(*actor.expires);
    }
    return body;
}

}  // namespace

HttpResponse too_many_sign_ins(Duration wait) {
    HttpResponse response = problem(429, "too many wrong passwords; try again later");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

std::optional<Duration> sign_in_wait(const Call& call, const std::string& name) {
    Duration wait{};
    const MonoTime now = call.context->clock->mono();
    const bool admitted =
        call.sign_ins->admit(account_key(name), attempt_address(call.request), now, wait);
    return admitted ? std::nullopt : std::optional(wait);
}

void signed_in(const Call& call, const std::string& name) {
    const MonoTime now = call.context->clock->mono();
    call.sign_ins->succeeded(account_key(name), attempt_address(call.request), now);
}

Task<HttpResponse> open_session(Call call) {
    Form form(call.request);
    SignIn who;
    who.name = form.text("name", Form::Presence::required, longest_access_name);
    who.password = Secret(form.text("password", Form::Presence::required, longest_password));
    who.peer = call.request.peer;
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    const std::string name = who.name;
    if (const auto wait = sign_in_wait(call, name)) {
        co_return too_many_sign_ins(*wait);
    }
    Task<Result<OpenedSession>> asking = call.context->access.sign_in(std::move(who));
    const Result<OpenedSession> opened = co_await std::move(asking);
    if (!opened && opened.error().kind() == ErrorKind::refused) {
        co_return problem(401, opened.error().what());
    }
    if (!opened) {
        co_return problem_of(opened.error());
    }
    signed_in(call, name);
    json::object body = actor_json(opened->actor);
    body["language"] = json_text(opened->user.language);
    body["time_zone"] = json_text(opened->user.time_zone);
    HttpResponse response = json_answer(body, 201);
    response.headers.emplace_back(
        "Set-Cookie", set_cookie(opened->cookie.reveal(), session_longest)
    );
    co_return response;
}

Task<HttpResponse> show_session(Call call) {
    co_return json_answer(actor_json(call.actor));
}

Task<HttpResponse> close_session(Call call) {
    if (call.actor.session.empty()) {
        co_return problem(
            409, "a token has no session; to end it: DELETE /api/v1/tokens/" + call.actor.token
        );
    }
    AccessWork work = [actor = call.actor](AccessDesk& desk) {
        return desk.store.sessions().close(actor.session, actor, desk.now);
    };
    Task<Status> closing = call.context->access.perform(std::move(work));
    const Status closed = co_await std::move(closing);
    if (!closed) {
        co_return problem_of(closed.error());
    }
    HttpResponse response = json_answer(json::object{{"ended", json_text(call.actor.session)}});
    response.headers.emplace_back("Set-Cookie", set_cookie("", Duration{0}));
    co_return response;
}

}  // namespace muster::collector
