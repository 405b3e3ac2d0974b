// Owns: a YAML tree as JSON. Leaves to yaml.hpp: reading it.
#pragma once

#include "config/yaml.hpp"

#include <boost/json/value.hpp>

namespace muster::config {

/// The same value. A plain scalar is a number where it is written as JSON would write that whole number again, and true or false;
/// every other, "007" and 0.5 among them, is text: which reads as the same value in a file.
boost::json::value to_json(const YamlNode& node);

}  // namespace muster::config
