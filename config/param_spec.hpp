// Owns: the description of one option and of one metric, from which validation, documentation and forms derive.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace muster::config {

/// What kind of value an option takes. `list` kinds are YAML sequences (a single value counts as a list of one);
/// `secret` is `{file: /path}` in YAML and raw bytes on the agent; `regex` is RE2; `bytes` is text in which unescape() finds any byte.
enum class ParamKind {
    text,
    bytes,
    integer,
    number,
    boolean,
    duration,
    choice,
    text_list,
    integer_list,
    text_map,
    regex,
    url,
    oid_list,
    secret
};

std::string_view to_string(ParamKind kind);

/// One option of a probe type. Nested YAML maps have dotted names: `expect: {status: 200}` is "expect.status".
struct ParamSpec {
    std::string_view name;
    ParamKind kind;
    std::string_view default_text;  ///< canonical text; empty: no default
    bool required = false;
    std::int64_t least = 0;  ///< for integer, duration (ms); both 0: no range
    std::int64_t most = 0;
    // Without these initialisers every table row that leaves one out is a warning.
    // NOLINTBEGIN(readability-redundant-member-init)
    std::string_view choices = {};  ///< "get|head|post" for choice
    std::string_view unit = {};
    std::string_view summary = {};  ///< one sentence
    // NOLINTEND(readability-redundant-member-init)
};

/// The canonical text of validated options by name: lists joined with '\n', maps as "key\tvalue" lines, durations as format_duration,
/// booleans as true/false. Defaults are filled in. Secrets are not in here.
using Params = std::map<std::string, std::string>;

/// Checks one value against its spec and gives its canonical text. The error says what was expected.
Result<std::string> canonical_value(const ParamSpec& spec, std::string_view text);
/// Checks names, kinds and ranges of a whole set (as arrives in an assignment or from a command line) and fills in defaults.
Result<Params> validate_params(std::span<const ParamSpec> specs, const Params& given);

/// One number a probe yields. Values are integers: the number times 10^decimals in `unit`.
struct MetricSpec {
    std::string_view name;  ///< "rtt_avg", "first_byte"
    std::string_view unit;  ///< "ms", "s", "%", "count", ""
    std::uint8_t decimals;  ///< 3 with unit ms = microseconds
    std::string_view summary;
};

/// What config/ needs to know of a probe type to validate targets; filled from probes::probe_types() by the programs.
struct ProbeSchema {
    std::string_view name;
    std::span<const ParamSpec> params;
    // Without this initialiser every table row that leaves it out is a warning.
    // NOLINTNEXTLINE(readability-redundant-member-init)
    std::span<const MetricSpec> metrics = {};
};

}  // namespace muster::config
