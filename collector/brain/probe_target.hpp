// Owns: what a probe asks, as people read it. Leaves to assignment_list: what its agent is told.
#pragma once

#include "collector/brain/assignment_list.hpp"

#include <string>

namespace muster::collector {

/// "https://shop.example.net/health", "192.0.2.7:25", "[2001:db8::7]:25", "192.0.2.7": its URL where it has one, without user,
/// query and fragment, in which people hide secrets; else `host`, with the port it is given.
std::string probe_target(const ProbeSpec& probe, const std::string& host);

}  // namespace muster::collector
