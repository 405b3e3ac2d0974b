#include "collector/api/route_rows.hpp"

namespace muster::collector {

namespace {

constexpr Route command(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    return {
        .method = Method::post,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::operate,
        .scope = Scope::sites,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .if_match = IfMatch::taken,
        .parameters = "",
        .summary = summary,
        .handler = handler
    };
}

/// A command about what is not there yet, or about many: no one record to be as it was seen.
constexpr Route creation(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    Route route = command(pattern, summary, handler);
    route.if_match = IfMatch::refused;
    return route;
}

/// A command that changes members of what is there.
constexpr Route edit(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    Route route = command(pattern, summary, handler);
    route.method = Method::patch;
    return route;
}

constexpr std::array table{
    read(
        "/api/v1/events",
        Scope::sites,
        "from follow",
        "What changes, as it changes: server-sent events.",
        follow_events
    ),

    read(
        "/api/v1/incidents",
        Scope::sites,
        "state ci limit cursor q sort",
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
    creation("/api/v1/incidents", "A person reports an incident.", create_incident),
    creation("/api/v1/incidents/actions", "One action for many incidents.", change_incidents),
    edit("/api/v1/incidents/{id}", "Its title, urgency, impact or kind.", edit_incident),
    command("/api/v1/incidents/{id}/acknowledge", "Somebody has seen it.", acknowledge_incident),
    command("/api/v1/incidents/{id}/assign", "Who works on it, and which team.", assign_incident),
    command("/api/v1/incidents/{id}/take", "The caller works on it now.", take_incident),
    command("/api/v1/incidents/{id}/pending", "It waits for something.", let_incident_wait),
    command("/api/v1/incidents/{id}/resume", "It waits no more.", resume_incident),
    command("/api/v1/incidents/{id}/comments", "A remark in its timeline.", comment_incident),
    command("/api/v1/incidents/{id}/links", "What it is of another incident.", link_incident),
    command("/api/v1/incidents/{id}/resolve", "It is over, says a person.", resolve_incident),
    command("/api/v1/incidents/{id}/reopen", "It is not over.", reopen_incident),
    command("/api/v1/incidents/{id}/cancel", "It is none, and why.", cancel_incident),
    command("/api/v1/incidents/{id}/close", "It is over for good.", close_incident),

    read(
        "/api/v1/windows",
        Scope::sites,
        "state ci limit cursor q sort",
        "Maintenance windows, newest first.",
        list_windows
    ),
    creation("/api/v1/windows", "A maintenance window, now or later.", create_window),
    read("/api/v1/windows/{id}", Scope::sites, "", "One window and what is in it.", show_window),
    command("/api/v1/windows/{id}/cancel", "It ends now, or never begins.", cancel_window),
};

static_assert(
    all_declare_everything(table),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> incident_rows() {
    return table;
}

}  // namespace muster::collector
