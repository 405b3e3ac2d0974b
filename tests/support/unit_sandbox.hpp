// Owns: the restrictions of a unit that can stop a program, on this process: user, capabilities, no new privileges, system calls,
// socket families, no memory that is writable and executable. Leaves to systemd: namespaces, control groups, limits.
#pragma once

#include "tests/support/unit_file.hpp"

namespace muster::test {

/// As the systemd of this machine has them.
CallGroups installed_call_groups();

/// For this process and what it executes, for good. Needs root. Aborts where the unit says what is not understood here, or the
/// kernel refuses.
void enter_unit(const UnitFile& unit, const CallGroups& groups);

}  // namespace muster::test
