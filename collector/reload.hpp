// Owns: reading the collector's configuration again while it runs. Leaves to collector.cpp: putting it in force.
#pragma once

#include "base/files.hpp"
#include "config/programs.hpp"

#include <optional>
#include <string>

namespace muster::collector {

/// What is in force from now on: what to watch and whom to tell as `path` has it now, the rest as in `running`; what
/// needs a restart is logged. Nothing when the files are wrong: each mistake is logged with its place.
/// `data_dir`: goes before that of the files; empty: it does not.
std::optional<config::LoadedCollector> read_again(
    Files& files,
    const std::string& path,
    const std::string& data_dir,
    const config::CollectorConfig& running
);

}  // namespace muster::collector
