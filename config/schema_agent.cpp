// Owns: the keys of agent.yaml and of the command line's own file. Leaves to schema.hpp: what a table is.
#include "config/schema_units.hpp"

namespace muster::config {

namespace {

using enum KeyKind;

constexpr KeySpec agent_file_keys[] = {
    {"collector", address, "Host and port of the collector; without it, what enrolment told."},
    {"data_dir", path, "Where the identity and the spool live.", "/var/lib/muster-agent"},
    {"labels", text_map, "Labels of this agent."},
    {"spool", map, "How results are kept until the collector has them."},
    {"link", map, "How the collector is called again after a failure."},
    {"inventory", map, "What is told of the machine itself."},
    {"workers", integer, "Number of probe worker processes.", "1", 1, 64},
    {"worker_program", path, "The probe worker; by default the one beside the agent's program."},
};

constexpr KeySpec agent_spool_keys[] = {
    {"flush",
     duration,
     "Results wait at most this long before they are written and synced.",
     "200ms",
     5 * ms,
     minute},
    {"max_bytes",
     size,
     "The spool grows to this size at most; beyond, the least important and oldest results give "
     "way.",
     "256MiB",
     mib,
     tib},
    {"max_age", duration, "Results older than this are given up.", "7d", minute, 365 * day},
    {"keep_free",
     size,
     "Left to others on the file system: with less the spool does not grow.",
     "64MiB",
     0 * mib,
     tib},
    {"retain_acked",
     duration,
     "Results stay this long after the collector has confirmed them.",
     "30m",
     1 * ms,
     30 * day},
    {"renew_after",
     duration,
     "When the collector is back after longer than this, what is new goes into a new spool and "
     "goes "
     "first; the old one is drained beside it.",
     "1m",
     1 * ms,
     30 * day},
    {"retain_acked_bytes", size, "Confirmed results take at most this much.", "64MiB", mib, tib},
};

constexpr KeySpec agent_link_keys[] = {
    {"backoff_least", duration, "First wait after a failed call.", "1s", 10 * ms, hour},
    {"backoff_most", duration, "Longest wait after repeated failures.", "1m", 10 * ms, hour},
};

constexpr KeySpec agent_inventory_keys[] = {
    {"every",
     duration,
     "How often the machine is looked at; only what has changed is sent. 0s: never.",
     "1h",
     0 * ms,
     7 * day},
    {"helper",
     path,
     "Socket of muster-inventory, which reads what needs rights; without it those facts are "
     "lacking.",
     "/run/muster-inventory.sock"},
};

constexpr KeySpec cli_file_keys[] = {
    {"server", url, "The collector's address for people."},
    {"token_file", path, "The file that holds your token."},
    {"ca_file",
     path,
     "The authority the server's certificate must come from, PEM; without it, the system's."},
};

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> agent_file = agent_file_keys;
constinit const std::span<const KeySpec> agent_spool = agent_spool_keys;
constinit const std::span<const KeySpec> agent_link = agent_link_keys;
constinit const std::span<const KeySpec> agent_inventory = agent_inventory_keys;
constinit const std::span<const KeySpec> cli_file = cli_file_keys;

}  // namespace schema

}  // namespace muster::config
