// Owns: text forms of bytes and little-endian numbers.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view text);
/// base64url without padding (RFC 4648 §5).
std::string to_base64url(std::string_view bytes);
Result<std::string> from_base64url(std::string_view text);

void put_u32(std::string& out, std::uint32_t value);
void put_u64(std::string& out, std::uint64_t value);
/// The caller has checked that enough bytes are there.
std::uint32_t load_u32(const char* from);
std::uint64_t load_u64(const char* from);

/// CRC-32C (Castagnoli, RFC 3720 §B.4), hardware instruction where there is one. Chain with `seed`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);
/// The same value by table, for machines without the instruction.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed = 0);

/// Text that is safe in a log, a terminal and a message: valid UTF-8, control and bidirectional-override
/// characters replaced by U+FFFD, cut at `limit` bytes on a character boundary.
std::string printable(std::string_view text, std::size_t limit = 1024);

}  // namespace muster
