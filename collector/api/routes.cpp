#include "collector/api/routes.hpp"

#include "collector/api/handlers.hpp"

#include <algorithm>
#include <array>

namespace muster::collector {

namespace {

/// What every list takes.
constexpr std::string_view whole = "limit cursor q sort";

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

/// Changes of what is known, each with a preview.
constexpr Route cmdb_change(
    Method method, std::string_view pattern, std::string_view summary, RouteHandler handler
) {
    return {
        .method = method,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::edit,
        .scope = Scope::sites,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .parameters = "dry_run",
        .summary = summary,
        .handler = handler
    };
}

/// Reads of access.db for administrators.
constexpr Route access_read(
    std::string_view pattern,
    std::string_view parameters,
    std::string_view summary,
    RouteHandler handler
) {
    Route route = read(pattern, Scope::collector, parameters, summary, handler);
    route.permission = Permission::administer;
    return route;
}

/// Changes of access.db by administrators.
constexpr Route access_change(
    Method method, std::string_view pattern, std::string_view summary, RouteHandler handler
) {
    return {
        .method = method,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::administer,
        .scope = Scope::collector,
        .csrf = Csrf::json_body,
        .audit = Audit::access,
        .parameters = "",
        .summary = summary,
        .handler = handler
    };
}

constexpr Route matching(Route route) {
    route.if_match = IfMatch::taken;
    return route;
}

/// What is the caller's own; the handler looks whose it is.
constexpr Route own_read(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    return read(pattern, Scope::own, "", summary, handler);
}

constexpr Route own_list(std::string_view pattern, std::string_view summary, RouteHandler handler) {
    return read(pattern, Scope::own, whole, summary, handler);
}

constexpr Route own_change(
    Method method, std::string_view pattern, std::string_view summary, RouteHandler handler
) {
    Route route = access_change(method, pattern, summary, handler);
    route.permission = Permission::view;
    route.scope = Scope::own;
    return route;
}

/// One object of what to watch, by its natural name.
constexpr Route declaration(
    Method method, std::string_view pattern, std::string_view summary, RouteHandler handler
) {
    return {
        .method = method,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::edit,
        .scope = Scope::collector,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .if_match = IfMatch::taken,
        .parameters = "",
        .summary = summary,
        .handler = handler
    };
}

constexpr Route health(
    std::string_view pattern,
    std::string_view parameters,
    std::string_view summary,
    RouteHandler handler
) {
    return {
        .method = Method::get,
        .pattern = pattern,
        .door = Door::people,
        .permission = Permission::nobody,
        .scope = Scope::nothing,
        .csrf = Csrf::safe,
        .audit = Audit::none,
        .parameters = parameters,
        .summary = summary,
        .handler = handler
    };
}

constexpr std::array table{
    health("/healthz", "", "The process answers.", healthz),
    health("/readyz", "strict", "Whether everything it needs works; 503 where not.", readyz),
    Route{
        .method = Method::get,
        .pattern = "/metrics",
        .door = Door::people,
        .permission = Permission::measure,
        .scope = Scope::collector,
        .csrf = Csrf::safe,
        .audit = Audit::none,
        .parameters = "",
        .summary = "Numbers about the collector, as Prometheus reads them.",
        .handler = metrics
    },

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

    read(
        "/api/v1/cis",
        Scope::sites,
        "class state site limit cursor q sort",
        "Configuration items, by name.",
        list_cis
    ),
    read("/api/v1/cis/{id}", Scope::sites, "at known_at", "One configuration item.", show_ci),
    read(
        "/api/v1/cis/{id}/probes",
        Scope::sites,
        "state limit cursor q sort",
        "Its probes.",
        ci_probes
    ),
    read(
        "/api/v1/cis/{id}/incidents",
        Scope::sites,
        "state limit cursor q sort",
        "Its incidents, newest first.",
        ci_incidents
    ),
    read(
        "/api/v1/cis/{id}/why", Scope::sites, "at", "Why it paged at a moment, or did not.", ci_why
    ),
    read(
        "/api/v1/cis/{id}/availability",
        Scope::sites,
        "from to limit cursor",
        "How much of a time it was up: bounds, coverage, and the intervals behind them.",
        ci_availability
    ),
    read(
        "/api/v1/cis/{id}/probes/{probe}/explain",
        Scope::sites,
        "metric",
        "Why a probe is there, who runs it, and which threshold judges it.",
        explain_probe
    ),
    read(
        "/api/v1/cis/{id}/relations",
        Scope::sites,
        "type at known_at",
        "What it stands in relation to.",
        ci_relations
    ),
    read(
        "/api/v1/cis/{id}/history",
        Scope::sites,
        "limit cursor",
        "What was learnt of it, newest first.",
        ci_history
    ),
    cmdb_change(Method::post, "/api/v1/cis", "A configuration item by hand.", create_ci),
    cmdb_change(Method::patch, "/api/v1/cis/{id}", "Pins values, or lets go of them.", edit_ci),
    cmdb_change(Method::post, "/api/v1/cis/{id}/retire", "It is no longer in service.", retire_ci),
    cmdb_change(Method::post, "/api/v1/cis/{id}/merge", "Another one is the same.", merge_cis),
    cmdb_change(Method::post, "/api/v1/cis/{id}/unmerge", "Takes merges back.", unmerge_ci),
    cmdb_change(
        Method::post, "/api/v1/cis/{id}/split", "Some of its statements are of another.", split_ci
    ),
    cmdb_change(
        Method::post, "/api/v1/cis/{id}/not-same", "Another one is never the same.", tell_cis_apart
    ),
    cmdb_change(
        Method::post, "/api/v1/cis/{id}/reclassify", "It is of another class.", reclassify_ci
    ),
    cmdb_change(
        Method::post,
        "/api/v1/observations",
        "What another tool has seen; what each item did.",
        submit_observations
    ),
    read(
        "/api/v1/find",
        Scope::sites,
        "q",
        "Where a MAC or IP address, serial number, name or incident is.",
        find_by_value
    ),
    read(
        "/api/v1/duplicates",
        Scope::sites,
        "limit cursor",
        "What is probably the same, and what speaks against it.",
        list_duplicates
    ),
    read("/api/v1/classes", Scope::collector, "", "Classes and kinds of relations.", list_classes),
    read(
        "/api/v1/receipts",
        Scope::sites,
        "ci from to reason limit cursor q sort",
        "Pages that were not sent, and why; newest first.",
        list_receipts
    ),

    read(
        "/api/v1/probes",
        Scope::sites,
        "ci state limit cursor q sort",
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

    read(
        "/api/v1/probes/{id}/availability",
        Scope::sites,
        "from to limit cursor",
        "How much of a time it was up.",
        probe_availability
    ),

    read(
        "/api/v1/agents", Scope::sites, "state limit cursor q sort", "Agents, by name.", list_agents
    ),
    read("/api/v1/agents/{id}", Scope::sites, "", "One agent.", show_agent),
    Route{
        .method = Method::post,
        .pattern = "/api/v1/agents/{id}/revoke",
        .door = Door::people,
        .permission = Permission::administer,
        .scope = Scope::sites,
        .csrf = Csrf::json_body,
        .audit = Audit::access,
        .if_match = IfMatch::taken,
        .parameters = "",
        .summary = "Its certificate counts no more; its link ends.",
        .handler = revoke_agent
    },

    read("/api/v1/policies", Scope::collector, whole, "Policies, by name.", list_policies),
    read("/api/v1/policies/{id}", Scope::collector, "", "One policy.", show_policy),
    declaration(
        Method::put,
        "/api/v1/policies/{id}",
        "Declares a policy, or replaces it; the same twice changes nothing.",
        put_policy
    ),
    declaration(Method::remove, "/api/v1/policies/{id}", "Takes a policy away.", delete_policy),
    read("/api/v1/thresholds", Scope::collector, whole, "Thresholds, by name.", list_thresholds),
    read("/api/v1/thresholds/{id}", Scope::collector, "", "One threshold.", show_threshold),
    declaration(
        Method::put,
        "/api/v1/thresholds/{id}",
        "Declares a threshold, or replaces it; the same twice changes nothing.",
        put_threshold
    ),
    declaration(
        Method::remove, "/api/v1/thresholds/{id}", "Takes a threshold away.", delete_threshold
    ),
    read(
        "/api/v1/applied", Scope::collector, whole, "What was applied, file by file.", list_applied
    ),
    Route{
        .method = Method::post,
        .pattern = "/api/v1/apply",
        .door = Door::people,
        .permission = Permission::edit,
        .scope = Scope::collector,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .if_match = IfMatch::taken,
        .parameters = "",
        .summary = "Takes files of what to watch, or tells what they would change.",
        .handler = apply_texts
    },
    read(
        "/api/v1/channels",
        Scope::collector,
        whole,
        "Channels, and whether anybody would be told.",
        list_channels
    ),
    read("/api/v1/channels/{name}", Scope::collector, "", "One channel.", show_channel),
    Route{
        .method = Method::post,
        .pattern = "/api/v1/channels/{name}/test",
        .door = Door::people,
        .permission = Permission::edit,
        .scope = Scope::collector,
        .csrf = Csrf::json_body,
        .audit = Audit::journal,
        .parameters = "",
        .summary = "Sends a test message now; what the receiver said.",
        .handler = test_channel
    },

    access_read(
        "/api/v1/join-tokens", whole, "Join tokens, without their secrets.", list_join_tokens
    ),
    access_change(
        Method::post,
        "/api/v1/join-tokens",
        "A token with which agents enrol; shown once.",
        create_join_token
    ),
    access_change(
        Method::remove,
        "/api/v1/join-tokens/{id}",
        "Nobody enrols with it any more.",
        revoke_join_token
    ),
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

    Route{
        .method = Method::post,
        .pattern = "/api/v1/session",
        .door = Door::people,
        .permission = Permission::nobody,
        .scope = Scope::own,
        .csrf = Csrf::json_body,
        .audit = Audit::access,
        .parameters = "",
        .summary = "Signs in with name and password; the session is a cookie.",
        .handler = open_session
    },
    own_read("/api/v1/session", "Who you are here, and what you may.", show_session),
    own_change(Method::remove, "/api/v1/session", "Signs out.", close_session),

    access_read("/api/v1/users", whole, "People who may sign in, by name.", list_users),
    access_change(Method::post, "/api/v1/users", "A new user with a password.", create_user),
    own_read("/api/v1/users/{id}", "Yourself; an administrator's: any user.", show_user),
    matching(own_change(
        Method::patch,
        "/api/v1/users/{id}",
        "Changes your language and time zone; an administrator: also role, sites, and disables.",
        change_user
    )),
    matching(access_change(
        Method::remove,
        "/api/v1/users/{id}",
        "Ends the user, with its sessions and tokens.",
        delete_user
    )),
    own_change(
        Method::post,
        "/api/v1/users/{id}/password",
        "A new password; your own with the current one. Ends the user's sessions.",
        set_password
    ),

    own_list("/api/v1/tokens", "Your API tokens; an administrator's: everybody's.", list_tokens),
    own_change(
        Method::post, "/api/v1/tokens", "A new API token; its text is shown once.", create_token
    ),
    own_change(Method::remove, "/api/v1/tokens/{id}", "The token counts no more.", revoke_token),

    access_read(
        "/api/v1/audit",
        "actor action from to limit cursor q sort",
        "Who changed access, and who came in, newest first.",
        list_audit
    ),
    access_read(
        "/api/v1/audit/verify",
        "",
        "Whether every row of the audit is as it was written.",
        verify_audit
    ),
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
