// Owns: lengths of time as sentences and tables show them. Leaves to time.hpp: durations as configuration and the API write them.
#pragma once

#include "base/time.hpp"

#include <string>

namespace muster {

/// "250 ms", "1.5 s", "15 s", "3 h 12 min", "2 d": at most two units, what is smaller is cut off. For people; not to be read back.
std::string human_duration(Duration duration);

}  // namespace muster
