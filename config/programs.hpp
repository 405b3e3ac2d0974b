// Owns: the configuration of the two daemons themselves. Leaves to watch.hpp: what to watch.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/watch.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace muster::config {

/// agent.yaml. Floors let tests run at a twentieth of the defaults.
struct AgentConfig {
    std::string collector;  ///< "host:8444"
    std::string data_dir = "/var/lib/muster-agent";
    std::map<std::string, std::string> labels;
    Duration flush = std::chrono::milliseconds(200
    );  ///< results wait at most this long before they are spooled and synced
    Duration backoff_least = std::chrono::seconds(1);
    Duration backoff_most = std::chrono::seconds(60);
    std::uint64_t spool_max_bytes = 256u << 20;
    Duration spool_max_age = std::chrono::hours(7 * 24);
    std::uint64_t spool_keep_free = 64u << 20;
    Duration retain_acked = std::chrono::minutes(30);
    Duration renew_after = std::chrono::minutes(1);
    std::uint64_t retain_acked_bytes = 64u << 20;
    Duration inventory_every = std::chrono::hours(1);  ///< zero: never
    std::string inventory_helper = "/run/muster-inventory.sock";
    std::uint32_t workers = 1;   ///< muster-probe-worker processes
    std::string worker_program;  ///< default: beside the agent's own binary
    std::string hash;            ///< of the text it came from

    bool operator==(const AgentConfig&) const = default;
};

/// collector.yaml (the process itself).
struct CollectorConfig {
    std::string listen_people = "[::]:8443";
    std::string listen_agents = "[::]:8444";
    std::string data_dir = "/var/lib/muster";
    std::vector<std::string>
        names;  ///< host names and addresses for the server certificate, beside localhost and the host name
    std::vector<std::string> secrets_from{"/etc/muster"};      ///< folders, for applied files
    Duration heartbeat = std::chrono::seconds(10);             ///< told to agents
    Duration silent_after = std::chrono::seconds(30);          ///< agent unobserved
    Duration silent_incident_after = std::chrono::minutes(5);  ///< "agent silent" incident
    Duration tick = std::chrono::seconds(1);
    Duration alive_every = std::chrono::seconds(10);  ///< agent.alive entries
    std::uint64_t agent_rate = 32ULL
                               << 20U;  ///< bytes that one agent may bring in a second, unpacked
    Duration snapshot_every = std::chrono::seconds(20);
    Duration history_seal_every = std::chrono::seconds(60);
    std::uint64_t history_keep_bytes = 64ull << 30;
    Duration history_raw = std::chrono::hours(14 * 24);
    Duration history_five_minutes = std::chrono::hours(90 * 24);
    Duration history_hourly = std::chrono::hours(730 * 24);
    std::uint64_t journal_keep_bytes = 20ull << 30;
    Duration journal_keep_at_least = std::chrono::hours(24);
    Duration agent_certificate_valid = std::chrono::hours(365 * 24);
    Duration notify_backoff_least = std::chrono::seconds(1);
    Duration notify_backoff_most = std::chrono::minutes(5);
    std::string heartbeat_url;  ///< empty: nobody outside is told that the collector is well
    Duration heartbeat_every = std::chrono::minutes(1);
    std::string heartbeat_ca_file;
    Duration backup_every = std::chrono::hours(24);  ///< zero: only when asked
    std::uint32_t backup_keep = 3;
    std::string backup_dir;  ///< empty: "backups" below data_dir
    std::string hash;

    bool operator==(const CollectorConfig&) const = default;
};

/// ~/.config/muster/cli.yaml: where the command line finds its collector. Each may be empty.
struct CliConfig {
    std::string server;  ///< "https://muster.example.net:8443"
    std::string token_file;
    std::string ca_file;  ///< the authority of the server's certificate; empty: the system's
};

Result<CliConfig> load_cli_config(Files& files, const std::string& path);
/// The text of a cli.yaml that reads back to `config`.
std::string cli_config_text(const CliConfig& config);

/// Reads FILE (and for the collector conf.d/*.yaml beside it, in name order). Errors carry file:line:column.
Result<AgentConfig> load_agent_config(Files& files, const std::string& path);

struct LoadedCollector {
    CollectorConfig process;
    Watch watch;
    std::vector<ConfigText> texts;  ///< what config.loaded carries
};

/// `words_of`: without it, `match:` and `class:` may name anything.
Result<LoadedCollector> load_collector_config(
    Files& files,
    const std::string& path,
    std::span<const ProbeSchema> probe_types,
    const WordsOf& words_of = {}
);

}  // namespace muster::config
