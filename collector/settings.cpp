#include "collector/settings.hpp"

#include "base/own_addresses.hpp"
#include "probes/probe_type.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

namespace muster::collector {

namespace {

/// At least so many files make up the journal.
constexpr std::uint64_t segments_kept = 8;

constexpr std::size_t most_names = 128;

bool is_everywhere(const std::string& endpoint) {
    return endpoint.starts_with("0.0.0.0:") || endpoint.starts_with("[::]:");
}

bool is_address(const std::string& name) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

}  // namespace

JournalWriterOptions journal_options(
    const config::CollectorConfig& process, const std::string& directory
) {
    JournalWriterOptions result;
    result.journal.directory = directory + "/journal";
    result.journal.keep_bytes = process.journal_keep_bytes;
    // What is dropped is a segment: of a small journal they are small.
    result.journal.segment_bytes =
        std::min(result.journal.segment_bytes, process.journal_keep_bytes / segments_kept);
    result.journal.keep_at_least = process.journal_keep_at_least;
    result.tick = process.tick;
    return result;
}

BrainOptions brain_options(const config::CollectorConfig& process, const std::string& directory) {
    BrainOptions result;
    result.state_path = directory + "/state.db";
    result.probe_types = probes::probe_schemas();
    result.snapshot_every = process.snapshot_every;
    return result;
}

BackupOptions backup_options(const config::CollectorConfig& process, const std::string& directory) {
    BackupOptions options;
    options.plan.data_dir = directory;
    options.plan.folder = process.backup_dir.empty() ? directory + "/backups" : process.backup_dir;
    options.every = process.backup_every;
    options.keep = process.backup_keep;
    return options;
}

HistoryOptions history_options(const config::CollectorConfig& process) {
    HistoryOptions result;
    result.seal_every = process.history_seal_every;
    result.keep_bytes = process.history_keep_bytes;
    result.keep_for = {process.history_raw, process.history_five_minutes, process.history_hourly};
    return result;
}

IntakeOptions intake_options(const config::CollectorConfig& process, const std::string& data_dir) {
    IntakeOptions result;
    result.data_dir = data_dir;
    result.link.heartbeat = process.heartbeat;
    result.link.silent_after = process.silent_after;
    result.alive_every = process.alive_every;
    result.agent_rate = process.agent_rate;
    return result;
}

NotifierOptions notifier_options(const config::CollectorConfig& process) {
    NotifierOptions result;
    result.back_off.least = process.notify_backoff_least;
    result.back_off.most = process.notify_backoff_most;
    return result;
}

std::string machine_name() {
    char host[256] = {};
    return ::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0' ? host : "localhost";
}

std::vector<std::string> server_names(
    const config::CollectorConfig& process, const std::vector<std::string>& present
) {
    std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
    const auto add = [&names](const std::string& name) {
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    };
    add(machine_name());
    std::ranges::for_each(process.names, add);
    if (process.names.empty() &&
        (is_everywhere(process.listen_people) || is_everywhere(process.listen_agents))) {
        std::ranges::for_each(own_addresses(), add);
        for (const std::string& name : present) {
            if (is_address(name) && names.size() < most_names) {
                add(name);
            }
        }
    }
    return names;
}

std::string with_port(const std::string& endpoint, std::uint16_t port) {
    return endpoint.substr(0, endpoint.rfind(':') + 1) + std::to_string(port);
}

HeartbeatOptions heartbeat_options(const config::CollectorConfig& process) {
    HeartbeatOptions result;
    result.url = process.heartbeat_url;
    result.every = process.heartbeat_every;
    result.ca_file = process.heartbeat_ca_file;
    return result;
}

std::string mail_name() {
    const std::string name = machine_name();
    const bool is_domain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    });
    return is_domain ? name : "localhost";
}

}  // namespace muster::collector
