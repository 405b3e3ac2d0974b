// Owns: how relations of CIs and verdicts about their identity read in tables. Leaves to the verbs: which are shown.
#pragma once

#include "ctl/output.hpp"

#include <string>

namespace muster::ctl {

/// Of a relation or a change of one, as it reads from the CI it is told of: "runs on", or from the other end "runs".
std::string relation_text(const json::value& relation);

/// "new", "retired", "joined web4": a verdict about what a CI is, by the name of its kind, and the other CI where there is one.
std::string identity_text(const std::string& kind, const std::string& other);

/// Why, where that says more than the kind does.
std::string identity_reason(const std::string& kind, const std::string& reason);

}  // namespace muster::ctl
