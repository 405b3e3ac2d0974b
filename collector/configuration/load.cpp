#include "collector/configuration/load.hpp"

#include "cmdb/shipped_model.hpp"
#include "collector/configuration/secret_check.hpp"
#include "probes/probe_type.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

std::string applied_path(const std::string& data_dir) {
    return data_dir + "/applied.json";
}

Result<config::LoadedCollector> load_configuration(
    Files& files, const std::string& path, const std::string& data_dir
) {
    auto loaded = config::load_collector_config(
        files, path, probes::probe_schemas(), cmdb::declared_vocabulary
    );
    if (!loaded) {
        return loaded;
    }
    const std::string folder = data_dir.empty() ? loaded->process.data_dir : data_dir;
    auto applied = read_applied(files, applied_path(folder));
    if (!applied && applied.error().kind() == ErrorKind::refused && !files.list(folder)) {
        // Whoever may not look into the data directory checks the rest; a collector is told when it opens it.
        applied = AppliedTexts{};
    }
    if (!applied) {
        return failure(applied.error());
    }
    if (!applied->empty()) {
        loaded = with_applied(*loaded, *applied);
    }
    if (!loaded) {
        return loaded;
    }
    if (const Status placed = check_secret_places(*loaded, folder); !placed) {
        return failure(placed.error());
    }
    return loaded;
}

Result<config::LoadedCollector> with_applied(
    const config::LoadedCollector& running,
    const AppliedTexts& applied,
    std::span<const std::string> changed
) {
    for (const config::ConfigText& text : applied) {
        if (const Status known = config::check_watch_keys(text); !known) {
            return failure(known.error());
        }
    }
    config::LoadedCollector out{.process = running.process, .watch = {}, .texts = running.texts};
    std::erase_if(out.texts, [](const config::ConfigText& text) {
        return text.name.starts_with(applied_prefix);
    });
    out.texts.insert(out.texts.end(), applied.begin(), applied.end());
    auto watch =
        config::parse_watch(out.texts, probes::probe_schemas(), cmdb::declared_vocabulary, changed);
    if (!watch) {
        return failure(watch.error());
    }
    out.watch = std::move(*watch);
    return out;
}

AppliedTexts applied_of(const config::LoadedCollector& running) {
    AppliedTexts out;
    std::ranges::copy_if(running.texts, std::back_inserter(out), [](const auto& text) {
        return text.name.starts_with(applied_prefix);
    });
    return out;
}

}  // namespace muster::collector
