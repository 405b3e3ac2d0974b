// Owns: putting a backup back in place of what is there, whole or not at all. Leaves to backup_folder.hpp: which backups there are;
// to lasting.hpp: what it must not undo.
#pragma once

#include "base/files.hpp"
#include "collector/backup/backup_folder.hpp"

#include <string>

namespace muster::collector {

struct RestorePlan {
    std::string data_dir;  ///< whose lock the caller holds
    std::string folder;    ///< the backups'
    std::string from;  ///< the name of one, or the folder of one; empty: the newest that is good
    std::string why = {};  ///< what was damaged, where nobody asked for it; empty: somebody did
};

struct Restored {
    std::string backup;       ///< its folder
    Lsn from_lsn = 0;         ///< what came after it is lost, but for what agents replay
    std::uint64_t epoch = 0;  ///< how often this collector was restored
    std::string aside;        ///< where what was there lies now
};

/// Reads the backup through, makes its files ready beside those that are there, and changes them over; what was there is moved
/// aside, never deleted. `not_found`: there is no good backup; `corrupt`: the one that was named is not good.
Result<Restored> restore(Files& files, const RestorePlan& plan, WallTime now);
/// Ends a change-over that was cut short, removes what one that had not begun it has left. Before anything in `data_dir` is opened.
Status finish_restore(Files& files, const std::string& data_dir);

}  // namespace muster::collector
