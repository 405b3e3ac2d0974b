#include "config/programs.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "config/reader.hpp"
#include "config/watch_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::config {

namespace {

constexpr std::size_t largest_file = 16u << 20;
constexpr std::size_t most_files = 1000;

void expect_at_least(
    const Source& source,
    const MapReader& reader,
    std::string_view key,
    Duration value,
    Duration least,
    std::string_view why
) {
    if (value < least) {
        source.wrong(
            reader.at(key),
            fmt::format(
                "{}: {}, expected at least {}: {}",
                key,
                format_duration(value),
                format_duration(least),
                why
            )
        );
    }
}

AgentConfig read_agent(const Source& source, const YamlNode& root) {
    AgentConfig config;
    const MapReader reader(source, root, schema::agent_file);
    reader.read("collector", config.collector);
    reader.read("data_dir", config.data_dir);
    reader.read("labels", config.labels);
    reader.read("workers", config.workers);
    reader.read("worker_program", config.worker_program);
    const MapReader spool(source, reader.section("spool"), schema::agent_spool);
    spool.read("flush", config.flush);
    spool.read("max_bytes", config.spool_max_bytes);
    spool.read("max_age", config.spool_max_age);
    spool.read("keep_free", config.spool_keep_free);
    spool.read("retain_acked", config.retain_acked);
    spool.read("renew_after", config.renew_after);
    spool.read("retain_acked_bytes", config.retain_acked_bytes);
    const MapReader inventory(source, reader.section("inventory"), schema::agent_inventory);
    inventory.read("every", config.inventory_every);
    inventory.read("helper", config.inventory_helper);
    const MapReader link(source, reader.section("link"), schema::agent_link);
    link.read("backoff_least", config.backoff_least);
    link.read("backoff_most", config.backoff_most);
    expect_at_least(
        source, link, "backoff_most", config.backoff_most, config.backoff_least, "backoff_least"
    );
    return config;
}

void read_silence(const Source& source, const MapReader& reader, CollectorConfig& config) {
    const MapReader link(source, reader.section("link"), schema::collector_link);
    link.read("heartbeat", config.heartbeat);
    link.read("alive_every", config.alive_every);
    link.read("silent_after", config.silent_after);
    link.read("silent_incident_after", config.silent_incident_after);
    link.read("agent_rate", config.agent_rate);
    expect_at_least(
        source,
        link,
        "silent_after",
        config.silent_after,
        2 * std::max(config.heartbeat, config.alive_every),
        "twice heartbeat and alive_every"
    );
    expect_at_least(
        source,
        link,
        "silent_incident_after",
        config.silent_incident_after,
        config.silent_after,
        "silent_after"
    );
}

void read_history(const Source& source, const MapReader& reader, CollectorConfig& config) {
    const MapReader history(source, reader.section("history"), schema::history);
    history.read("seal_every", config.history_seal_every);
    history.read("keep", config.history_keep_bytes);
    history.read("raw", config.history_raw);
    history.read("five_minutes", config.history_five_minutes);
    history.read("hourly", config.history_hourly);
    expect_at_least(
        source, history, "five_minutes", config.history_five_minutes, config.history_raw, "raw"
    );
    expect_at_least(
        source,
        history,
        "hourly",
        config.history_hourly,
        config.history_five_minutes,
        "five_minutes"
    );
}

void read_secrets_from(const Source& source, const MapReader& reader, CollectorConfig& config) {
    if (!reader.has("secrets_from")) {
        return;
    }
    config.secrets_from.clear();
    reader.read("secrets_from", config.secrets_from);
    for (std::string& folder : config.secrets_from) {
        if (!folder.starts_with('/')) {
            source.wrong(
                reader.at("secrets_from"),
                fmt::format("secrets_from: \"{}\", expected an absolute path", folder)
            );
        }
        while (folder.size() > 1 && folder.ends_with('/')) {
            folder.pop_back();
        }
    }
}

CollectorConfig read_collector(const Source& source, const YamlNode& root) {
    CollectorConfig config;
    const MapReader reader(source, root, schema::collector_file);
    reader.read("data_dir", config.data_dir);
    reader.read("names", config.names);
    read_secrets_from(source, reader, config);
    const MapReader listen(source, reader.section("listen"), schema::listen);
    listen.read("people", config.listen_people);
    listen.read("agents", config.listen_agents);
    read_silence(source, reader, config);
    const MapReader journal(source, reader.section("journal"), schema::journal);
    journal.read("keep", config.journal_keep_bytes);
    journal.read("at_least", config.journal_keep_at_least);
    journal.read("tick", config.tick);
    const MapReader state(source, reader.section("state"), schema::state);
    state.read("snapshot_every", config.snapshot_every);
    read_history(source, reader, config);
    const MapReader enrolment(source, reader.section("enrolment"), schema::enrolment);
    enrolment.read("certificate_valid", config.agent_certificate_valid);
    const MapReader notify(source, reader.section("notify"), schema::notify);
    notify.read("backoff_least", config.notify_backoff_least);
    notify.read("backoff_most", config.notify_backoff_most);
    expect_at_least(
        source,
        notify,
        "backoff_most",
        config.notify_backoff_most,
        config.notify_backoff_least,
        "backoff_least"
    );
    const MapReader backup(source, reader.section("backup"), schema::backup);
    backup.read("every", config.backup_every);
    backup.read("keep", config.backup_keep);
    backup.read("dir", config.backup_dir);
    if (reader.has("heartbeat")) {
        const MapReader heartbeat(source, reader.section("heartbeat"), schema::heartbeat);
        heartbeat.read("url", config.heartbeat_url);
        heartbeat.read("every", config.heartbeat_every);
        heartbeat.read("ca_file", config.heartbeat_ca_file);
    }
    return config;
}

/// conf.d/*.yaml beside `path`, in name order; nothing where there is no such folder.
Result<std::vector<std::string>> files_beside(Files& files, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "conf.d" : path.substr(0, slash + 1) + "conf.d";
    std::vector<std::string> found;
    if (!files.exists(folder)) {
        return found;
    }
    const Result<std::vector<std::string>> names = files.list(folder);
    if (!names) {
        return failure(names.error(), folder);
    }
    for (const std::string& name : *names) {
        if (name.ends_with(".yaml") && !name.starts_with('.')) {
            found.push_back(fmt::format("{}/{}", folder, name));
        }
    }
    if (found.size() > most_files) {
        return failure(
            ErrorKind::full, fmt::format("expected at most {} files", most_files), folder
        );
    }
    return found;
}

/// A file that is read alone.
template <class Config, class Reader>
Result<Config> read_whole(const std::string& path, const std::string& text, Reader reader) {
    Issues issues;
    const std::optional<YamlNode> root = parse_yaml(path, text, issues);
    Config config;
    if (root) {
        config = reader(Source{path, issues}, *root);
    }
    if (!issues.empty()) {
        return failure(issues.error());
    }
    return config;
}

std::string hash_of(std::span<const ConfigText> texts) {
    std::string all;
    for (const ConfigText& text : texts) {
        all += to_hex(sha256(text.text));
    }
    return to_hex(sha256(all));
}

}  // namespace

