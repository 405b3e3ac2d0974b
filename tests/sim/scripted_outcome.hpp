// Owns: what a run of each probe type sees of a scripted device, judged by the probe type's own words.
#pragma once

#include "agent/scheduler.hpp"
#include "probes/outcome.hpp"

namespace muster::test {

/// fails: no echo reply; no SNMP v2c answer; an SNMP v3 device that no longer takes our password; HTTP 503.
enum class Device { answers, fails };

/// `took`: how long the run lasted. Types: icmp, snmp, http.
probes::Outcome scripted_outcome(const agent::ScheduledProbe& probe, Device device, Duration took);

}  // namespace muster::test
