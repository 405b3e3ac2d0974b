// Owns: the table of routes and what each must declare. Leaves to route_rows_*.cpp: the rows; to *_routes.cpp: the handlers; to
// api.hpp: enforcing the table.
#pragma once

#include "base/task.hpp"
#include "collector/api/attempt_limiter.hpp"
#include "collector/api/context.hpp"
#include "collector/api/http_message.hpp"
#include "collector/api/sign_in_gate.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

class EventHub;
class RequestFigures;

/// `remove` is DELETE.
enum class Method : std::uint8_t { undeclared, get, post, put, patch, remove };

/// Which records an answer may show. `nothing`: none. `collector`: settings of the whole collector. `sites`: records that
/// belong to a site, cut to the caller's (`Actor::scope`). `own`: what belongs to the caller alone; its handler looks whose it
/// is. Whoever sees some sites alone changes nothing of the whole collector.
enum class Scope : std::uint8_t { undeclared, nothing, collector, sites, own };

/// `safe`: changes nothing. `json_body`: changes something; takes application/json alone, which a form of another site cannot
/// send, and with a session's cookie only what the browser says comes from our own pages.
enum class Csrf : std::uint8_t { undeclared, safe, json_body };

/// Where the change is kept with who made it. `journal`: as a command. `access`: in access.db.
enum class Audit : std::uint8_t { undeclared, none, journal, access };

/// Whether a change takes If-Match: with it, a record that is not as the caller saw it stays as it is (412). Elsewhere the header is
/// refused: it would be taken for kept.
enum class IfMatch : std::uint8_t { refused, taken };

/// A request that passed every check of its route. Copied into the handler's coroutine.
struct Call {
    const ApiContext* context = nullptr;       ///< outlives the call
    AttemptLimiter* enrol_attempts = nullptr;  ///< outlives the call; failures by address
    SignInGate* sign_ins = nullptr;            ///< outlives the call
    EventHub* events = nullptr;                ///< outlives the call
    const RequestFigures* requests = nullptr;  ///< outlives the call
    HttpRequest request;
    std::map<std::string, std::string> path;   ///< "{id}" of the pattern, decoded
    std::map<std::string, std::string> query;  ///< decoded; only names that the route declares
    Actor actor;
    std::string request_id;
};

using RouteHandler = Task<HttpResponse> (*)(Call call);

/// One row. Every field must be set: a row with one left out does not compile (`declares_everything`).
struct Route {
    Method method = Method::undeclared;
    std::string_view pattern = {};  ///< "/api/v1/incidents/{id}"; a parameter matches one segment
    Door door = Door::people;
    Permission permission = Permission::undeclared;
    Scope scope = Scope::undeclared;
    Csrf csrf = Csrf::undeclared;
    Audit audit = Audit::undeclared;
    IfMatch if_match = IfMatch::refused;
    std::string_view parameters = {};  ///< names allowed in the query, separated by spaces
    std::string_view summary = {};
    RouteHandler handler = nullptr;
};

/// Whether nothing was left out and the fields agree with each other: what changes something is not `safe`, is audited,
/// and asks for more than `view` (but enrolment, which proves itself by its token, and what is the caller's own).
constexpr bool declares_everything(const Route& route) {
    const bool complete = route.method != Method::undeclared && !route.pattern.empty() &&
                          route.permission != Permission::undeclared &&
                          route.scope != Scope::undeclared && route.csrf != Csrf::undeclared &&
                          route.audit != Audit::undeclared && !route.summary.empty() &&
                          route.handler != nullptr;
    if (route.method == Method::get) {
        return complete && route.csrf == Csrf::safe && route.audit == Audit::none;
    }
    const bool proved = route.permission > Permission::view || route.door == Door::enrolment ||
                        route.scope == Scope::own;
    return complete && route.csrf == Csrf::json_body && route.audit != Audit::none && proved;
}

/// All routes, in the order of the documentation.
std::span<const Route> routes();

std::string_view to_string(Method method);

}  // namespace muster::collector
