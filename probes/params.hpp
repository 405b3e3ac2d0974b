// Owns: reading canonical option values (config::Params) inside a probe. Leaves to config/: checking them.
#pragma once

#include "base/time.hpp"
#include "probes/probe_type.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::probes {

/// The value's text; empty where the option is not set.
std::string param_text(const config::Params& params, std::string_view name);
/// 0 where the option is not set. Params are validated: a number that does not parse is our bug.
std::int64_t param_integer(const config::Params& params, std::string_view name);
bool param_boolean(const config::Params& params, std::string_view name);
Duration param_duration(const config::Params& params, std::string_view name);
/// The elements of a list option.
std::vector<std::string> param_list(const config::Params& params, std::string_view name);
/// The pairs of a map option.
std::vector<std::pair<std::string, std::string>> param_map(
    const config::Params& params, std::string_view name
);
/// The value of a secret option; empty where it was not given.
std::string_view secret_value(const ProbeRequest& request, std::string_view name);

/// An outcome of a run that could not measure anything: every value absent.
Outcome unmeasured(
    const ProbeType& type,
    wire::ResultState state,
    std::string reason,
    std::string expected,
    std::string seen
);

}  // namespace muster::probes
