// Owns: the enrolled agent as a service: its parts composed, signals, what the service manager hears, reading agent.yaml
// again. Leaves to main.cpp: arguments; to agent.hpp: probing and delivering.
#pragma once

#include "base/files.hpp"
#include "base/notify_socket.hpp"
#include "base/result.hpp"
#include "config/programs.hpp"

#include <string>

namespace muster::agent {

/// Whether somebody named the file: then it must be there.
enum class ConfigFile { named, usual };

/// agent.yaml; every key has its default where no file is at the usual place, for enrolment told where the collector is.
Result<config::AgentConfig> read_config(Files& files, const std::string& path, ConfigFile which);

struct ServiceOptions {
    config::AgentConfig config;
    std::string config_path;  ///< read again on SIGHUP
    ConfigFile config_file = ConfigFile::named;
    std::string data_dir;  ///< goes before that of a file read later; empty: it does not
    std::string version;
    NotifySocket manager;
};

/// Runs until SIGTERM or SIGINT; SIGHUP reads agent.yaml again and keeps the old when the new is wrong. Gives the exit
/// code of the process: 0, 1 failed, 2 wrong configuration.
int run_service(ServiceOptions options);

/// As told by gethostname(2).
std::string own_hostname();

}  // namespace muster::agent
