// Owns: whether a database file that nobody writes is whole, and how far it is. Leaves to the stores: everything else in it.
#pragma once

#include "base/result.hpp"
#include "collector/journal/entry.hpp"

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

namespace muster::collector {

/// Runs quick_check; gives the number of rows of each table. `corrupt` says what is wrong with the file.
Result<std::map<std::string, std::int64_t>> check_database(
    const std::string& path, const std::stop_token& stop = {}
);
/// head: it can be opened and its schema read. whole: quick_check.
enum class StoreDepth { head, whole };

/// Of a database that the last run left: with what its WAL holds, which is in the file afterwards. `corrupt` says what is wrong with
/// it, `timeout` that `stop` was asked for before the end.
Status check_store(const std::string& path, StoreDepth depth, const std::stop_token& stop);
/// Of a journal segment: 0 where it has no entries.
Result<Lsn> last_entry_of(const std::string& segment);

/// How far state.db is: the last entry folded, and the last of which what it remembers is saved.
struct StatePosition {
    Lsn folded = 0;
    Lsn snapshot = 0;
};

Result<StatePosition> position_of(const std::string& state);
/// The last entry whose results are in blocks, by catalog.db.
Result<Lsn> sealed_of(const std::string& catalog);

}  // namespace muster::collector
