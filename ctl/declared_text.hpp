// Owns: what is declared of one object of what to watch, as rows of its table. Leaves to the verbs: what else is known of it.
#pragma once

#include "ctl/output.hpp"

#include <string>

namespace muster::ctl {

/// "{status: 200, body: ok}", "[a, b]": as it could stand in one line of a file.
std::string flow_text(const json::value& value);

/// A row for each probe, with all that is said of it, and one each for "each", "from", "breach", "recover" and "flapping" where
/// they are there.
void add_declared(Table& table, const json::value& object);

}  // namespace muster::ctl
