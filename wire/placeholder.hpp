// Owns: what makers leave where a value should be. Agents do not send it, and the record takes it for no key.
#pragma once

#include <string_view>

namespace muster::wire {

/// "To be filled by O.E.M.", "Default string", "unknown", zeros, one letter over and over; nothing but blanks.
bool is_placeholder(std::string_view text);

}  // namespace muster::wire
