// Owns: how rows of the table of routes are written down, and the names of its parts. Leaves to route_rows_<subject>.cpp: the
// rows; to routes.hpp: what a row is.
#pragma once

#include "collector/api/handlers.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace muster::collector {

// The parts of the table, in the order of the documentation.
std::span<const Route> health_rows();
std::span<const Route> incident_rows();
std::span<const Route> inventory_rows();
std::span<const Route> watch_rows();
std::span<const Route> access_rows();

/// Whether no row leaves anything out: each part asserts it of its own.
template <std::size_t Size>
constexpr bool all_declare_everything(const std::array<Route, Size>& rows) {
    return std::ranges::all_of(rows, declares_everything);
}

/// What every list takes.
inline constexpr std::string_view whole = "limit cursor q sort";

/// What shows records.
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

/// The same, for a change of a record as the caller saw it.
constexpr Route matching(Route route) {
    route.if_match = IfMatch::taken;
    return route;
}

}  // namespace muster::collector
