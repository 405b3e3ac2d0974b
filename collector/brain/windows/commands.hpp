// Owns: what people ask of maintenance windows, and the verdicts. Leaves to windows.hpp: beginning and ending.
#pragma once

#include "collector/brain/commands.hpp"

namespace muster::collector {

/// {"scope", "match" or "ci", "sites", "from", "to" or "for_ns", "reason"}. `match`: a query over CIs; `ci`: an id; `sites`:
/// what the maker sees, absent: everything; times RFC 3339. Without `from` it begins now.
Verdict create_window(Fold& fold, const CommandCall& call);
/// {"window", "text"}: it ends now, or never begins.
Verdict cancel_window(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
