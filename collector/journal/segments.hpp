// Owns: the names of the journal's segment files. Leaves to journal.hpp: what is in them.
#pragma once

#include "collector/journal/entry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// "00000000000000000042.db": the segment that begins with entry 42.
std::string segment_name(Lsn first);
/// The first entry by the name; 0 for a name of another form.
Lsn parse_segment_name(std::string_view name);
/// First entries of all segments in a folder, rising.
Result<std::vector<Lsn>> list_segments(const std::string& directory);
/// Removes a segment with its -wal and -shm.
Status remove_segment(const std::string& directory, Lsn first);
/// Bytes of the segment with its -wal.
std::uint64_t segment_bytes(const std::string& directory, Lsn first);

}  // namespace muster::collector
