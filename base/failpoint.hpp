// Owns: named places where a test may stop the process. They cost one relaxed load and exist in every build.
#pragma once

#include <string_view>

namespace muster {

/// Kills the process (SIGKILL, nothing is flushed) when MUSTER_FAILPOINT is "name" or "name:n" and this is the n-th pass.
void failpoint(std::string_view name);

}  // namespace muster
