#include "collector/api/route_rows.hpp"

namespace muster::collector {

namespace {

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
};

static_assert(
    all_declare_everything(table),
    "a route leaves out method, pattern, permission, scope, csrf, audit, summary or handler, or "
    "they contradict each other"
);

}  // namespace

std::span<const Route> health_rows() {
    return table;
}

}  // namespace muster::collector