Result<CliConfig> load_cli_config(Files& files, const std::string& path) {
    const Result<std::string> text = read_file(files, path, largest_file);
    if (!text) {
        return failure(text.error());
    }
    return read_whole<CliConfig>(path, *text, [](const Source& source, const YamlNode& root) {
        CliConfig config;
        const MapReader reader(source, root, schema::cli_file);
        reader.read("server", config.server);
        reader.read("token_file", config.token_file);
        reader.read("ca_file", config.ca_file);
        return config;
    });
}

std::string cli_config_text(const CliConfig& config) {
    std::string text;
    const auto line = [&](std::string_view key, const std::string& value) {
        if (value.empty()) {
            return;
        }
        text += fmt::format("{}: \"", key);
        for (const char c : value) {
            text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
        }
        text += "\"\n";
    };
    line("server", config.server);
    line("token_file", config.token_file);
    line("ca_file", config.ca_file);
    return text;
}

Result<AgentConfig> load_agent_config(Files& files, const std::string& path) {
    const Result<std::string> text = read_file(files, path, largest_file);
    if (!text) {
        return failure(text.error());
    }
    Result<AgentConfig> config = read_whole<AgentConfig>(path, *text, read_agent);
    if (!config) {
        return config;
    }
    config->hash = to_hex(sha256(*text));
    return config;
}

Result<LoadedCollector> load_collector_config(
    Files& files,
    const std::string& path,
    std::span<const ProbeSchema> probe_types,
    const WordsOf& words_of
) {
    Result<std::vector<std::string>> beside = files_beside(files, path);
    if (!beside) {
        return failure(beside.error());
    }
    std::vector<std::string> paths{path};
    paths.insert(paths.end(), beside->begin(), beside->end());

    LoadedCollector loaded;
    for (const std::string& name : paths) {
        Result<std::string> text = read_file(files, name, largest_file);
        if (!text) {
            return failure(text.error());
        }
        loaded.texts.push_back({name, std::move(*text)});
    }
    Issues issues;
    const std::optional<Vocabulary> words =
        words_of ? std::optional(words_of(loaded.texts, issues)) : std::nullopt;
    WatchReader watch(probe_types, words ? &*words : nullptr, ZoneCheck::known_here);
    for (const auto& [name, text] : loaded.texts) {
        const std::optional<YamlNode> root = parse_yaml(name, text, issues);
        if (root) {
            const Source source{name, issues};
            if (name == path) {
                loaded.process = read_collector(source, *root);
            } else {
                const MapReader known(source, *root, schema::watch_file);
            }
            watch.read(source, *root);
        }
    }
    watch.finish(issues);
    if (!issues.empty()) {
        return failure(issues.error());
    }
    loaded.watch = watch.take();
    loaded.process.hash = hash_of(loaded.texts);
    return loaded;
}

}  // namespace muster::config
