// Owns: what a backup does with whole files that do not change: links, copies, digests. Leaves to copy_desk.hpp: databases in use.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <stop_token>
#include <string>

namespace muster::collector {

enum class Placed { linked, copied };

/// A second name for a file that is never written again; a copy where the two places have no links in common. `to` must not be
/// there. Not synced.
Result<Placed> link_or_copy(const std::string& from, const std::string& to);
/// A copy, 0600, synced. `to` must not be there. `closed` when `stop` is asked for before it is whole.
Status copy_file(const std::string& from, const std::string& to, const std::stop_token& stop = {});
/// SHA-256 in lower-case hex. `closed` when `stop` is asked for before it is there.
Result<std::string> file_digest(
    Files& files, const std::string& path, const std::stop_token& stop = {}
);
/// 0 where there is none.
std::uint64_t file_bytes(const std::string& path);
bool is_folder(const std::string& path);
/// Both are folders that are there.
bool on_one_file_system(const std::string& one, const std::string& other);
/// A folder with all that is in it; nothing where it is not there.
Status remove_folder(const std::string& path);

}  // namespace muster::collector
