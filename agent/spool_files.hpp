// Owns: names of folders and segments, making them durable, and reading files of which the disk has lost a part. Leaves to spool.hpp: what they mean.
#pragma once

#include "base/files.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::agent {

/// "00000000000000000042.seg"
std::string segment_name(std::uint64_t first_seq);
std::optional<std::uint64_t> first_seq_of(std::string_view name);

/// One folder a spool: when it began among them, and what it was called first.
struct SpoolFolder {
    std::uint64_t number = 1;
    SpoolId id;

    /// "000001-<id in hex>": by name in the order in which they began.
    std::string name() const;
};

std::optional<SpoolFolder> spool_folder_of(std::string_view name);

/// The names of a spool's folder and of the one it is in are durable: either may have just been made.
Status sync_folders_above(Files& files, const std::string& dir);
/// The whole file, at most 64 MiB; zeros where the disk does not give what was there; nothing when there is no file.
Result<std::string> read_spoilt_file(Files& files, const std::string& path);

}  // namespace muster::agent
