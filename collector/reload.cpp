#include "collector/reload.hpp"

#include "base/log.hpp"
#include "probes/probe_type.hpp"

#include <sstream>

namespace muster::collector {

std::optional<config::LoadedCollector> read_again(
    Files& files,
    const std::string& path,
    const std::string& data_dir,
    const config::CollectorConfig& running
) {
    const auto schemas = probes::probe_schemas();
    auto loaded = config::load_collector_config(files, path, schemas);
    if (!loaded) {
        std::istringstream lines(loaded.error().text());
        for (std::string line; std::getline(lines, line);) {
            log(LogLevel::error, "config.rejected", {{"why", line}});
        }
        return std::nullopt;
    }
    loaded->process.hash = running.hash;
    if (!data_dir.empty()) {
        loaded->process.data_dir = data_dir;
    }
    if (loaded->process != running) {
        log(LogLevel::warning,
            "config.needs_restart",
            {{"why", "all but targets, policies and channels is taken at the next start"}});
    }
    loaded->process = running;
    return std::move(*loaded);
}

}  // namespace muster::collector
