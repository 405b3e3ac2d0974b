#include "config/watch.hpp"

#include "config/watch_reader.hpp"

#include <fmt/format.h>

namespace muster::config {

std::string to_text(const Place& place) {
    return fmt::format("{}:{}:{}", place.file, place.at.line, place.at.column);
}

Result<Watch> parse_watch(
    std::span<const ConfigText> files,
    std::span<const ProbeSchema> probe_types,
    const WordsOf& words_of,
    std::span<const std::string> changed
) {
    Issues issues;
    // Whoever knows the words asks for the first time; what was accepted once is read again without them.
    const ZoneCheck zones = words_of ? ZoneCheck::known_here : ZoneCheck::form_only;
    const std::optional<Vocabulary> words =
        words_of ? std::optional(words_of(files, issues)) : std::nullopt;
    WatchReader reader(probe_types, words ? &*words : nullptr, zones, changed);
    for (const ConfigText& file : files) {
        const std::optional<YamlNode> root = parse_yaml(file.name, file.text, issues);
        if (!root) {
            continue;
        }
        const Source source{file.name, issues};
        const MapReader known(source, *root, schema::collector_file);
        reader.read(source, *root);
    }
    reader.finish(issues);
    if (!issues.empty()) {
        return failure(issues.error());
    }
    return reader.take();
}

Status check_watch_keys(const ConfigText& text) {
    Issues issues;
    if (const std::optional<YamlNode> root = parse_yaml(text.name, text.text, issues)) {
        const Source source{text.name, issues};
        const MapReader known(source, *root, schema::watch_file);
    }
    return issues.empty() ? Status{} : Status(failure(issues.error()));
}

}  // namespace muster::config
