// Owns: manifest.json, which makes a folder a backup: what is in it, byte for byte, and up to which entry. Leaves to
// backup_folder.hpp: which backups there are; to backup_maker.hpp: writing one.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "collector/journal/entry.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::collector {

inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr std::int64_t manifest_format = 1;

struct BackupFile {
    std::string path;  ///< below the backup's folder
    std::uint64_t bytes = 0;
    std::string sha256;                        ///< lower-case hex
    std::map<std::string, std::int64_t> rows;  ///< by table, of databases that were counted
};

struct Manifest {
    std::string version;       ///< of the collector that made it
    std::string installation;  ///< which collector that was
    /// One more than of any beside it when it was made: which is the newest, whatever the calendar said.
    std::uint64_t number = 0;
    WallTime made{};
    Lsn first = 0;    ///< of the journal in it
    Lsn last = 0;     ///< likewise
    Lsn state = 0;    ///< the last entry folded into state.db
    Lsn history = 0;  ///< the last entry whose results are in blocks
    std::vector<BackupFile> files;

    std::uint64_t bytes() const;
};

std::string to_json_text(const Manifest& manifest);
/// `not_found` where the folder has none; `corrupt` where it cannot be read, `invalid` where a newer version wrote it.
Result<Manifest> read_manifest(Files& files, const std::string& folder);

}  // namespace muster::collector
