// Owns: the few primitives outside TLS, by libsodium. Leaves to wire/: certificates and TLS.
#pragma once

#include <string>
#include <string_view>

namespace muster {

/// Raw 32 bytes.
std::string sha256(std::string_view data);
/// Raw 32 bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view data);
/// Constant time for equal lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace muster
