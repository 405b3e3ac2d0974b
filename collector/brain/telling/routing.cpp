#include "collector/brain/telling/routing.hpp"

#include "base/bytes.hpp"
#include "collector/brain/cmdb_stage.hpp"
#include "collector/brain/telling/channels.hpp"

#include <algorithm>
#include <optional>

namespace muster::collector {

namespace {

constexpr std::size_t target_bytes = 300;

std::optional<std::string> text_or_nothing(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

/// config::incident_fields() and labels, of one incident.
std::optional<std::string> field_of(
    const State& state, const Incident& incident, std::string_view field
) {
    if (field == "kind") {
        return incident.kind;
    }
    if (field == "priority") {
        return std::to_string(incident.priority);
    }
    if (field == "urgency") {
        return incident.urgency;
    }
    if (field == "probe") {
        return text_or_nothing(incident.probe_name);
    }
    if (field == "probe.type") {
        return text_or_nothing(incident.probe_type);
    }
    if (field == "agent") {
        return incident.agent == nothing
                   ? std::nullopt
                   : std::optional<std::string>(state.agents[incident.agent].name);
    }
    if (incident.ci == nothing) {
        return std::nullopt;
    }
    const CiState& ci = state.cis[incident.ci];
    return field == "ci" ? ci.name : ci_field(ci, field);
}

bool takes(const Fold& fold, const ChannelState& channel, const Incident& incident) {
    return channel.match.text().empty() ||
           channel.match.matches(
               [&](std::string_view field) { return field_of(fold.state, incident, field); },
               [&](std::string_view name, std::string_view wanted) {
                   return fold.model.is_a(name, wanted);
               }
           );
}

/// Whether some incident of priority 1 would go to it.
bool takes_the_worst(const ChannelState& channel) {
    return channel.match.text().empty() || channel.match.possible([](std::string_view field) {
        return field == "priority" ? std::optional<std::string>("1") : std::nullopt;
    });
}

}  // namespace

std::string target_of(const config::Channel& channel) {
    if (channel.type == "smtp") {
        std::string target = channel.mail.server + " to ";
        for (const std::string& to : channel.mail.to) {
            target += (target.ends_with(" to ") ? "" : ", ") + to;
        }
        return printable(target, target_bytes);
    }
    // Receivers put keys into paths and queries.
    const std::size_t host = channel.url.find("://");
    const std::size_t end =
        host == std::string::npos ? host : channel.url.find_first_of("/?#", host + 3);
    return printable(channel.url.substr(0, end), target_bytes);
}

std::vector<std::string> channels_for(const Fold& fold, const Incident& incident) {
    std::vector<std::string> matching;
    std::vector<std::string> others;
    for (const ChannelState& channel : fold.state.telling.all) {
        if (incident.key == "channel_dead/" + channel.name) {
            continue;
        }
        others.push_back(channel.name);
        if (takes(fold, channel, incident)) {
            matching.push_back(channel.name);
        }
    }
    return matching.empty() && incident.kind == "channel_dead" ? others : matching;
}

std::string why_nobody_is_told(const State& state) {
    const auto& all = state.telling.all;
    if (all.empty()) {
        return "no channel is configured";
    }
    if (std::ranges::all_of(all, &ChannelState::dead)) {
        return "every channel is dead";
    }
    const bool is_told = std::ranges::any_of(all, [](const ChannelState& channel) {
        return !channel.dead && takes_the_worst(channel);
    });
    return is_told ? std::string()
                   : std::string("no channel that works is told of incidents of priority 1");
}

}  // namespace muster::collector
