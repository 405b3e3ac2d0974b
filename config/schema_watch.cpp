// Owns: the keys of targets and policies and of what they hold, of host_watch and storm.
#include "config/schema_units.hpp"

namespace muster::config {

namespace {

using enum KeyKind;

constexpr KeySpec target_keys[] = {
    {.name = "name", .kind = name, .summary = "Unique among targets.", .required = true},
    {"class", text, "The CI's class.", "application_endpoint"},
    {"address",
     host,
     "Name or address the probes go to; without it, the host of each probe's `url`."},
    {"site", text, "Where it is."},
    {"service", text, "The service it belongs to."},
    {"labels", text_map, "Labels of the CI."},
    {"each", range, "Repeats the target; `{n}` in its texts becomes the number."},
    {"probes", list_of_maps, "What to probe, beside what policies say."},
    {"from", map, "Which agent probes; without it, the first that enrolled."},
    {"breach", map, "When a probe exceeds its threshold."},
    {"recover", map, "When it has recovered."},
    {"hold", duration, "Time between exceeding the threshold and the incident.", "5s", 0, hour},
    {"flapping", map, "How often exceeding and recovering becomes one incident that flaps."},
    {.name = "urgency",
     .kind = choice,
     .summary = "How urgent an incident is.",
     .default_text = "medium",
     .choices = "high|medium|low"},
};

constexpr KeySpec policy_keys[] = {
    {.name = "name", .kind = name, .summary = "Unique among policies.", .required = true},
    {.name = "match",
     .kind = query,
     .summary = "Which CIs, in the query language.",
     .required = true},
    {.name = "probes", .kind = list_of_maps, .summary = "What to probe on each.", .required = true},
    {"from", map, "Which agent probes; without it, the first that enrolled."},
    {"breach", map, "When a probe exceeds its threshold."},
    {"recover", map, "When it has recovered."},
    {"hold", duration, "Time between exceeding the threshold and the incident.", "5s", 0, hour},
    {"flapping", map, "How often exceeding and recovering becomes one incident that flaps."},
    {.name = "urgency",
     .kind = choice,
     .summary = "How urgent an incident is.",
     .default_text = "medium",
     .choices = "high|medium|low"},
};

constexpr KeySpec probe_keys[] = {
    {.name = "type",
     .kind = name,
     .summary = "`icmp`, `snmp`, `http`, `tcp` or `host`; its options are in docs/probes.",
     .required = true},
    {"name",
     name,
     "Unique in its target or policy; by default the type, and a number from the second of its "
     "type on."},
    {"interval", duration, "Time between two runs.", "1m", 100 * ms, day},
    {"timeout",
     duration,
     "A run ends after this; not longer than `interval`.",
     "5s",
     10 * ms,
     5 * minute},
    {"each", range, "Repeats the probe; `{n}` in its texts becomes the number."},
};

constexpr KeySpec from_keys[] = {
    {"agent", text, "The agent of this name."},
    {"site", text, "An agent of this site; `same`: the CI's own site."},
    {"any", integer, "How many of them probe.", "1", 1, 16},
    {"quorum",
     integer,
     "How many of them must see a fault; by default more than half of `any`.",
     {},
     1,
     16},
};

constexpr KeySpec host_watch_keys[] = {
    {"enabled", boolean, "Whether hosts of agents are watched at all.", "true"},
    {"interval", duration, "Time between two pings.", "10s", 100 * ms, hour},
    {"failures", integer, "This many lost pings in a row.", "3", 2, 100},
    {"port",
     integer,
     "A TCP port open on these hosts, tried where a ping is not answered; by default one on which "
     "the inventory found something listening.",
     {},
     1,
     65535},
};

constexpr KeySpec storm_keys[] = {
    {"incidents", integer, "More incidents than this at once are one storm.", "20", 2, 10'000},
    {"within", duration, "What counts as at once.", "1m", 100 * ms, hour},
};
constexpr KeySpec incidents_keys[] = {
    {"reopen_within",
     duration,
     "What fails again so soon after its incident was resolved reopens it; later it is a new one.",
     "5m",
     0 * ms,
     7 * day},
    {"priority", map, "Priority by impact and urgency, where it is not as shipped."},
};
constexpr KeySpec priority_keys[] = {
    {"high", text_list, "Of high impact: for urgency high, medium, low.", "[1, 2, 3]"},
    {"medium", text_list, "Of medium impact: likewise.", "[2, 3, 4]"},
    {"low", text_list, "Of low impact: likewise.", "[3, 4, 4]"},
};

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> target = target_keys;
constinit const std::span<const KeySpec> policy = policy_keys;
constinit const std::span<const KeySpec> probe = probe_keys;
constinit const std::span<const KeySpec> from = from_keys;
constinit const std::span<const KeySpec> host_watch = host_watch_keys;
constinit const std::span<const KeySpec> storm = storm_keys;
constinit const std::span<const KeySpec> incidents = incidents_keys;
constinit const std::span<const KeySpec> priority = priority_keys;

}  // namespace schema

}  // namespace muster::config
