#include "config/schema.hpp"

#include "base/time.hpp"
#include "config/schema_units.hpp"

#include <fmt/format.h>

namespace muster::config {

namespace {

using enum KeyKind;

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
        case number:
            return "a number such as 200 or 0.5";
        case boolean:
            return "true or false";
        case duration:
            return "a duration such as 30s";
        case size:
            return "a size such as 256MiB";
        case address:
            return "HOST:PORT";
        case host:
            return "a name or an address";
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

std::span<const Section> schema_sections() {
    static const Section sections[] = {
        {"agent.yaml", schema::agent_file},
        {"agent.yaml: spool", schema::agent_spool},
        {"agent.yaml: link", schema::agent_link},
        {"agent.yaml: inventory", schema::agent_inventory},
        {"collector.yaml", schema::process},
        {"collector.yaml: listen", schema::listen},
        {"collector.yaml: link", schema::collector_link},
        {"collector.yaml: journal", schema::journal},
        {"collector.yaml: state", schema::state},
        {"collector.yaml: history", schema::history},
        {"collector.yaml: enrolment", schema::enrolment},
        {"collector.yaml: notify", schema::notify},
        {"collector.yaml: backup", schema::backup},
        {"collector.yaml: heartbeat", schema::heartbeat},
        {"collector.yaml and conf.d/*.yaml", schema::watch_file},
        {"targets", schema::target},
        {"policies", schema::policy},
        {"probes", schema::probe},
        {"from", schema::from},
        {"host_watch", schema::host_watch},
        {"storm", schema::storm},
        {"incidents", schema::incidents},
        {"incidents: priority", schema::priority},
        {"breach", schema::breach},
        {"breach: any", schema::breach_any},
        {"recover", schema::recover},
        {"flapping", schema::flapping},
        {"thresholds", schema::threshold},
        {"thresholds: probe", schema::threshold_probe},
        {"channels", schema::channel},
        {"channels: rate", schema::channel_rate},
        {"channels: template", schema::channel_template},
        {"classes", schema::ci_class},
        {"classes: attributes", schema::class_attribute},
        {"classes: identification", schema::class_identification},
        {"relation_types", schema::relation_type},
        {"relation_types: reverse", schema::relation_reverse},
        {"relation_types: pairs", schema::relation_pair},
        {"relation_types: impact", schema::relation_impact},
        {"label", schema::label},
        {"Secrets", schema::secret},
        {"cli.yaml", schema::cli_file},
    };
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
