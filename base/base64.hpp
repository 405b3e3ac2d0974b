// Owns: base64 as mail has it. Leaves to bytes.hpp: base64url.
#pragma once

#include <string>
#include <string_view>

namespace muster {

/// With padding, on one line (RFC 4648 §4).
std::string to_base64(std::string_view bytes);

}  // namespace muster
