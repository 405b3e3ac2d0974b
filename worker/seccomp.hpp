// Owns: the system calls of a worker. Leaves to sandbox.cpp: when the filter closes.
#pragma once

#include "base/result.hpp"

namespace muster::worker {

/// Installs the filter for all threads to come: an allow-list; sockets only of IPv4, IPv6 and netlink-free kinds (TCP, UDP); anything
/// else answers EPERM, and calls no probe can ever want (execve, ptrace, mount, …) kill the process. `unavailable` where the kernel
/// or the machine has no such filter.
Status install_seccomp_filter();

}  // namespace muster::worker
