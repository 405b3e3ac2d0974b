// Owns: what every change of what to watch answers: flaws, changes, and that the brain has taken it. Leaves to the routes: which
// texts are applied.
#pragma once

#include "collector/api/json.hpp"
#include "collector/api/routes.hpp"
#include "collector/configuration/keeper.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::collector {

/// One flaw for each line "applied/web.yaml:3:5: what, and what was expected".
HttpResponse apply_refused(const Error& error, const ApplyRequest& request);

/// "/files/0/text" for a text of the request; empty for another.
std::string pointer_to(const ApplyRequest& request, std::string_view file);

/// Secrets that cannot be read, as flaws are told: nothing is refused for them.
json::array warnings_json(const ApplyOutcome& outcome, const ApplyRequest& request);

/// A warning more where the last channel goes; `channels`: how many there were before.
void warn_of_no_channel(const ApplyOutcome& outcome, std::size_t channels, json::array& warnings);

/// The objects that changed; those that did not are counted.
json::array changes_json(const ApplyOutcome& outcome, std::size_t& unchanged);

/// The command behind config.loaded: its verdict says that the brain has folded both.
Task<Result<Verdict>> confirm_applied(Call call, ApplyOutcome outcome);

/// A request's header; empty where it is not there. `name` in lower case.
std::string header_of(const Call& call, const std::string& name);

}  // namespace muster::collector
