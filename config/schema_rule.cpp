// Owns: the keys of rules: when a probe exceeds its threshold and when it has recovered.
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
    {"any", list_of_maps, "A list of such conditions, of which one is enough."},
};

constexpr KeySpec breach_any_keys[] = {
    {.name = "failures",
     .kind = integer,
     .summary = "This many failures in a row.",
     .least = 1,
     .most = 100,
     .required = true},
    {"allow_single",
     boolean,
     "Needed for `failures: 1`: one lost packet is then an incident.",
     "false"},
};

constexpr KeySpec recover_keys[] = {
    {"successes", integer, "This many successes in a row.", "2", 1, 100},
};

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> breach = breach_keys;
constinit const std::span<const KeySpec> breach_any = breach_any_keys;
constinit const std::span<const KeySpec> recover = recover_keys;

}  // namespace schema

}  // namespace muster::config
