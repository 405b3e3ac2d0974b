#include "collector/brain/outbox.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/probe_target.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/journal/entries.pb.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr Duration given_up_after = std::chrono::hours(24);
constexpr std::size_t detail_bytes = 512;

/// The receiver will never take this message; those behind it may be welcome. Anything about who we are or where it
/// listens (401, 403, 404, 410) is for a person to mend, and then this message still counts.
bool refuses_message(int status) {
    constexpr std::array final_answers = {400, 409, 411, 413, 414, 415, 422};
    return std::ranges::find(final_answers, status) != final_answers.end();
}

/// What it asks is known while it is probed.
json::object probe_of(const State& state, const Incident& incident) {
    json::object probe{
        {"id", incident.probe.text()},
        {"type", incident.probe_type},
        {"name", incident.probe_name},
        {"host", incident.host}
    };
    if (const auto slot = state.slot_by_id.find(incident.probe); slot != state.slot_by_id.end()) {
        const Spec& spec = state.specs[state.cold[slot->second].spec];
        probe["target"] = probe_target(*spec.probe, incident.host);
    }
    return probe;
}

}  // namespace

json::object incident_data(const State& state, const Incident& incident) {
    json::object data{
        {"number", incident_name(incident.number)},
        {"kind", incident.kind},
        {"title", incident.title},
        {"expected", incident.expected},
        {"seen", incident.seen},
        {"reason", incident.reason},
        {"state", incident.state},
        {"urgency", incident.urgency},
        {"priority", incident.priority},
        {"impact", incident.impact},
        {"place", incident.place},
        {"started", format_rfc3339(incident.started)},
        {"detected", format_rfc3339(incident.detected)},
        {"opened", format_rfc3339(incident.opened)},
        {"detected_late", incident.detected_late}
    };
    if (incident.ci != nothing) {
        const CiState& ci = state.cis[incident.ci];
        data["ci"] = json::object{
            {"id", ci.id.text()}, {"name", ci.name}, {"class", ci.ci_class}, {"site", ci.site}
        };
        if (!ci.service.empty()) {
            data["ci"].as_object()["service"] = ci.service;
        }
    }
    if (const std::vector<std::string> services = services_affected(state, incident);
        !services.empty()) {
        data["services"] = json::array(services.begin(), services.end());
    }
    if (!incident.probe.is_nil()) {
        data["probe"] = probe_of(state, incident);
    }
    if (incident.agent != nothing) {
        data["agent"] = state.agents[incident.agent].name;
    }
    for (const auto& [name, value] :
         {std::pair<std::string_view, const std::string*>{"team", &incident.team},
          {"assignee", &incident.assignee},
          {"reporter", &incident.reporter},
          {"description", &incident.description}}) {
        if (!value->empty()) {
            data[name] = *value;
        }
    }
    if (incident.previous != 0) {
        data["previous"] = incident_name(incident.previous);
    }
    if (incident.acknowledged != WallTime{}) {
        data["acknowledged"] = format_rfc3339(incident.acknowledged);
        data["acknowledged_by"] = incident.acknowledged_by;
    }
    if (incident.resolved != WallTime{}) {
        data["resolved"] = format_rfc3339(incident.resolved);
        data["resolved_by"] = incident.resolved_by;
        data["resolution"] = incident.resolution;
    }
    if (incident.state == "cancelled") {
        data["closed"] = format_rfc3339(incident.closed);
        data["closed_by"] = incident.closed_by;
        data["resolution"] = incident.resolution;
    }
    return data;
}

void tell(Fold& fold, Incident& incident, std::string_view transition) {
    const bool has_channels = !fold.state.telling.all.empty();
    if (transition == "opened" || (transition == "reopened" && incident.told.empty())) {
        incident.told = channels_for(fold, incident);
    }
    if (incident.told.empty()) {
        // Of a dead channel all others are told: there is none.
        const bool is_own = has_channels && incident.kind == "channel_dead";
        const std::string_view why =
            is_own && incident.is_over() ? "the only channel there is was the dead one"
            : is_own                     ? "the only channel that would be told is the dead one"
            : has_channels               ? "no channel asks for it"
                                         : "no channel is configured";
        add_receipt(
            fold,
            incident.ci,
            incident.probe,
            has_channels && !is_own ? "no channel matches" : "no channel",
            "nobody is told that it is " + std::string(transition) + ": " + std::string(why),
            incident.number
        );
        return;
    }
    for (const std::string& channel : incident.told) {
        if (fold.state.telling.find(channel) == nullptr) {
            add_receipt(
                fold,
                incident.ci,
                incident.probe,
                "channel removed",
                "\"" + channel + "\" is no longer configured",
                incident.number
            );
            continue;
        }
        send_or_merge(fold, channel, incident, transition);
    }
}

