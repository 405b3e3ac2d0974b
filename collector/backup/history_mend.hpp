// Owns: whether history's catalog can be used, and what takes its place where it cannot: charts are no reason not to start.
// Leaves to history.hpp: blocks, each with its own checksums; folding anew what the journal still holds.
#pragma once

#include "base/files.hpp"
#include "base/time.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/journal/entry.hpp"

#include <stop_token>
#include <string>

namespace muster::collector {

struct HistoryMending {
    std::string data_dir;
    std::string backups;  ///< their folder
    Lsn last = 0;         ///< the newest entry of the journal
    StoreDepth depth = StoreDepth::head;
};

/// Where the catalog is damaged, missing beside blocks, or knows more than the journal, the folder is moved aside and that of the
/// newest backup whose catalog is good takes its place, or an empty one. Before history is opened. The error is the disk's.
Status mend_history(
    Files& files, const HistoryMending& mending, const std::stop_token& stop, WallTime now
);

}  // namespace muster::collector
