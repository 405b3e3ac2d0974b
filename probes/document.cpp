#include "probes/document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::probes {

namespace {

/// "a|b|c" would end a table cell.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string value_of(const config::ParamSpec& spec) {
    std::string text(config::to_string(spec.kind));
    if (!spec.choices.empty()) {
        text = escaped(spec.choices);
    } else if (spec.least != 0 || spec.most != 0) {
        const bool is_duration = spec.kind == config::ParamKind::duration;
        text += is_duration ? fmt::format(
                                  ", {} to {}",
                                  format_duration(std::chrono::milliseconds(spec.least)),
                                  format_duration(std::chrono::milliseconds(spec.most))
                              )
                            : fmt::format(", {} to {}", spec.least, spec.most);
    }
    if (!spec.unit.empty()) {
        text += fmt::format(" {}", spec.unit);
    }
    return text;
}

std::string default_of(const config::ParamSpec& spec) {
    if (spec.required) {
        return "required";
    }
    return spec.default_text.empty() ? "" : fmt::format("`{}`", escaped(spec.default_text));
}

}  // namespace

std::string probe_document(const ProbeType& type) {
    std::string page = fmt::format("# {}\n\n{}\n\n", type.name, type.summary);
    page += fmt::format(
        "It runs in {}.\n\n## Options\n\n| option | value | default | |\n|---|---|---|---|\n",
        type.runs_in == RunsIn::worker ? "`muster-probe-worker`, which is sandboxed"
                                       : "the agent itself"
    );
    for (const config::ParamSpec& spec : type.params) {
        page += fmt::format(
            "| `{}` | {} | {} | {} |\n",
            spec.name,
            value_of(spec),
            default_of(spec),
            escaped(spec.summary)
        );
    }
    page += "\n## Metrics\n\n| metric | unit | |\n|---|---|---|\n";
    for (const MetricSpec& metric : type.metrics) {
        page +=
            fmt::format("| `{}` | {} | {} |\n", metric.name, metric.unit, escaped(metric.summary));
    }
    return page;
}

}  // namespace muster::probes
