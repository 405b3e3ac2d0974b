#include "collector/api/api.hpp"

#include "base/log.hpp"
#include "base/uuid.hpp"
#include "collector/api/caller.hpp"
#include "collector/api/credentials.hpp"
#include "collector/api/entity_tag.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/problem.hpp"
#include "collector/api/routes.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

using HttpHeader = std::pair<std::string, std::string>;

constexpr std::uint32_t enrol_failures = 20;
constexpr Duration enrol_window = std::chrono::minutes(1);
constexpr std::uint32_t refusal_lines = 5;
constexpr Duration refusal_window = std::chrono::minutes(1);

/// Decoded segments and parameters of a request's target.
struct Target {
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, std::string>> parameters;
};

std::optional<Target> parse_target(const HttpRequest& request) {
    const std::string text = request.path + (request.query.empty() ? "" : "?" + request.query);
    const auto url = boost::urls::parse_origin_form(text);
    if (!url) {
        return std::nullopt;
    }
    Target target;
    for (const auto segment : url->segments()) {
        target.segments.emplace_back(segment);
    }
    for (const auto parameter : url->params()) {
        target.parameters.emplace_back(parameter.key, parameter.value);
    }
    const bool clean = std::ranges::none_of(target.segments, [](const std::string& segment) {
        return segment.empty() || std::ranges::any_of(segment, [](char c) {
                   return static_cast<unsigned char>(c) < 0x20;
               });
    });
    return clean ? std::optional(std::move(target)) : std::nullopt;
}

/// Takes the next part of `text` up to `separator`.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

/// The parameters of the path when it matches.
std::optional<std::map<std::string, std::string>> match(
    std::string_view pattern, const std::vector<std::string>& segments
) {
    std::map<std::string, std::string> found;
    pattern.remove_prefix(1);
    for (const std::string& segment : segments) {
        if (pattern.empty()) {
            return std::nullopt;
        }
        const std::string_view part = cut(pattern, '/');
        if (part.starts_with('{')) {
            found.emplace(part.substr(1, part.size() - 2), segment);
        } else if (part != segment) {
            return std::nullopt;
        }
    }
    return pattern.empty() ? std::optional(std::move(found)) : std::nullopt;
}

/// What the table says of a path.
struct Found {
    const Route* route = nullptr;  ///< where the method fits too
    std::map<std::string, std::string> path;
    std::string allowed;  ///< methods, for Allow
    bool other_door = false;
};

Found find_route(const HttpRequest& request, const std::vector<std::string>& segments) {
    Found found;
    const std::string_view method =
        request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    for (const Route& route : routes()) {
        auto path = match(route.pattern, segments);
        if (!path) {
            continue;
        }
        if (route.door != request.door) {
            found.other_door = true;
            continue;
        }
        found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(to_string(route.method));
        if (route.method == Method::get) {
            found.allowed += ", HEAD";
        }
        if (to_string(route.method) == method) {
            found.route = &route;
            found.path = std::move(*path);
        }
    }
    return found;
}

/// First segments of addresses that this release does not answer yet: below /api/v1, and at the root.
constexpr std::array<std::string_view, 16> later = {
    "agreements",
    "alerts",
    "announcements",
    "calendars",
    "changes",
    "credentials",
    "discoveries",
    "impact",
    "known-errors",
    "problems",
    "ranges",
    "services",
    "sites",
    "sla",
    "teams",
    "topology"
};
constexpr std::array<std::string_view, 2> later_at_root = {"sd", "v2"};

bool comes_later(const Target& target) {
    const auto& segments = target.segments;
    const auto is_in = [](const auto& list, const std::string& word) {
        return std::ranges::find(list, word) != list.end();
    };
    if (segments.size() > 2 && segments[0] == "api" && segments[1] == "v1") {
        return is_in(later, segments[2]);
    }
    return segments.size() > 1 && is_in(later_at_root, segments[0]);
}

HttpResponse no_route(const HttpRequest& request, const Found& found, const Target& target) {
    if (!found.allowed.empty()) {
        HttpResponse response = problem(405, "this address answers to " + found.allowed);
        response.headers.emplace_back("Allow", found.allowed);
        return response;
    }
    if (found.other_door && request.door == Door::people) {
        return problem(404, "enrolment answers agents alone (ALPN muster-enrol/1)");
    }
    if (comes_later(target)) {
        return problem(
            404, "this release has nothing at this address yet; docs/api.md lists what it has"
        );
    }
    return problem(404, "there is nothing at this address");
}

