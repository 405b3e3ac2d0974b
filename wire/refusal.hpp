// Owns: the refusals of the collector that an agent does more about than call again. Leaves to link_client: what.
#pragma once

#include <string_view>

namespace muster::wire {

/// What a collector says to an agent that was revoked. The reason is for people, and yet collectors of every version say this.
inline constexpr std::string_view revoked_reason = "this agent has been revoked";

}  // namespace muster::wire
