// Owns: which channel an incident goes to. Leaves to telling/channels: how much of it.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>

namespace muster::collector {

/// Where a channel leads, without path, query and user: "https://hooks.example.net", "mail.example.net:587 to a@b, c@d".
std::string target_of(const config::Channel& channel);

}  // namespace muster::collector
