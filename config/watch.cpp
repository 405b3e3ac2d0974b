#include "config/watch.hpp"

#include "config/watch_reader.hpp"

namespace muster::config {

Result<Watch> parse_watch(
    std::span<const ConfigText> files, std::span<const ProbeSchema> probe_types
) {
    Issues issues;
    WatchReader reader(probe_types);
    for (const ConfigText& file : files) {
        const std::optional<YamlNode> root = parse_yaml(file.name, file.text, issues);
        if (!root) {
            continue;
        }
        const Source source{file.name, issues};
        const MapReader known(source, *root, schema::collector_file);
        reader.read(source, *root);
    }
    if (!issues.empty()) {
        return failure(issues.error());
    }
    return reader.take();
}

}  // namespace muster::config
