// Owns: the incident of a collector whose disk is full. Leaves to disk_room.hpp: when it is.
#pragma once

#include "collector/brain/fold.hpp"

namespace muster::collector {

/// The incident of `Brain::has_open`.
inline constexpr std::string_view storage_full_key = "storage_full";

/// Folds "collector.storage": opens the incident, or resolves it.
void fold_storage(Fold& fold, const Entry& entry);

}  // namespace muster::collector
