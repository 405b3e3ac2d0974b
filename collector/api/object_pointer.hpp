// Owns: places in the text of one declared object → JSON pointers into it. Leaves to config/: what is wrong there.
#pragma once

#include "config/issues.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// "/probes/0/interval": the member that stands at `at` in `text`, which holds one list with one object. Empty: the object itself, or a
/// text that cannot be read.
std::string pointer_into_object(std::string_view text, config::Position at);

}  // namespace muster::collector