void tell_worse(Fold& fold, Incident& incident) {
    if (!incident.told.empty() || channels_for(fold, incident).empty()) {
        tell(fold, incident, "worsened");
    }
    tell_newcomers(fold, incident);
}

void tell_newcomers(Fold& fold, Incident& incident) {
    for (const std::string& channel : channels_for(fold, incident)) {
        if (std::ranges::find(incident.told, channel) == incident.told.end()) {
            incident.told.push_back(channel);
            send_or_merge(fold, channel, incident, "opened");
        }
    }
}

namespace {

/// Of "INC-31/reopened.2/operations" and "digest/7/operations": what was told to whom. The round keeps ids apart and is
/// nobody's business.
std::string told_text(const Outgoing& outgoing, std::string_view id) {
    const std::string told = "told " + outgoing.channel;
    if (!outgoing.merged.empty()) {
        return told + " in one message with others";
    }
    const std::size_t begin = id.find('/');
    const std::size_t end = id.find('/', begin + 1);
    return begin == std::string_view::npos || end == std::string_view::npos
               ? told
               : told + ": " +
                     std::string(
                         id.substr(begin + 1, std::min(end, id.find('.', begin)) - begin - 1)
                     );
}

/// A row for everyone the message spoke of.
void note_delivery(
    Fold& fold,
    const Outgoing& outgoing,
    std::string_view kind,
    const std::string& text,
    const std::string& data
) {
    const auto note = [&](std::uint64_t number) {
        const auto incident = fold.state.incidents.find(number);
        if (incident != fold.state.incidents.end()) {
            add_timeline(fold, incident->second, kind, "system", text, data);
        }
    };
    if (outgoing.merged.empty()) {
        note(outgoing.incident);
    }
    for (const std::uint64_t number : outgoing.merged) {
        note(number);
    }
}

}  // namespace

void fold_delivery(Fold& fold, const Entry& entry) {
    proto::DeliveryResult body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    const auto found = fold.state.outgoing.find(body.outbox_id());
    if (found == fold.state.outgoing.end()) {
        return;  // confirmed before: the same answer was reported twice
    }
    Outgoing& outgoing = found->second;
    outgoing.attempts = std::max(outgoing.attempts + 1, body.attempt());
    const std::string detail = printable(body.detail(), detail_bytes);
    const bool is_over = fold.elapsed - outgoing.created > given_up_after;
    const bool given_up =
        !body.delivered() && (is_over || body.refused() || refuses_message(body.status()));
    const std::string data = json::serialize(json::object{
        {"id", body.outbox_id()}, {"status", body.status()}, {"attempt", outgoing.attempts}
    });
    if (body.delivered()) {
        note_delivery(fold, outgoing, "notified", told_text(outgoing, body.outbox_id()), data);
    } else if (outgoing.attempts == 1 || given_up) {
        note_delivery(
            fold, outgoing, "notify_failed", outgoing.channel + " was not told: " + detail, data
        );
    }
    const std::string_view state = body.delivered() ? "sent" : given_up ? "given_up" : "waiting";
    fold.store.update_outbox(
        body.outbox_id(),
        state,
        outgoing.attempts,
        body.delivered() ? std::string_view{} : std::string_view(detail),
        body.delivered() ? fold.wall : WallTime{}
    );
    const std::string channel = outgoing.channel;
    if (body.delivered() || given_up) {
        fold.state.outgoing.erase(found);
        if (ChannelState* left = fold.state.telling.find(channel); left != nullptr) {
            message_left(*left);
        }
    }
    channel_answered(
        fold, channel, body.delivered() ? Attempt::delivered : Attempt::failed, detail
    );
}

void withdraw_messages(Fold& fold) {
    constexpr std::string_view why = "unsent, restored";
    for (const auto& [id, outgoing] : std::exchange(fold.state.outgoing, {})) {
        const std::string text =
            "whether " + outgoing.channel + " was told is not known: the collector was restored";
        const std::string data = json::serialize(json::object{{"id", id}});
        note_delivery(fold, outgoing, "notify_failed", text, data);
        fold.store.update_outbox(id, "given_up", outgoing.attempts, why, WallTime{});
        if (ChannelState* left = fold.state.telling.find(outgoing.channel); left != nullptr) {
            message_left(*left);
            fold.store.put_channel(fold.state.telling, *left);
        }
    }
}

}  // namespace muster::collector
