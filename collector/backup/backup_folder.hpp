// Owns: the folder that holds the backups: which there are, which are good, what goes. Leaves to backup_maker.hpp: making one.
#pragma once

#include "collector/backup/manifest.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace muster::collector {

struct Backup {
    std::string name;  ///< of its folder: when it was made, "20261201T033049.123Z"
    Manifest manifest;
};

/// Of a backup made at this time.
std::string backup_name(WallTime made);
/// Where a backup is made; what has this ending never counts.
std::string unfinished_name(const std::string& name);

/// What has a manifest, in the order in which they were made, which no calendar changes; what cannot be read is left out and logged. Empty where there is no folder.
Result<std::vector<Backup>> backups_in(Files& files, const std::string& folder);
/// Removes what a backup that was cut short has left: folders named as backups, without a manifest or unfinished.
Status sweep_backups(Files& files, const std::string& folder);
/// Removes the oldest but `keep`.
Status prune_backups(Files& files, const std::string& folder, std::size_t keep);
/// Reads every byte: all files are there and as the manifest says. `corrupt` names the first that is not.
Status verify_backup(
    Files& files,
    const std::string& folder,
    const Manifest& manifest,
    const std::stop_token& stop = {}
);

}  // namespace muster::collector
