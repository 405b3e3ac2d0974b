// Owns: the entry that tells the folds what to watch. Leaves to config/: reading it; to the brain: what it means.
#pragma once

#include "collector/journal/pending.hpp"
#include "config/programs.hpp"

namespace muster::collector {

/// config.loaded with the texts and the periods the brain goes by; `config_hash` is over all of that.
Pending watch_entry(const config::LoadedCollector& loaded);

}  // namespace muster::collector
