// Owns: the options of a probe type as command line options, by its ParamSpecs. Leaves to probe_verbs.cpp: the run.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/param_spec.hpp"
#include "probes/probe_type.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::ctl {

/// What was given on the command line, by the option's name in ParamSpec.
struct GivenOptions {
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, std::string> secret_files;
};

/// "expect.status" → "--expect-status"; secrets "--community-file".
std::string option_name(const config::ParamSpec& spec);

/// The option that TARGET itself is, an URL the type cannot do without; null where TARGET is a host.
const config::ParamSpec* target_option(const probes::ProbeType& type);

/// What stands for the target in the options (the URL, or the port of "host1:81") goes into `params`; the host that is left, empty
/// for a URL. `invalid`: how the target is written.
Result<std::string> take_target(
    const probes::ProbeType& type, const std::string& target, config::Params& params
);

/// Whether the type cannot do without a port and none was said.
bool lacks_port(const probes::ProbeType& type, const config::Params& params);

/// "Name or address" and so on, for the help.
std::string target_help(const probes::ProbeType& type);

/// Adds an option for each of the type's but the one that TARGET is. `given` outlives the app.
void add_probe_options(CLI::App& app, const probes::ProbeType& type, GivenOptions& given);

/// The options as the type takes them: lists split at commas and repeated options, "Name: value" for maps. Not yet checked.
Result<config::Params> probe_params(const probes::ProbeType& type, const GivenOptions& given);

/// Reads each secret file; "-" is a line of `in`.
Result<std::vector<std::pair<std::string, std::string>>> probe_secrets(
    Files& files, std::istream& in, const GivenOptions& given
);

}  // namespace muster::ctl
