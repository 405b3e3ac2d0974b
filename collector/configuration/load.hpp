// Owns: reading the whole configuration: files, and what was applied. Leaves to config/: form and positions.
#pragma once

#include "base/files.hpp"
#include "collector/configuration/applied.hpp"
#include "config/programs.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// The file of applied texts in a data directory.
std::string applied_path(const std::string& data_dir);

/// collector.yaml, conf.d beside it and what was applied to its data directory, which `data_dir` names instead where it
/// is not empty. Errors carry file:line:column.
Result<config::LoadedCollector> load_configuration(
    Files& files, const std::string& path, const std::string& data_dir
);

/// The running configuration with these applied texts instead of its own: nothing is read again from files. `changed`: as in
/// parse_watch.
Result<config::LoadedCollector> with_applied(
    const config::LoadedCollector& running,
    const AppliedTexts& applied,
    std::span<const std::string> changed = {}
);

/// What was applied to it.
AppliedTexts applied_of(const config::LoadedCollector& running);

}  // namespace muster::collector
