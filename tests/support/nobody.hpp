// Owns: the user that tests run programs as where root would hide what is wrong.
#pragma once

#include <sys/types.h>

namespace muster::test {

/// User and group, the same on every Linux.
constexpr uid_t nobody = 65534;

}  // namespace muster::test
