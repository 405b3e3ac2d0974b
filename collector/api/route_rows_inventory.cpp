#include "collector/api/route_rows.hpp"

namespace muster::collector {

namespace {

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

constexpr std::array table{
    read(
        "/api/v1/cis",
        Scope::sites,
        "class state site at known_at limit cursor q sort",
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
    matching(
        cmdb_change(Method::patch, "/api/v1/cis/{id}", "Pins values, or lets go of them.", edit_ci)
    ),
    matching(cmdb_change(
        Method::post, "/api/v1/cis/{id}/retire", "It is no longer in service.", retire_ci
    )),
    matching(
        cmdb_change(Method::post, "/api/v1/cis/{id}/merge", "Another one is the same.", merge_cis)
    ),
    matching(cmdb_change(Method::post, "/api/v1/cis/{id}/unmerge", "Takes merges back.", unmerge_ci)
    ),
    matching(cmdb_change(
        Method::post, "/api/v1/cis/{id}/split", "Some of its statements are of another.", split_ci
    )),
    matching(cmdb_change(
        Method::post, "/api/v1/cis/{id}/not-same", "Another one is never the same.", tell_cis_apart
    )),
    matching(cmdb_change(
        Method::post, "/api/v1/cis/{id}/reclassify", "It is of another class.", reclassify_ci
    )),
    cmdb_change(
        Method::post,
        "/api/v1/observations",
        "What another tool has seen; what each item did.",
        submit_observations
    ),
    read(
        "/api/v1/relations",
        Scope::sites,
        "ci type at known_at limit cursor",
        "Relations between configuration items.",
        list_relations
    ),
    cmdb_change(Method::post, "/api/v1/relations", "A person states a relation.", create_relation),
    cmdb_change(
        Method::remove,
        "/api/v1/relations/{id}",
        "What a person stated of it holds no more.",
        delete_relation
    ),
    read(
        "/api/v1/find",
        Scope::sites,
        "q at known_at",
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
};

static_assert(
    all_declare_everything(table),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> inventory_rows() {
    return table;
}

}  // namespace muster::collector
