// Owns: the program `muster`: its options, its verbs, its exit codes. Leaves to verbs.hpp: the verbs.
#pragma once

#include "ctl/world.hpp"

#include <string>
#include <vector>

namespace muster::ctl {

/// Runs one command line (without the program's name) and gives the exit code: 0 success, 1 failed, 2 usage; for `probe` as a
/// Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown or usage. Data goes to `out`, talk to `err`.
int run(World& world, std::vector<std::string> arguments);

}  // namespace muster::ctl
