// Owns: making one backup: what is taken in which order, and that nothing half-made ever counts. Leaves to the stores: their
// copies; to backup_thread.hpp: when; to backup_folder.hpp: which stay.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "collector/backup/backup_folder.hpp"
#include "collector/backup/copy_desk.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace muster::collector {

/// Each waits until its store has copied itself.
struct BackupSources {
    using Copy = std::function<Status(const CopyPlace& to, const std::stop_token& stop)>;
    Copy state;    ///< state.db
    Copy access;   ///< access.db
    Copy history;  ///< catalog.db, and links to the blocks it lists
    Copy journal;  ///< the segment that is written, and links to the others
};

struct BackupPlan {
    std::string data_dir;
    std::string folder;  ///< the backups' folder
    std::string version;
    std::string installation;
};

/// Blocks for as long as it takes to copy, check and read everything. On an error nothing of it is left. `full`: there is not
/// room enough; `corrupt`: what came out is not good, which the error says; `closed`: stopped.
Result<Backup> make_backup(
    Files& files,
    const BackupPlan& plan,
    const BackupSources& sources,
    WallTime now,
    const std::stop_token& stop
);

}  // namespace muster::collector
