#include "collector/backup/history_mend.hpp"

#include "base/log.hpp"
#include "collector/backup/backup_folder.hpp"
#include "collector/backup/file_copies.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

namespace muster::collector {

namespace {

constexpr std::string_view catalog_name = "history/catalog.db";
constexpr std::string_view prefix = "history/";

std::string below(const std::string& folder, std::string_view name) {
    return folder + "/" + std::string(name);
}

/// What is wrong; empty: nothing, as far as was seen.
Result<std::string> fault_of(
    Files& files, const HistoryMending& mending, const std::stop_token& stop
) {
    const std::string folder = below(mending.data_dir, "history");
    const std::string catalog = below(mending.data_dir, catalog_name);
    if (!files.exists(catalog)) {
        const auto names =
            files.exists(folder) ? files.list(folder) : Result<std::vector<std::string>>();
        const bool has_blocks = names && std::ranges::any_of(*names, [](const std::string& name) {
                                    return name.ends_with(".block");
                                });
        return has_blocks ? catalog + " is missing" : std::string();
    }
    const Status whole = check_store(catalog, mending.depth, stop);
    if (!whole && whole.error().kind() == ErrorKind::corrupt) {
        return whole.error().text();
    }
    if (!whole && whole.error().kind() != ErrorKind::timeout) {
        return failure(whole.error());
    }
    const auto sealed = sealed_of(catalog);
    if (!sealed) {
        // A catalog whose making was cut short has no tables yet.
        return std::string();
    }
    return *sealed > mending.last ? catalog + " holds more than the journal" : std::string();
}

/// The history of `backup` in `ready`. `corrupt`: its catalog is not good.
Status lay_out(
    Files& files, const Backup& backup, const std::string& from, const std::string& ready, Lsn last
) {
    if (auto made = files.create_directories(ready); !made) {
        return made;
    }
    for (const BackupFile& file : backup.manifest.files) {
        if (!file.path.starts_with(prefix)) {
            continue;
        }
        const std::string to = below(ready, file.path.substr(prefix.size()));
        if (file.path == catalog_name) {
            if (auto copied = copy_file(below(from, file.path), to); !copied) {
                return copied;
            }
            continue;
        }
        // A block that is not there any more is one that history misses, no more.
        const auto placed = link_or_copy(below(from, file.path), to);
        if (!placed && placed.error().kind() != ErrorKind::not_found) {
            return failure(placed.error());
        }
    }
    const std::string catalog = below(ready, "catalog.db");
    if (const auto rows = check_database(catalog, {}); !rows) {
        return failure(rows.error());
    }
    const auto sealed = sealed_of(catalog);
    if (!sealed || *sealed > last) {
        return failure(ErrorKind::corrupt, "its history is none of this journal", from);
    }
    return files.sync_directory(ready);
}

/// The name of the backup whose history lies in `ready`; empty: there is none.
Result<std::string> choose(Files& files, const HistoryMending& mending, const std::string& ready) {
    const auto backups = backups_in(files, mending.backups);
    if (!backups) {
        log(LogLevel::warning, "history.no_backups", {{"why", backups.error().text()}});
        return std::string();
    }
    for (const Backup& backup : *backups | std::views::reverse) {
        const std::string from = below(mending.backups, backup.name);
        const Status laid = lay_out(files, backup, from, ready, mending.last);
        if (laid) {
            return backup.name;
        }
        log(LogLevel::warning,
            "history.backup_passed_over",
            {{"backup", from}, {"why", laid.error().text()}});
        if (auto removed = remove_folder(ready); !removed) {
            return failure(removed.error());
        }
    }
    return std::string();
}

}  // namespace

Status mend_history(
    Files& files, const HistoryMending& mending, const std::stop_token& stop, WallTime now
) {
    const std::string folder = below(mending.data_dir, "history");
    const std::string ready = below(mending.data_dir, "history.new");
    if (files.exists(ready) && !files.exists(folder)) {
        // Cut short between the two renames.
        return files.rename(ready, folder);
    }
    if (auto removed = remove_folder(ready); !removed) {
        return removed;
    }
    const auto fault = fault_of(files, mending, stop);
    if (!fault || fault->empty()) {
        return fault ? Status{} : failure(fault.error());
    }
    log(LogLevel::error, "history.damaged", {{"why", *fault}});
    const auto backup = choose(files, mending, ready);
    if (!backup) {
        return failure(backup.error());
    }
    const std::string aside = below(mending.data_dir, "replaced." + backup_name(now));
    Status done = files.create_directories(aside);
    if (done && backup->empty()) {
        done = files.create_directories(ready);
    }
    if (done) {
        done = files.rename(folder, below(aside, "history"));
    }
    if (done) {
        done = files.rename(ready, folder);
    }
    if (done) {
        done = files.sync_directory(aside);
    }
    if (done) {
        done = files.sync_directory(mending.data_dir);
    }
    if (!done) {
        return done;
    }
    log(LogLevel::error,
        "history.mended",
        {{"from",
          backup->empty() ? "the journal alone: what it holds no more is gone"
                          : "the backup " + *backup + " and the journal"},
         {"damaged", below(aside, "history")}});
    return {};
}

}  // namespace muster::collector
