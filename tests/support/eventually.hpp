// Owns: waiting for a condition with a deadline, the only way a test waits.
#pragma once

#include "base/time.hpp"

#include <functional>

namespace muster::test {

/// True as soon as `condition` holds; false when it still does not after `patience`. Looks every `pace`.
bool eventually(
    Duration patience,
    const std::function<bool()>& condition,
    Duration pace = std::chrono::milliseconds(20)
);

/// True when `condition` holds at every look during `span`: for "nothing else happens".
bool throughout(Duration span, const std::function<bool()>& condition);

}  // namespace muster::test
