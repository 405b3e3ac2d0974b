// Owns: which process holds which socket: /proc/PID. Leaves to sockets.hpp: what the sockets are.
#pragma once

#include "agent/discovery/root.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::agent {

/// A program at work, as one would name it: what changes with every start is left out.
struct ProcessFacts {
    std::string unit;        ///< "nginx.service"; empty where it is none of systemd's
    std::string container;   ///< id of the container it runs in
    std::string executable;  ///< "/usr/sbin/nginx"
    std::string script;      ///< what an interpreter runs: "/usr/bin/fail2ban-server"
    std::string argument0;   ///< how it calls itself
    std::string user;        ///< by /etc/passwd, else the number

    /// Unit, else container with executable, else executable and script, else argument0.
    std::string name() const;
};

struct Holders {
    std::vector<ProcessFacts> processes;
    std::unordered_map<std::uint64_t, std::size_t> of;  ///< inode → index in `processes`
};

struct HolderLimits {
    std::size_t processes = 100'000;
    std::size_t descriptors = 2'000'000;  ///< looked at in all
};

/// Who holds the sockets of `inodes`. Stops once all are found. A socket several hold is of the one with the lowest number,
/// but of the first process only where nobody else has it: systemd keeps the sockets it hands out. Appends to `lacking` where
/// processes of others may not be looked into.
Holders find_holders(
    const Root& root,
    std::span<const std::uint64_t> inodes,
    std::vector<std::string>& lacking,
    const HolderLimits& limits = {}
);

/// The service of a process from its /proc/PID/cgroup: "0::/system.slice/nginx.service" → "nginx.service"; of a person's own
/// manager with that before it, "user@1000.service/sync.service".
std::string unit_in(std::string_view cgroups);
/// The container's id: "0::/system.slice/docker-4f1c….scope" → "4f1c…", cut to 12 characters as tools show it.
std::string container_in(std::string_view cgroups);

}  // namespace muster::agent
