// Owns: the keys of collector.yaml, and which keys of what to watch a file may hold at its top.
#include "config/schema_units.hpp"

#include <array>

namespace muster::config {

namespace {

using enum KeyKind;

constexpr KeySpec process_keys[] = {
    {"listen", map, "Where the collector listens."},
    {"data_dir", path, "Where journal, state, history and certificates live.", "/var/lib/muster"},
    {"names",
     text_list,
     "Names and addresses for the server's certificate, beside localhost and the host's name; the "
     "first is what other machines are told to call the collector."},
    {"secrets_from",
     text_list,
     "Folders below which files applied over the API may name secrets; without it, /etc/muster. "
     "For collector.yaml and "
     "conf.d it is any folder. Nothing below `data_dir` is ever read as a secret."},
    {"link", map, "When an agent counts as silent, and how much one may bring."},
    {"journal", map, "How long the journal keeps what happened."},
    {"state", map, "The state folded from the journal."},
    {"history", map, "The history of results."},
    {"enrolment", map, "The certificates of agents."},
    {"notify", map, "How often a message is tried again."},
    {"backup", map, "Copies of all of this, to go back to."},
    {"heartbeat", map, "Whom outside to tell that the collector is well."},
};

constexpr KeySpec watch_file_keys[] = {
    {"targets", list_of_maps, "What to watch, declared by hand."},
    {"policies", list_of_maps, "What to watch on everything a query matches."},
    {"thresholds", list_of_maps, "When probes of particular CIs exceed their thresholds."},
    {"channels", list_of_maps, "Who is told."},
    {"classes", list_of_maps, "Classes of your own, and what yours add to the shipped ones."},
    {"relation_types", list_of_maps, "Kinds of relations of your own, and pairs for the shipped."},
    {"host_watch", map, "How the host of every agent is watched by another agent."},
    {"storm", map, "When many incidents at once become one."},
    {"incidents", map, "How incidents are ranked, and when one is the same again."},
};

constexpr KeySpec listen_keys[] = {
    {"people", address, "For the API and the command line.", "[::]:8443"},
    {"agents", address, "For agents.", "[::]:8444"},
};

constexpr KeySpec collector_link_keys[] = {
    {"heartbeat",
     duration,
     "How often agent and collector say that they are there.",
     "10s",
     20 * ms,
     5 * minute},
    {"silent_after",
     duration,
     "Without a word from an agent for this long, its probes count as unobserved; at least twice "
     "`heartbeat` and `alive_every`.",
     "30s",
     50 * ms,
     hour},
    {"silent_incident_after",
     duration,
     "Silent for this long, an agent is an incident of its own.",
     "5m",
     50 * ms,
     7 * day},
    {"alive_every",
     duration,
     "How often the journal notes which agents are there.",
     "10s",
     20 * ms,
     5 * minute},
    {"agent_rate",
     size,
     "What one agent may bring in a second, unpacked; one that brings more is read more slowly, "
     "the "
     "others are not.",
     "32MiB",
     mib,
     1024 * mib},
};

constexpr KeySpec journal_keys[] = {
    {"keep", size, "The journal takes at most this much.", "20GiB", 16 * mib, 1024 * tib},
    {"at_least", duration, "But never less than this much time.", "24h", minute, 3650 * day},
    {"tick", duration, "How often time is noted while nothing happens.", "1s", 10 * ms, minute},
};

constexpr KeySpec state_keys[] = {
    {"snapshot_every",
     duration,
     "How often the folded state is saved: a restart reads the journal from there.",
     "20s",
     50 * ms,
     hour},
};

constexpr KeySpec history_keys[] = {
    {"seal_every", duration, "How often results become a history block.", "1m", 50 * ms, hour},
    {"keep",
     size,
     "History takes at most this much; beyond it the oldest results go first, then five minutes, "
     "then hours.",
     "64GiB",
     16 * mib,
     1024 * tib},
    {"raw", duration, "Every result is kept this long.", "14d", minute, 3650 * day},
    {"five_minutes",
     duration,
     "Roll-ups of five minutes are kept this long; at least as long as `raw`.",
     "90d",
     minute,
     3650 * day},
    {"hourly",
     duration,
     "Roll-ups of an hour are kept this long; at least as long as `five_minutes`.",
     "730d",
     minute,
     3650 * day},
};

constexpr KeySpec enrolment_keys[] = {
    {"certificate_valid",
     duration,
     "How long an agent's certificate is valid. The agent renews it over its link when a third is "
     "left.",
     "365d",
     10 * second,
     365 * day},
};

constexpr KeySpec notify_keys[] = {
    {"backoff_least", duration, "First wait after a message was not taken.", "1s", 10 * ms, hour},
    {"backoff_most", duration, "Longest wait between two tries.", "5m", 10 * ms, day},
};

constexpr KeySpec backup_keys[] = {
    {"every", duration, "How often one is made. 0s: only by `muster backup`.", "1d", 0, 365 * day},
    {"keep", integer, "So many stay; the oldest goes once a newer one is good.", "3", 1, 1000},
    {"dir", path, "Where they lie, best on another disk; without it, `backups` below `data_dir`."},
};

constexpr KeySpec heartbeat_keys[] = {
    {.name = "url", .kind = url, .summary = "What is asked (GET).", .required = true},
    {"every", duration, "How often, while the collector is well.", "1m", 100 * ms, day},
    {"ca_file", path, "The authority of a private https endpoint, PEM; without it, the system's."},
};

constexpr KeySpec secret_keys[] = {
    {.name = "file", .kind = path, .summary = "The file that holds the secret.", .required = true},
};

template <std::size_t A, std::size_t B>
constexpr std::array<KeySpec, A + B> joined(const KeySpec (&a)[A], const KeySpec (&b)[B]) {
    std::array<KeySpec, A + B> all{};
    for (std::size_t i = 0; i < A; ++i) {
        all[i] = a[i];
    }
    for (std::size_t i = 0; i < B; ++i) {
        all[A + i] = b[i];
    }
    return all;
}

constexpr auto collector_file_keys = joined(process_keys, watch_file_keys);

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> process = process_keys;
constinit const std::span<const KeySpec> collector_file = collector_file_keys;
constinit const std::span<const KeySpec> watch_file = watch_file_keys;
constinit const std::span<const KeySpec> listen = listen_keys;
constinit const std::span<const KeySpec> collector_link = collector_link_keys;
constinit const std::span<const KeySpec> journal = journal_keys;
constinit const std::span<const KeySpec> state = state_keys;
constinit const std::span<const KeySpec> history = history_keys;
constinit const std::span<const KeySpec> enrolment = enrolment_keys;
constinit const std::span<const KeySpec> notify = notify_keys;
constinit const std::span<const KeySpec> backup = backup_keys;
constinit const std::span<const KeySpec> heartbeat = heartbeat_keys;
constinit const std::span<const KeySpec> secret = secret_keys;

}  // namespace schema

}  // namespace muster::config