bool declares(const Route& route, std::string_view name) {
    std::string_view names = route.parameters;
    while (!names.empty()) {
        if (cut(names, ' ') == name) {
            return true;
        }
    }
    return false;
}

/// What is wrong with the parameters; fills `query` with the others.
std::vector<Flaw> check_parameters(
    const Route& route, const Target& target, std::map<std::string, std::string>& query
) {
    std::vector<Flaw> flaws;
    for (const auto& [name, value] : target.parameters) {
        if (!declares(route, name)) {
            flaws.push_back({"?" + name, "unknown parameter"});
        } else if (!query.emplace(name, value).second) {
            flaws.push_back({"?" + name, "given twice"});
        }
    }
    return flaws;
}

HttpResponse unauthorised(std::string_view detail) {
    HttpResponse response = problem(401, detail);
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

/// What has no body needs no type: without a browser's word it is not taken with a cookie anyway.
bool is_json(const HttpRequest& request) {
    const auto header = request.headers.find("content-type");
    if (header == request.headers.end()) {
        return request.method == "DELETE" && request.body.empty();
    }
    std::string_view rest = header->second;
    std::string type(cut(rest, ';'));
    type.erase(type.find_last_not_of(' ') + 1);
    return type == "application/json";
}

/// Another site must not have a browser change something here: what comes with a cookie must come from our own page, and
/// nothing that a page sends may come from a foreign one.
std::optional<HttpResponse> refuse_foreign(const Route& route, const HttpRequest& request) {
    if (route.csrf == Csrf::safe || bearer_of(request)) {
        return std::nullopt;
    }
    const Sender sender = sender_of(request);
    const bool refused = sender == Sender::foreign_page ||
                         (sender == Sender::unsaid && cookie_of(request).has_value());
    return refused ? std::optional(problem(
                         403,
                         "with a session's cookie, changes are taken from this collector's own "
                         "pages alone (Origin, Sec-Fetch-Site); programs send a token"
                     ))
                   : std::nullopt;
}

/// Until somebody can sign in as administrator, whoever is first would be one.
std::optional<HttpResponse> refuse_distant(const Route& route, const Call& call) {
    const bool is_health = route.permission == Permission::nobody && route.scope == Scope::nothing;
    if (route.door == Door::enrolment || is_health || is_this_machine(call.request) ||
        call.context->access.has_administrator()) {
        return std::nullopt;
    }
    return problem(
        403,
        "this collector answers its own machine alone until it has an administrator; there, run: "
        "muster user create NAME --role administrator"
    );
}

/// Whoever knocks without end does not fill the log.
void tell_refusal(const Call& call, const Error& why, AttemptLimiter& lines) {
    const std::string address = address_of(call.request);
    const MonoTime now = call.context->clock->mono();
    Duration wait{};
    if (lines.allows(address, now, wait)) {
        lines.failed(address, now);
        log(LogLevel::notice, "api.refused", {{"peer", call.request.peer}, {"why", why.text()}});
    }
}

std::optional<HttpResponse> refuse_condition(const Route& route, const HttpRequest& request) {
    const auto header = request.headers.find("if-match");
    if (header == request.headers.end() || route.method == Method::get) {
        return std::nullopt;
    }
    if (route.if_match == IfMatch::refused) {
        return problem(
            400, "If-Match: this address takes none, and the change would not wait for it"
        );
    }
    const auto tags = parse_entity_tags(header->second);
    if (!tags || tags->size() != 1) {
        return problem(400, "If-Match: expected the ETag of an earlier answer in its quotes, or *");
    }
    return std::nullopt;
}

/// One record has a tag, its version's or its text's; who has it already is told only that.
void add_tag(const Route& route, const std::string& none_match, HttpResponse& response) {
    const bool is_record = route.method == Method::get && route.pattern.ends_with('}');
    if (!is_record || response.status != 200 || response.stream) {
        return;
    }
    auto tag = std::ranges::find(response.headers, "ETag", &HttpHeader::first);
    if (tag == response.headers.end()) {
        response.headers.emplace_back("ETag", entity_tag_of(response.body));
        tag = std::prev(response.headers.end());
    }
    if (names_entity_tag(none_match, tag->second)) {
        response.status = 304;
        response.body.clear();
    }
}

/// What a caller is refused whom we know.
std::optional<HttpResponse> refuse_actor(const Route& route, const Actor& actor) {
    if (actor.granted < route.permission) {
        return problem(
            403,
            std::string(actor.token.empty() ? "your role" : "this token") +
                " does not allow that: it takes the role " +
                std::string(least_role_for(route.permission))
        );
    }
    // Numbers count the records of every site, and changes of the collector concern them.
    const bool of_all =
        route.scope == Scope::collector &&
        (route.permission == Permission::measure || route.permission > Permission::operate);
    if (of_all && !actor.scope.is_everything()) {
        return problem(403, "this concerns all sites, and you may see some alone");
    }
    return std::nullopt;
}

/// Nothing where the caller may go on; fills `call.actor`.
Task<std::optional<HttpResponse>> refuse(const Route* route, Call* call, AttemptLimiter* lines) {
    if (route->permission == Permission::nobody) {
        co_return std::nullopt;
    }
    Result<Actor> actor = co_await caller_of(call->context, &call->request);
    if (!actor && actor.error().kind() == ErrorKind::not_found) {
        co_return unauthorised("send a token (\"Authorization: Bearer …\"), or sign in");
    }
    if (!actor && actor.error().kind() != ErrorKind::refused) {
        co_return problem_of(actor.error());
    }
    if (!actor) {
        tell_refusal(*call, actor.error(), *lines);
        co_return unauthorised("this token or session is not valid here");
    }
    actor->peer = call->request.peer;
    std::optional<HttpResponse> refused = refuse_actor(*route, *actor);
    call->actor = std::move(*actor);
    co_return refused;
}

/// `found` is the route of the request; outlives the task.
Task<HttpResponse> dispatch(
    Call call, Target target, const Found* found_route, AttemptLimiter* lines
) {
    const Found& found = *found_route;
    if (found.route == nullptr) {
        co_return no_route(call.request, found, target);
    }
    call.path = found.path;
    std::optional<HttpResponse> refused = refuse_distant(*found.route, call);
    if (!refused) {
        refused = refuse_foreign(*found.route, call.request);
    }
    if (!refused) {
        refused = co_await refuse(found.route, &call, lines);
    }
    if (refused) {
        co_return std::move(*refused);
    }
    if (found.route->csrf == Csrf::json_body && !is_json(call.request)) {
        co_return problem(415, "send \"Content-Type: application/json\"");
    }
    if (auto wrong = refuse_condition(*found.route, call.request)) {
        co_return std::move(*wrong);
    }
    const std::vector<Flaw> flaws = check_parameters(*found.route, target, call.query);
    if (!flaws.empty()) {
        co_return problem(400, "the query is not what was expected", flaws);
    }
    Task<HttpResponse> handling = found.route->handler(std::move(call));
    co_return co_await std::move(handling);
}

}  // namespace

