// Owns: what to watch: `targets:`, `policies:` and `thresholds:` of collector.yaml and conf.d/*.yaml, parsed and validated.
// Leaves to collector/brain: what it means.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/channel.hpp"
#include "config/issues.hpp"
#include "config/param_spec.hpp"
#include "config/query.hpp"
#include "config/rule.hpp"
#include "config/threshold.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::config {

/// One file as read: the text goes into the journal (config.loaded), so it never holds a secret.
struct ConfigText {
    std::string name;
    std::string text;
};

enum class Urgency { high, medium, low };

/// Which agents probe: by name, by site, or any (the first by enrolment).
struct Vantage {
    std::string agent;
    std::string site;          ///< "same" = the CI's own site
    std::uint32_t any = 1;     ///< how many of those that fit probe
    std::uint32_t quorum = 1;  ///< a fault needs this many of them; 1 … any
    std::uint32_t place = 0;   ///< filled in by planning: which of the `any` this one is, from 0
    bool operator==(const Vantage&) const = default;
};

/// How the host of every agent is watched by another agent.
struct HostWatch {
    bool enabled = true;
    Duration interval = std::chrono::seconds(10);
    std::uint32_t failures = 3;
    std::uint32_t port = 0;  ///< TCP; tried where a ping is not answered; 0: none
    bool operator==(const HostWatch&) const = default;
};

/// When incidents that would open together become one: more than `incidents` within `within`.
struct StormBrake {
    std::uint32_t incidents = 20;
    Duration within = std::chrono::seconds(60);
    bool operator==(const StormBrake&) const = default;
};

/// How incidents are ranked, and when one that was resolved is the same again.
struct IncidentRules {
    /// What fails again so soon after it was resolved reopens its incident; later it is a new one.
    Duration reopen_within = std::chrono::minutes(5);
    /// Priority 1 (highest) … 4 by impact (row) and urgency (column): high, medium, low.
    std::array<std::array<std::uint8_t, 3>, 3> priority{{{1, 2, 3}, {2, 3, 4}, {3, 4, 4}}};
    bool operator==(const IncidentRules&) const = default;
};

struct ProbeDeclaration {
    std::string type;
    std::string
        name;  ///< `name:`, or type plus ordinal among its like: unique within its target or policy
    Duration interval = std::chrono::seconds(60);
    Duration timeout = std::chrono::seconds(5);
    Params params;
    std::map<std::string, std::string> secret_files;  ///< option name → path on the collector
};

struct Target {
    std::string name;
    std::string pattern;  ///< its name as declared, "web{n}", where `each` repeats it; else empty
    std::string ci_class = "application_endpoint";
    std::string address;  ///< name or address probes go to; empty: taken from the probe's own url
    std::string site;
    std::string service;
    std::map<std::string, std::string> labels;
    Vantage from;
    RuleParts parts;  ///< what it says itself of `rule`
    Rule rule;        ///< where no threshold says otherwise; metrics of all its probes' types
    Urgency urgency = Urgency::medium;
    std::vector<ProbeDeclaration> probes;
};

struct Policy {
    std::string name;
    Query match;
    Vantage from;
    RuleParts parts;  ///< what it says itself of `rule`
    Rule rule;        ///< where no threshold says otherwise; metrics of all its probes' types
    Urgency urgency = Urgency::medium;
    std::vector<ProbeDeclaration> probes;
};

/// Where the files name something.
struct Place {
    std::string file;
    Position at;
};

/// "watch.yaml:3:5"
std::string to_text(const Place& place);

/// A secret's file, named by a file of the configuration.
struct NamedSecret {
    std::string file;  ///< of the configuration
    std::string path;  ///< of the secret
    auto operator<=>(const NamedSecret&) const = default;
};

struct Watch {
    std::vector<Target> targets;
    std::vector<Policy> policies;
    std::vector<Threshold> thresholds;
    std::vector<Channel> channels;
    HostWatch host_watch;
    StormBrake storm;
    IncidentRules incidents;
    /// Where each file of the configuration names each secret first.
    std::map<NamedSecret, Position> secret_files;
};

/// What `match:` and `class:` may name, from all files together: what they declare counts in each. What is wrong with those
/// declarations lands in the issues.
using WordsOf = std::function<Vocabulary(std::span<const ConfigText> files, Issues& issues)>;

/// Parses and validates all files together; names are unique across files. Every error is `file:line:column: what, and what was expected`;
/// all errors are reported, joined by newlines (at most 20). `each: 1..250000` on a target or a probe repeats it with {n} replaced in its texts.
/// `words_of`: without it, `match:` and `class:` may name anything. `changed`: the files a name used twice is blamed on, where
/// it is in one of them; elsewhere on the later.
Result<Watch> parse_watch(
    std::span<const ConfigText> files,
    std::span<const ProbeSchema> probe_types,
    const WordsOf& words_of = {},
    std::span<const std::string> changed = {}
);

/// Whether a text has only the keys of what to watch: those of collector.yaml do not belong into conf.d or `apply`.
Status check_watch_keys(const ConfigText& text);

}  // namespace muster::config
