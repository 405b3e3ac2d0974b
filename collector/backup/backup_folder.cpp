#include "collector/backup/backup_folder.hpp"

#include "base/log.hpp"
#include "collector/backup/file_copies.hpp"

#include <algorithm>
#include <cctype>

namespace muster::collector {

namespace {

constexpr std::string_view unfinished_ending = ".unfinished";
constexpr std::string_view form = "00000000T000000.000Z";

/// Only what we named is ever removed.
bool is_backup_name(std::string_view name) {
    return std::ranges::equal(name, form, [](char one, char like) {
        return like == '0' ? std::isdigit(static_cast<unsigned char>(one)) != 0 : one == like;
    });
}

}  // namespace

/// "2026-12-01T03:30:49.123456789Z" without what a name needs not.
std::string backup_name(WallTime made) {
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(made);
    const auto ms = whole.time_since_epoch().count() % 1000;
    std::string name = format_rfc3339(std::chrono::floor<std::chrono::seconds>(whole));
    std::erase_if(name, [](char one) { return one == '-' || one == ':'; });
    name.resize(name.find_first_of(".Z"));
    std::string digits = std::to_string(ms);
    digits.insert(0, 3 - digits.size(), '0');
    return name + "." + digits + "Z";
}

std::string unfinished_name(const std::string& name) {
    return name + std::string(unfinished_ending);
}

Result<std::vector<Backup>> backups_in(Files& files, const std::string& folder) {
    std::vector<Backup> found;
    if (!files.exists(folder)) {
        return found;
    }
    const auto names = files.list(folder);
    if (!names) {
        return failure(names.error());
    }
    for (const std::string& name : *names) {
        if (!is_backup_name(name)) {
            continue;
        }
        auto manifest = read_manifest(files, folder + "/" + name);
        if (manifest) {
            found.push_back({.name = name, .manifest = std::move(*manifest)});
        } else if (manifest.error().kind() != ErrorKind::not_found) {
            log(LogLevel::warning,
                "backup.unreadable",
                {{"backup", folder + "/" + name}, {"why", manifest.error().text()}});
        }
    }
    // Those of before there were numbers by their names.
    std::ranges::stable_sort(found, {}, [](const Backup& each) { return each.manifest.number; });
    return found;
}

Status sweep_backups(Files& files, const std::string& folder) {
    if (!files.exists(folder)) {
        return {};
    }
    const auto names = files.list(folder);
    if (!names) {
        return failure(names.error());
    }
    for (const std::string& name : *names) {
        const std::string path = folder + "/" + name;
        const bool is_unfinished =
            name.ends_with(unfinished_ending) &&
            is_backup_name(std::string_view(name).substr(0, name.size() - unfinished_ending.size())
            );
        const bool is_bare =
            is_backup_name(name) && !files.exists(path + "/" + std::string(manifest_name));
        if (!is_unfinished && !is_bare) {
            continue;
        }
        if (auto removed = remove_folder(path); !removed) {
            return removed;
        }
        log(LogLevel::notice, "backup.leftover_removed", {{"folder", path}});
    }
    return {};
}

Status prune_backups(Files& files, const std::string& folder, std::size_t keep) {
    const auto all = backups_in(files, folder);
    if (!all) {
        return failure(all.error());
    }
    for (std::size_t i = 0; i + keep < all->size(); ++i) {
        const std::string path = folder + "/" + (*all)[i].name;
        // The manifest first: half a backup is none.
        if (auto removed = files.remove(path + "/" + std::string(manifest_name)); !removed) {
            return removed;
        }
        if (auto removed = remove_folder(path); !removed) {
            return removed;
        }
        log(LogLevel::info, "backup.dropped", {{"folder", path}});
    }
    return {};
}

Status verify_backup(
    Files& files, const std::string& folder, const Manifest& manifest, const std::stop_token& stop
) {
    for (const BackupFile& file : manifest.files) {
        const std::string path = folder + "/" + file.path;
        if (!files.exists(path)) {
            return failure(ErrorKind::corrupt, "the file is missing from the backup", path);
        }
        const std::uint64_t bytes = file_bytes(path);
        if (bytes != file.bytes) {
            return failure(
                ErrorKind::corrupt,
                "the file has " + std::to_string(bytes) + " bytes, the manifest says " +
                    std::to_string(file.bytes),
                path
            );
        }
        const auto digest = file_digest(files, path, stop);
        if (!digest) {
            return failure(digest.error());
        }
        if (*digest != file.sha256) {
            return failure(
                ErrorKind::corrupt, "the file is not as it was when the backup was made", path
            );
        }
    }
    return {};
}

}  // namespace muster::collector
