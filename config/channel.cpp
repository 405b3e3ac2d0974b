#include "config/channel.hpp"

#include <array>

namespace muster::config {

namespace {

constexpr std::array<std::string_view, 10> fields{
    "kind",
    "priority",
    "urgency",
    "ci",
    "class",
    "site",
    "service",
    "agent",
    "probe",
    "probe.type",
};

constexpr std::array placeholders{
    Placeholder{
        "transition",
        "What happened, in words: opened, reopened, worsened, resolved, flapping, calmed, "
        "cancelled."
    },
    Placeholder{"incident.number", "`INC-31`"},
    Placeholder{"incident.title", "What is wrong, in one line."},
    Placeholder{"incident.kind", "The kind, in words."},
    Placeholder{"incident.state", "`new`, `resolved`, …; in Chinese in words."},
    Placeholder{"incident.priority", "1 (highest) to 4."},
    Placeholder{"incident.urgency", "`high`, `medium` or `low`."},
    Placeholder{"incident.impact", "Likewise: how much hangs on it."},
    Placeholder{"incident.place", "Where it is: site, room, rack, port, as far as known."},
    Placeholder{"incident.services", "The services it touches, its own and those of its symptoms."},
    Placeholder{"incident.team", "The team that owns it."},
    Placeholder{"incident.assignee", "Who works on it."},
    Placeholder{"incident.reporter", "Who reported it; empty where the collector found it."},
    Placeholder{"incident.description", "What they said of it."},
    Placeholder{"incident.expected", "What was expected."},
    Placeholder{"incident.seen", "What was seen."},
    Placeholder{"incident.reason", "The reason the probe gave."},
    Placeholder{"incident.started", "When it began, in the channel's zone."},
    Placeholder{"incident.opened", "When the incident was opened."},
    Placeholder{"incident.acknowledged", "When somebody acknowledged it; else empty."},
    Placeholder{"incident.acknowledged_by", "Who did."},
    Placeholder{"incident.resolved", "When it was resolved or cancelled; empty while it is open."},
    Placeholder{"incident.resolved_by", "Who said so."},
    Placeholder{"incident.resolution", "How it ended."},
    Placeholder{"incident.outcome", "Its title; once it is over, how it ended and what it was."},
    Placeholder{"incident.duration", "How long it lasted; empty while it goes on."},
    Placeholder{"ci.name", "The configuration item it is about."},
    Placeholder{"ci.class", "Its class."},
    Placeholder{"ci.site", "Its site."},
    Placeholder{"ci.service", "The service it belongs to."},
    Placeholder{"probe.name", "The probe that found it."},
    Placeholder{"probe.type", "Its type."},
    Placeholder{"probe.label", "Its name, with its type behind it where that is another word."},
    Placeholder{"probe.host", "The host it talks to."},
    Placeholder{"probe.target", "What it asks: a URL, a host and port, or a host."},
    Placeholder{"agent.name", "The agent that probed, or that is silent."},
    Placeholder{"channel.name", "The channel this message goes through."},
};

constexpr auto names = [] {
    std::array<std::string_view, placeholders.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = placeholders[i].name;
    }
    return all;
}();

}  // namespace

std::span<const std::string_view> incident_fields() {
    return fields;
}

std::span<const Placeholder> mail_placeholders() {
    return placeholders;
}

std::span<const std::string_view> mail_placeholder_names() {
    return names;
}

}  // namespace muster::config
