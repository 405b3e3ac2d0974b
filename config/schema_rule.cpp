// Owns: the keys of rules (when a probe exceeds its threshold and when it has recovered) and of thresholds.
#include "config/schema_units.hpp"

namespace muster::config {

namespace {

using enum KeyKind;

constexpr KeySpec breach_keys[] = {
    {"failures", integer, "This many failures in a row.", "3", 1, 100},
    {"allow_single",
     boolean,
     "Needed for `failures: 1`: one lost packet is then an incident.",
     "false"},
    {"any", list_of_maps, "A list of conditions, of which one is enough."},
};

constexpr KeySpec breach_any_keys[] = {
    {"failures", integer, "This many failures in a row.", {}, 1, 100},
    {"availability",
     text,
     "Such as `\"< 90%\"`, of the time `over`; what nobody observed counts as up."},
    {"over", duration, "availability: the time that is looked at.", {}, 1 * second, 7 * day},
    {"min_samples",
     integer,
     "availability: so many results in that time, or it is not judged.",
     "2",
     1,
     100'000},
    {"metric", name, "A metric of the probe's type; docs/probes lists them with their units."},
    {"above", number, "metric: exceeded by values above this, in the metric's unit."},
    {"below", number, "metric: exceeded by values below this."},
    {"clear", number, "metric: recovered from here on; by default at the limit itself."},
    {"for", integer, "metric: so many results in a row.", "3", 1, 1000},
    {"allow_single", boolean, "Needed for a condition that one result satisfies.", "false"},
};

constexpr KeySpec recover_keys[] = {
    {"successes",
     integer,
     "This many successes in a row; for a metric, clear values in a row.",
     "2",
     1,
     100},
    {"availability",
     text,
     "Such as `\">= 95%\"`, of the time that the breach looks at; by default the breach's limit."},
};

constexpr KeySpec flapping_keys[] = {
    {"transitions", integer, "So often exceeded or recovered, it is flapping.", "5", 3, 100},
    {"over", duration, "Within this time; calm for so long, it has ended.", "30m", 1 * second, day},
};

constexpr KeySpec threshold_keys[] = {
    {.name = "name", .kind = name, .summary = "Unique among thresholds.", .required = true},
    {.name = "match", .kind = query, .summary = "The CIs, in the query language; or `pin`."},
    {"pin", text, "One CI, by name or id."},
    {"probe", map, "Which of their probes; without it, all."},
    {"breach", map, "When such a probe exceeds its threshold: the conditions that differ."},
    {"recover", map, "When it has recovered."},
    {"hold", duration, "Time between exceeding the threshold and the incident.", {}, 0, hour},
    {"flapping", map, "How often exceeding and recovering becomes one incident that flaps."},
};

constexpr KeySpec threshold_probe_keys[] = {
    {"type", name, "Probes of this type."},
    {"name", name, "Probes of this name."},
};

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> breach = breach_keys;
constinit const std::span<const KeySpec> breach_any = breach_any_keys;
constinit const std::span<const KeySpec> recover = recover_keys;
constinit const std::span<const KeySpec> flapping = flapping_keys;
constinit const std::span<const KeySpec> threshold = threshold_keys;
constinit const std::span<const KeySpec> threshold_probe = threshold_probe_keys;

}  // namespace schema

}  // namespace muster::config
