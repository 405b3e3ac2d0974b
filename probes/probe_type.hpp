// Owns: what a probe type is: name, options, metrics, where it runs. One file a type; the table is built from the file names.
#pragma once

#include "base/task.hpp"
#include "config/param_spec.hpp"
#include "probes/outcome.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::probes {

using config::MetricSpec;

/// in_process: `run` in the agent's loop. worker: an engine in muster-probe-worker, since it parses what hostile peers send.
enum class RunsIn { in_process, worker };

/// Everything a run needs; names are resolved before. Copied into the coroutine.
struct ProbeRequest {
    std::string host;                    ///< as configured, for SNI, Host: and messages
    std::vector<std::string> addresses;  ///< resolved, in order of preference; at least one
    config::Params params;               ///< validated, defaults filled in
    std::vector<std::pair<std::string, std::string>> secrets;  ///< option name → value
    Duration timeout{};
    Duration resolve_time{};  ///< spent by the resolver, reported as DNS time
};

/// Services for in-process probes (the ICMP sockets); owned by the program, outlives every run.
struct ProbeServices;

struct ProbeType {
    std::string_view name;
    std::string_view summary;
    std::span<const config::ParamSpec> params;
    std::span<const MetricSpec> metrics;  ///< the first is the one charted by default
    RunsIn runs_in;
    /// Null for worker types.
    Task<Outcome> (*run)(ProbeServices* services, ProbeRequest request, Deadline deadline);
};

/// All types, by name.
std::span<const ProbeType* const> probe_types();
/// Null where there is no such type.
const ProbeType* find_probe_type(std::string_view name);
/// For config::parse_watch.
std::vector<config::ProbeSchema> probe_schemas();

}  // namespace muster::probes
