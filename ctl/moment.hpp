// Owns: moments as people type them and as the command line prints them, for the collector to read.
#pragma once

#include "base/time.hpp"

#include <string>
#include <string_view>

namespace muster::ctl {

/// Which one "02:14" is where no day is said: the last time it was that, or the next time it is.
enum class Sought { past, coming };

/// The forms that `moment` reads, as a sentence of help or an error names them.
inline constexpr std::string_view moment_forms =
    "02:14, \"yesterday 09:00\", 2026-11-24, \"2026-11-24 02:14 CET\", -2h, \"2h ago\" or "
    "2026-11-24T02:14:00Z";

/// RFC 3339; a past one that was counted back from now as "-2h", since only the collector knows its now. Clocks and days are those
/// of the time zone of the process, unless a zone stands behind them. `invalid` for what is none of the forms, or never was.
Result<std::string> moment(const std::string& text, WallTime now, Sought sought);

}  // namespace muster::ctl
