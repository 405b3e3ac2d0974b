// Owns: the answer to our own bugs. Leaves to Result: everything the world can do to us.
#pragma once

#include <source_location>
#include <string_view>

namespace muster {

/// Aborts with `why` and the place when `condition` is false. For our bugs only, never for input.
void expect(
    bool condition,
    std::string_view why,
    std::source_location where = std::source_location::current()
);

}  // namespace muster
