#include "collector/api/route_rows.hpp"

namespace muster::collector {

namespace {

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

/// Agents without a certificate that counts; what they send is the proof.
constexpr Route at_enrolment(
    std::string_view pattern, std::string_view summary, RouteHandler handler
) {
    Route route = access_change(Method::post, pattern, summary, handler);
    route.door = Door::enrolment;
    route.permission = Permission::nobody;
    route.scope = Scope::nothing;
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

constexpr std::array table{
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
    at_enrolment(
        "/api/v1/enrol",
        "A join token and a certificate request for an agent's certificate.",
        enrol_agent
    ),
    at_enrolment(
        "/api/v1/recover",
        "The next certificate of an agent whose present one has ended, proved by its key.",
        recover_agent
    ),

    access_read(
        "/api/v1/backups", whole, "Backups that are there, and the last attempt.", list_backups
    ),
    access_read("/api/v1/backups/{id}", "", "One backup; `making` until it is good.", show_backup),
    access_change(
        Method::post, "/api/v1/backups", "A backup of everything, begun now.", begin_backup
    ),

    access_read(
        "/api/v1/quarantine",
        whole,
        "Records of agents that were set aside: not readable, or not theirs to send.",
        list_quarantine
    ),
    access_read(
        "/api/v1/quarantine/{id}",
        "",
        "One record that was set aside, with its bytes as the agent sent them.",
        show_quarantined
    ),

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
    all_declare_everything(table),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> access_rows() {
    return table;
}

}  // namespace muster::collector
