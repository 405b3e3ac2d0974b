// Owns: zstd with bounds.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster {

/// One zstd frame. Reuses a context per thread. Level 1 is for the hot path, 3 and up for storage.
std::string zstd_compress(std::string_view data, int level = 1);
/// Refuses (`corrupt`) anything that does not decompress to exactly `raw_size` bytes; allocates no more than that.
/// `out` is resized; its capacity is reused.
Status zstd_decompress(std::string_view frame, std::size_t raw_size, std::string& out);

}  // namespace muster
