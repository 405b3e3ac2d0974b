// Owns: the SQL that reads maintenance windows, and how one looks in JSON. Leaves to the brain: writing them.
#pragma once

#include "collector/api/page.hpp"
#include "collector/api/read_scope.hpp"
#include "collector/api/state_reader.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Which windows. `state`: one state, "open" (not over yet), or empty for all. `ci`: 16 raw bytes, or empty for all.
struct WindowFilter {
    std::string state;
    std::string ci;
};

/// "3" or "WIN-3"; 0 for anything else.
std::int64_t window_number(std::string_view text);

/// Newest first. Whoever sees some sites alone sees windows made for one of them, or that cover something there.
Result<Page> read_windows(
    StateConnection& connection,
    const ReadScope& scope,
    const WindowFilter& filter,
    const PageRequest& page
);

/// Nothing where there is no such number. `version` is the ETag.
Result<std::optional<json::object>> read_window(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// The CIs it covers or covered, at most 1000, by name.
Result<json::array> read_window_members(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

/// Whether a caller may cancel it: one who sees everything, or all sites it was made for.
Result<bool> may_cancel_window(
    StateConnection& connection, const ReadScope& scope, std::int64_t number
);

std::span<const NamedQuery> window_queries();

}  // namespace muster::collector
