// Owns: whether a fold and the journal beside it belong together. Leaves to collector.hpp: opening both.
#pragma once

#include "base/result.hpp"
#include "collector/journal/entry.hpp"

namespace muster::collector {

/// A fold that knows more than the journal holds would take new entries for old ones; the record cannot begin in the middle.
/// `corrupt`; `fold` is what a person restores: "state.db".
Status check_order(const char* fold, Lsn folded, Lsn journal_first, Lsn journal_end);

}  // namespace muster::collector
