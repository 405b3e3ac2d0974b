// Owns: what is told of one backup. Leaves to backup_thread.hpp: keeping it.
#pragma once

#include "collector/backup/manifest.hpp"

#include <cstdint>
#include <string>

namespace muster::collector {

/// One backup, or the last attempt at one.
struct BackupRow {
    enum class State : std::uint8_t { making, good, failed };

    std::string name;
    State state = State::making;
    WallTime made{};       ///< when it was begun
    Manifest manifest;     ///< of a good one
    std::string why = {};  ///< it failed
};

}  // namespace muster::collector
