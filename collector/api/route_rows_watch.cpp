#include "collector/api/route_rows.hpp"

namespace muster::collector {

namespace {

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

constexpr std::array table{
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
    read("/api/v1/targets", Scope::collector, whole, "Targets, by name.", list_targets),
    read("/api/v1/targets/{id}", Scope::collector, "", "One target.", show_target),
    declaration(
        Method::put,
        "/api/v1/targets/{id}",
        "Declares a target, or replaces it; the same twice changes nothing.",
        put_target
    ),
    declaration(Method::remove, "/api/v1/targets/{id}", "Takes a target away.", delete_target),
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
    declaration(
        Method::put,
        "/api/v1/channels/{name}",
        "Declares a channel, or replaces it; the same twice changes nothing.",
        put_channel
    ),
    declaration(Method::remove, "/api/v1/channels/{name}", "Takes a channel away.", delete_channel),
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
};

static_assert(
    all_declare_everything(table),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> watch_rows() {
    return table;
}

}  // namespace muster::collector
