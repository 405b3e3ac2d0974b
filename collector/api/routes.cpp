#include "collector/api/routes.hpp"

#include "collector/api/handlers.hpp"

#include <algorithm>
#include <array>

namespace muster::collector {

namespace {

constexpr Route read(
    std::string_view pattern,
    Scope scope,
    std::string_view parameters,
    std::string_view summary,
    RouteHandler handler
) {
    return {
        .method = Method::get,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::view,
        .scope = scope,
        .csrf = Csrf::safe,
        .audit = Audit::none,
        .parameters = parameters,
        .summary = summary,
        .handler = handler
    };
}

constexpr Route command(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    return {
        .method = Method::post,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::operate,
        .scope = Scope::sites,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .parameters = "",
        .summary = summary,
        .handler = handler
    };
}

constexpr Route health(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    return {
        .method = Method::get,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::nobody,
        .scope = Scope::nothing,
        .csrf = Csrf::safe,
        .audit = Audit::none,
        .parameters = "",
        .summary = summary,
        .handler = handler
    };
}

constexpr std::array table{
    health("/healthz", "The process answers.", healthz),
    health("/readyz", "Whether everything it needs works; 503 where not.", readyz),

    read(
        "/api/v1/incidents",
        Scope::sites,
        "state ci limit cursor",
        "Incidents, newest first.",
        list_incidents
    ),
    read("/api/v1/incidents/{id}", Scope::sites, "", "One incident.", show_incident),
    read(
        "/api/v1/incidents/{id}/timeline",
        Scope::sites,
        "",
        "What happened to it, oldest first.",
        incident_timeline
    ),
    read(
        "/api/v1/incidents/{id}/why",
        Scope::sites,
        "",
        "Why it was opened and who was told.",
        incident_why
    ),
    command("/api/v1/incidents/{id}/acknowledge", "Somebody has seen it.", acknowledge_incident),
    command("/api/v1/incidents/{id}/comments", "A remark in its timeline.", comment_incident),
    command("/api/v1/incidents/{id}/resolve", "It is over, says a person.", resolve_incident),

    read(
        "/api/v1/cis",
        Scope::sites,
        "class state site limit cursor",
        "Configuration items, by name.",
        list_cis
    ),
    read("/api/v1/cis/{id}", Scope::sites, "", "One configuration item.", show_ci),
    read("/api/v1/cis/{id}/probes", Scope::sites, "state limit cursor", "Its probes.", ci_probes),
    read(
        "/api/v1/cis/{id}/incidents",
        Scope::sites,
        "state limit cursor",
        "Its incidents, newest first.",
        ci_incidents
    ),

    read(
        "/api/v1/probes",
        Scope::sites,
        "ci state limit cursor",
        "Probes, by configuration item.",
        list_probes
    ),
    read("/api/v1/probes/{id}", Scope::sites, "", "One probe.", show_probe),
    read(
        "/api/v1/probes/{id}/results",
        Scope::sites,
        "from to step metric",
        "Its measured values and states.",
        probe_results
    ),

    read("/api/v1/agents", Scope::sites, "state limit cursor", "Agents, by name.", list_agents),
    read("/api/v1/agents/{id}", Scope::sites, "", "One agent.", show_agent),

    Route{
        .method = Method::get,
        .pattern = "/api/v1/join-tokens",
        .door = Door::people,
        .permission = Permission::administer,
        .scope = Scope::collector,
        .csrf = Csrf::safe,
        .audit = Audit::none,
        .parameters = "",
        .summary = "Join tokens, without their secrets.",
        .handler = list_join_tokens
    },
    Route{
        .method = Method::post,
        .pattern = "/api/v1/join-tokens",
        .door = Door::people,
        .permission = Permission::administer,
        .scope = Scope::collector,
        .csrf = Csrf::json_body,
        .audit = Audit::access,
        .parameters = "",
        .summary = "A token with which agents enrol; shown once.",
        .handler = create_join_token
    },
    Route{
        .method = Method::post,
        .pattern = "/api/v1/enrol",
        .door = Door::enrolment,
        .permission = Permission::nobody,
        .scope = Scope::nothing,
        .csrf = Csrf::json_body,
        .audit = Audit::access,
        .parameters = "",
        .summary = "A join token and a certificate request for an agent's certificate.",
        .handler = enrol_agent
    },
};

static_assert(
    std::ranges::all_of(table, declares_everything),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> routes() {
    return table;
}

std::string_view to_string(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::remove:
            return "DELETE";
        case Method::undeclared:
            break;
    }
    return "";
}

}  // namespace muster::collector
