// Owns: finding a name that an object has twice: of which value is meant, two readers may think differently.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::collector {

/// Of a JSON text that parses: the first such name, at any depth.
std::optional<std::string> name_given_twice(std::string_view text);

}  // namespace muster::collector
