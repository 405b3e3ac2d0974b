// Owns: the page of a probe type (docs/probes/<name>.md), made of its table entry.
#pragma once

#include "probes/probe_type.hpp"

#include <string>

namespace muster::probes {

/// Markdown. A test compares it with the file in docs/probes/.
std::string probe_document(const ProbeType& type);

}  // namespace muster::probes
