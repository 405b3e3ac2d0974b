// Owns: moments as people type them, for the collector to read.
#pragma once

#include "base/time.hpp"

#include <string>

namespace muster::ctl {

/// "02:14" as the last time it was that, by the clock of whoever asks, in RFC 3339; everything else is the collector's to read.
std::string moment(const std::string& text, WallTime now);

}  // namespace muster::ctl