Api::Api(const ApiContext& context)
    : context_(&context),
      enrol_attempts_(enrol_failures, enrol_window),
      refusal_lines_(refusal_lines, refusal_window) {}

Task<HttpResponse> Api::answer(HttpRequest request) {
    const MonoTime begin = context_->clock->mono();
    const std::string method = request.method;
    std::optional<Target> target = parse_target(request);
    if (!target) {
        requests_.count("none", method, 404, Duration{});
        co_return problem(404, "there is nothing at this address");
    }
    const Found found = find_route(request, target->segments);
    Call call;
    call.context = context_;
    call.enrol_attempts = &enrol_attempts_;
    call.sign_ins = &sign_ins_;
    call.events = &events_;
    call.requests = &requests_;
    call.request = std::move(request);
    const auto condition = call.request.headers.find("if-none-match");
    const std::string none_match = condition == call.request.headers.end() ? "" : condition->second;
    call.request_id = Uuid::random(*context_->random).text();
    const std::string request_id = call.request_id;
    Task<HttpResponse> answering =
        dispatch(std::move(call), std::move(*target), &found, &refusal_lines_);
    HttpResponse response = co_await std::move(answering);
    if (found.route != nullptr) {
        add_tag(*found.route, none_match, response);
    }
    response.headers.emplace_back("Request-Id", request_id);
    const std::string route(found.route == nullptr ? "none" : found.route->pattern);
    requests_.count(route, method, response.status, context_->clock->mono() - begin);
    co_return response;
}

}  // namespace muster::collector
