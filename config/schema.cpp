#include "config/schema.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::config {

namespace {

using enum KeyKind;

constexpr std::int64_t ms = 1;
constexpr std::int64_t second = 1000 * ms;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t gib = 1 << 30;
constexpr std::int64_t tib = 1024 * gib;

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
    {"max_bytes", size, "The spool grows to this size at most.", "256MiB", mib, tib},
    {"retain_acked",
     duration,
     "Results stay this long after the collector has confirmed them.",
     "30m",
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

constexpr KeySpec watch_file_keys[] = {
    {"targets", list_of_maps, "What to watch, declared by hand."},
    {"policies", list_of_maps, "What to watch on everything a query matches."},
    {"channels", list_of_maps, "Who is told."},
    {"host_watch", map, "How the host of every agent is watched by another agent."},
    {"storm", map, "When many incidents at once become one."},
};
constexpr KeySpec process_keys[] = {
    {"listen", map, "Where the collector listens."},
    {"data_dir", path, "Where journal, state, history and certificates live.", "/var/lib/muster"},
    {"names",
     text_list,
     "Names and addresses for the server's certificate, beside localhost and the host's name."},
    {"link", map, "When an agent counts as silent."},
    {"journal", map, "How long the journal keeps what happened."},
    {"state", map, "The state folded from the journal."},
    {"history", map, "The history of results."},
    {"enrolment", map, "The certificates of agents."},
    {"notify", map, "How often a message is tried again."},
    {"heartbeat", map, "Whom outside to tell that the collector is well."},
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
     "How long an agent's certificate is valid. The agent warns when a third is left; then enrol "
     "it anew.",
     "365d",
     minute,
     365 * day},
};
constexpr KeySpec notify_keys[] = {
    {"backoff_least", duration, "First wait after a message was not taken.", "1s", 10 * ms, hour},
    {"backoff_most", duration, "Longest wait between two tries.", "5m", 10 * ms, day},
};
constexpr KeySpec target_keys[] = {
    {.name = "name", .kind = name, .summary = "Unique among targets.", .required = true},
    {"class", text, "The CI's class.", "application_endpoint"},
    {"address",
     text,
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
    {.name = "urgency",
     .kind = choice,
     .summary = "How urgent an incident is.",
     .default_text = "medium",
     .choices = "high|medium|low"},
};
constexpr KeySpec probe_keys[] = {
    {.name = "type",
     .kind = name,
     .summary = "`icmp`, `snmp` or `http`; its options are in docs/probes.",
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
};
constexpr KeySpec storm_keys[] = {
    {"incidents", integer, "More incidents than this at once are one storm.", "20", 2, 10'000},
    {"within", duration, "What counts as at once.", "1m", 100 * ms, hour},
};
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
constexpr KeySpec channel_keys[] = {
    {.name = "name", .kind = name, .summary = "Unique among channels.", .required = true},
    {.name = "type",
     .kind = choice,
     .summary = "How it is told.",
     .default_text = "webhook",
     .choices = "webhook|smtp"},
    {"match",
     query,
     "Which incidents it is told of, over kind, priority, urgency, ci, class, site, service, "
     "agent, probe, probe.type and label.NAME; without it, all."},
    {"rate", map, "How much it is told at most; what is beyond merges into one message."},
    {"dead_after",
     duration,
     "Failing this long, and at least three times in a row, it is an incident on the others.",
     "5m",
     100 * ms,
     day},
    {"ca_file", path, "The authority of a private endpoint, PEM; without it, the system's."},
    {"url", url, "webhook: where messages are posted."},
    {"secret", secret, "webhook: the key that signs messages."},
    {"server", address, "smtp: the server that takes mail."},
    {.name = "tls",
     .kind = choice,
     .summary = "smtp: how the connection is protected; the server's certificate is verified.",
     .default_text = "starttls",
     .choices = "none|starttls|implicit"},
    {"user", text, "smtp: who signs in; without it, nobody."},
    {"password", secret, "smtp: the password of `user`."},
    {"from", text, "smtp: the sender's address."},
    {"to", text_list, "smtp: the recipients' addresses."},
    {.name = "language",
     .kind = choice,
     .summary = "smtp: the language of messages.",
     .default_text = "en",
     .choices = "en|zh"},
    {"zone", text, "smtp: the time zone of times in messages, such as Asia/Shanghai.", "UTC"},
    {"template", map, "smtp: the wording of messages; without it, the shipped one."},
};
constexpr KeySpec channel_rate_keys[] = {
    {"messages",
     integer,
     "At most this many in any span of `per`; without `rate`, 600 a minute, and 60 an hour for "
     "smtp.",
     {},
     1,
     100'000},
    {"per", duration, "The span.", {}, 1 * second, day},
};
constexpr KeySpec channel_template_keys[] = {
    {"subject", text, "One line; docs/channels.md lists the placeholders."},
    {"body", text, "Plain text of any number of lines."},
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

constexpr Section sections[] = {
    {"agent.yaml", agent_file_keys},
    {"agent.yaml: spool", agent_spool_keys},
    {"agent.yaml: link", agent_link_keys},
    {"agent.yaml: inventory", agent_inventory_keys},
    {"collector.yaml", process_keys},
    {"collector.yaml: listen", listen_keys},
    {"collector.yaml: link", collector_link_keys},
    {"collector.yaml: journal", journal_keys},
    {"collector.yaml: state", state_keys},
    {"collector.yaml: history", history_keys},
    {"collector.yaml: enrolment", enrolment_keys},
    {"collector.yaml: notify", notify_keys},
    {"collector.yaml: heartbeat", heartbeat_keys},
    {"collector.yaml and conf.d/*.yaml", watch_file_keys},
    {"targets", target_keys},
    {"policies", policy_keys},
    {"probes", probe_keys},
    {"from", from_keys},
    {"host_watch", host_watch_keys},
    {"storm", storm_keys},
    {"breach", breach_keys},
    {"breach: any", breach_any_keys},
    {"recover", recover_keys},
    {"channels", channel_keys},
    {"channels: rate", channel_rate_keys},
    {"channels: template", channel_template_keys},
    {"Secrets", secret_keys},
    {"cli.yaml", cli_file_keys},
};

std::string bound_text(const KeySpec& key, std::int64_t bound) {
    if (key.kind == duration) {
        return format_duration(std::chrono::milliseconds(bound));
    }
    if (key.kind == size) {
        return bound >= tib   ? fmt::format("{}TiB", bound / tib)
               : bound >= gib ? fmt::format("{}GiB", bound / gib)
                              : fmt::format("{}MiB", bound / mib);
    }
    return std::to_string(bound);
}

std::string kind_text(const KeySpec& key) {
    switch (key.kind) {
        case text:
            return "text";
        case name:
            return "a name";
        case integer:
            return "a whole number";
        case boolean:
            return "true or false";
        case duration:
            return "a duration such as 30s";
        case size:
            return "a size such as 256MiB";
        case address:
            return "HOST:PORT";
        case url:
            return "an http or https URL";
        case path:
            return "an absolute path";
        case choice: {
            std::string all;
            for (const char c : key.choices) {
                all += c == '|' ? std::string(", ") : std::string(1, c);
            }
            return key.choices.find('|') == std::string_view::npos ? all : "one of " + all;
        }
        case query:
            return "a query such as \"class = server\"";
        case range:
            return "a range such as 1..100";
        case secret:
            return "{file: /path}: a secret is never written here";
        case map:
            return "a map";
        case text_map:
            return "a map of texts";
        case text_list:
            return "a list of texts";
        case list_of_maps:
            return "a list of maps";
    }
    return {};
}

}  // namespace

namespace schema {

const std::span<const KeySpec> agent_file = agent_file_keys;
const std::span<const KeySpec> agent_spool = agent_spool_keys;
const std::span<const KeySpec> agent_link = agent_link_keys;
const std::span<const KeySpec> agent_inventory = agent_inventory_keys;
const std::span<const KeySpec> cli_file = cli_file_keys;
const std::span<const KeySpec> collector_file = collector_file_keys;
const std::span<const KeySpec> watch_file = watch_file_keys;
const std::span<const KeySpec> listen = listen_keys;
const std::span<const KeySpec> collector_link = collector_link_keys;
const std::span<const KeySpec> journal = journal_keys;
const std::span<const KeySpec> state = state_keys;
const std::span<const KeySpec> history = history_keys;
const std::span<const KeySpec> enrolment = enrolment_keys;
const std::span<const KeySpec> notify = notify_keys;
const std::span<const KeySpec> target = target_keys;
const std::span<const KeySpec> policy = policy_keys;
const std::span<const KeySpec> probe = probe_keys;
const std::span<const KeySpec> from = from_keys;
const std::span<const KeySpec> host_watch = host_watch_keys;
const std::span<const KeySpec> storm = storm_keys;
const std::span<const KeySpec> breach = breach_keys;
const std::span<const KeySpec> breach_any = breach_any_keys;
const std::span<const KeySpec> recover = recover_keys;
const std::span<const KeySpec> channel = channel_keys;
const std::span<const KeySpec> channel_rate = channel_rate_keys;
const std::span<const KeySpec> channel_template = channel_template_keys;
const std::span<const KeySpec> heartbeat = heartbeat_keys;
const std::span<const KeySpec> secret = secret_keys;

}  // namespace schema

std::span<const Section> schema_sections() {
    return sections;
}

std::string expectation(const KeySpec& key) {
    std::string text = kind_text(key);
    if (key.least != 0 || key.most != 0) {
        text +=
            key.least == key.most
                ? fmt::format(", {}", bound_text(key, key.least))
                : fmt::format(", {} to {}", bound_text(key, key.least), bound_text(key, key.most));
    }
    return text;
}

std::string reference_row(const KeySpec& key) {
    const std::string fallback = key.required               ? std::string("required")
                                 : key.default_text.empty() ? std::string()
                                                            : fmt::format("`{}`", key.default_text);
    return fmt::format(
        "| `{}` | {} | {} | {} |", key.name, expectation(key), fallback, key.summary
    );
}

}  // namespace muster::config
