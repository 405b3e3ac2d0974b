// Owns: the file `acked` of a spool: how far the collector has it, and what the spool knows of itself beside its segments, so that
// what is deleted or spoilt there is noticed and counted. Leaves to spool.hpp: when it is written.
#pragma once

#include "base/files.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::agent {

struct SpoolMark {
    SpoolId spool;                        ///< the stream's name
    std::uint64_t begins_at = 1;          ///< the first seq under this name
    std::uint64_t results_at_begin = 0;   ///< results before it, under the names it had
    std::uint64_t duplicates_before = 0;  ///< records below may have been sent under another name
    std::uint64_t acked = 0;
    std::uint64_t acked_results = 0;  ///< results in the stream up to there
    std::uint64_t fingerprint = 0;    ///< of the record that ends there; 0: not known
    std::uint64_t sent = 0;           ///< no more was handed to the link
    std::uint64_t synced = 0;
    std::uint64_t synced_results = 0;
    std::uint64_t last_segment = 0;  ///< first seq of the newest segment; 0: none yet
    std::uint64_t first_wall = 0;    ///< when its first record under this name was made; 0: unknown
    std::uint64_t last_wall = 0;     ///< and its last one

    bool operator==(const SpoolMark&) const = default;
};

/// Lines of "name value"; the last is their CRC-32C.
std::string encode_mark(const SpoolMark& mark);
/// Nothing when it is damaged or makes no sense.
std::optional<SpoolMark> decode_mark(std::string_view text);

/// The mark of a spool; nothing where there is none that can be believed.
std::optional<SpoolMark> read_mark(Files& files, const std::string& spool_dir);
Status write_mark(Files& files, const std::string& spool_dir, const SpoolMark& mark);

}  // namespace muster::agent
