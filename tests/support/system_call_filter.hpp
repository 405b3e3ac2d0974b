// Owns: filters of system calls as systemd installs them (seccomp(2)). Leaves to unit_sandbox.hpp: which of them.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace muster::test {

// Each is for this thread and what it executes, and gives whether the kernel took it, else errno.

/// SystemCallFilter=: every other call kills the process. Names that this kernel's headers do not know are left out.
bool allow_only_calls(const std::set<std::string>& names);
/// RestrictAddressFamilies=: socket() of another family is EAFNOSUPPORT; "none" is a list too.
bool allow_only_families(const std::vector<std::string>& names);
/// MemoryDenyWriteExecute=: no memory that is writable and executable, none that becomes executable: EPERM.
bool deny_writable_code();

}  // namespace muster::test
