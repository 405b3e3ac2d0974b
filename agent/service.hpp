// Owns: the enrolled agent as a service: its parts composed, signals, what the service manager hears, reading agent.yaml
// again. Leaves to main.cpp: arguments; to agent.hpp: probing and delivering.
#pragma once

#include "base/notify_socket.hpp"
#include "config/programs.hpp"

#include <string>

namespace muster::agent {

struct ServiceOptions {
    config::AgentConfig config;
    std::string config_path;  ///< read again on SIGHUP
    std::string data_dir;     ///< goes before that of a file read later; empty: it does not
    std::string version;
    NotifySocket manager;
};

/// Runs until SIGTERM or SIGINT; SIGHUP reads agent.yaml again and keeps the old when the new is wrong. Gives the exit
/// code of the process: 0, 1 failed, 2 wrong configuration.
int run_service(ServiceOptions options);

/// As told by gethostname(2).
std::string own_hostname();

}  // namespace muster::agent
