// Owns: the keys of channels.
#include "config/schema_units.hpp"

namespace muster::config {

namespace {

using enum KeyKind;

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

}  // namespace

namespace schema {

constinit const std::span<const KeySpec> channel = channel_keys;
constinit const std::span<const KeySpec> channel_rate = channel_rate_keys;
constinit const std::span<const KeySpec> channel_template = channel_template_keys;

}  // namespace schema

}  // namespace muster::config
