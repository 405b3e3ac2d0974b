// Owns: what a system administrator does about an address that cannot be listened on. Leaves to the listeners: trying.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::wire {

/// `problem` is an errno; `key` is the configuration's name for the address ("listen.people"). Names the remedy.
Failure explain_bind(
    const std::string& address, std::uint16_t port, int problem, std::string_view key
);

}  // namespace muster::wire
