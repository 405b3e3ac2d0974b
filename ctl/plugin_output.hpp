// Owns: the outcome of a probe as a Nagios plugin prints it. Leaves to probe_verbs.cpp: running it.
#pragma once

#include "ctl/output.hpp"
#include "probes/probe_type.hpp"

#include <string>
#include <string_view>

namespace muster::ctl {

/// What a plugin exits with when it was called wrongly.
inline constexpr int nagios_usage = 3;

/// 0 ok, 1 warning, 2 critical, 3 unknown (Nagios plugin development guidelines).
int plugin_exit_code(wire::ResultState state);

/// A value as its metric says: 1234 with 3 decimals is "1.234".
std::string metric_text(const probes::MetricSpec& metric, std::int64_t value);

/// "ICMP OK - rtt_avg 0.041 ms, loss 0.0 % | rtt_avg=0.041ms loss=0.0%": one line, text before the bar, performance data after.
std::string plugin_line(const probes::ProbeType& type, const probes::Outcome& outcome);

/// {"type","target","state","reason","expected","seen","values":{name:{"value","unit"}}}
json::value outcome_json(
    const probes::ProbeType& type, const std::string& target, const probes::Outcome& outcome
);

}  // namespace muster::ctl
