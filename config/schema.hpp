// Owns: the tables of every key the files may hold: kind, range, default and one sentence each. Validation and
// docs/configuration.md derive from them. The tables themselves stand by object in schema_*.cpp.
// Leaves to param_spec.hpp: the options of probe types.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace muster::config {

/// What a key holds. `range` is `1..250000`; `secret` and `path` name files.
enum class KeyKind {
    text,
    name,
    integer,
    number,
    boolean,
    duration,
    size,
    address,
    host,
    url,
    path,
    choice,
    query,
    range,
    secret,
    map,
    text_map,
    text_list,
    list_of_maps
};

/// One key of one map of a file.
struct KeySpec {
    std::string_view name;
    KeyKind kind;
    std::string_view summary;  ///< one sentence
    // Without these initialisers every table row that leaves one out is a warning.
    // NOLINTBEGIN(readability-redundant-member-init)
    std::string_view default_text = {};  ///< as one would write it; empty: none
    std::int64_t least = 0;  ///< integers, sizes in bytes, durations in ms; both 0: no range
    std::int64_t most = 0;
    std::string_view choices = {};  ///< "high|medium|low"
    // NOLINTEND(readability-redundant-member-init)
    bool required = false;
};

/// One map of a file, for the reference.
struct Section {
    std::string_view title;  ///< "collector.yaml: listen"
    std::span<const KeySpec> keys;
};

namespace schema {

extern const std::span<const KeySpec> agent_file;
extern const std::span<const KeySpec> agent_spool;
extern const std::span<const KeySpec> agent_link;
extern const std::span<const KeySpec> agent_inventory;
extern const std::span<const KeySpec> cli_file;
extern const std::span<const KeySpec> process;
extern const std::span<const KeySpec> collector_file;  ///< with the keys of watch_file
extern const std::span<const KeySpec> watch_file;      ///< what conf.d/*.yaml may hold
extern const std::span<const KeySpec> listen;
extern const std::span<const KeySpec> collector_link;
extern const std::span<const KeySpec> journal;
extern const std::span<const KeySpec> state;
extern const std::span<const KeySpec> history;
extern const std::span<const KeySpec> enrolment;
extern const std::span<const KeySpec> notify;
extern const std::span<const KeySpec> target;
extern const std::span<const KeySpec> policy;
extern const std::span<const KeySpec> probe;  ///< beside the options of its type
extern const std::span<const KeySpec> from;
extern const std::span<const KeySpec> host_watch;
extern const std::span<const KeySpec> storm;
extern const std::span<const KeySpec> incidents;
extern const std::span<const KeySpec> priority;
extern const std::span<const KeySpec> breach;
extern const std::span<const KeySpec> breach_any;
extern const std::span<const KeySpec> recover;
extern const std::span<const KeySpec> flapping;
extern const std::span<const KeySpec> threshold;
extern const std::span<const KeySpec> threshold_probe;
extern const std::span<const KeySpec> channel;
extern const std::span<const KeySpec> channel_rate;
extern const std::span<const KeySpec> channel_template;
extern const std::span<const KeySpec> ci_class;
extern const std::span<const KeySpec> class_attribute;
extern const std::span<const KeySpec> class_identification;
extern const std::span<const KeySpec> label;
extern const std::span<const KeySpec> relation_type;
extern const std::span<const KeySpec> relation_reverse;
extern const std::span<const KeySpec> relation_pair;
extern const std::span<const KeySpec> relation_impact;
extern const std::span<const KeySpec> backup;
extern const std::span<const KeySpec> heartbeat;
extern const std::span<const KeySpec> secret;

}  // namespace schema

/// Every table with its title, in the order of the reference.
std::span<const Section> schema_sections();

/// What is expected of a value: "a duration such as 30s, 100ms to 1d".
std::string expectation(const KeySpec& key);

/// The row of a key in docs/configuration.md: "| `name` | kind | default | summary |".
std::string reference_row(const KeySpec& key);

}  // namespace muster::config
