// Owns: what the stores of access.db share: running a statement, gathering rows, lists of sites, names.
#pragma once

#include "base/database.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

inline constexpr std::size_t longest_access_name = 128;

/// Runs a statement without a result.
Status run_to_end(Result<Statement>& statement);
/// The number of rows it changed.
Result<std::int64_t> run_counted(Result<Statement>& statement);

/// Every row that is left.
template <class T>
Result<std::vector<T>> gather(Statement& rows, const std::function<Result<T>(Statement&)>& read) {
    std::vector<T> found;
    auto there = rows.step();
    for (; there && *there; there = rows.step()) {
        Result<T> one = read(rows);
        if (!one) {
            return failure(one.error());
        }
        found.push_back(std::move(*one));
    }
    if (!there) {
        return failure(there.error());
    }
    return found;
}

/// Letters, digits, '-', '_', '.', '@' and '+', at most 128: names stand in tables, messages and addresses.
bool is_good_access_name(std::string_view name);

/// A JSON array of texts as it is stored, and back: `corrupt` for anything else.
std::string sites_text(const std::vector<std::string>& sites);
Result<std::vector<std::string>> sites_from(std::string_view text);

/// A nullable time.
std::optional<WallTime> time_or_nothing(const Statement& row, int column);
void bind_time(Statement& statement, int position, const std::optional<WallTime>& time);

/// Why an agent of that name cannot come in any more.
Error revoked_name(const std::string& name);

}  // namespace muster::collector
