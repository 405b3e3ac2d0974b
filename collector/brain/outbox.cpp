#include "collector/brain/outbox.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/journal/entries.pb.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

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
    }
    if (!incident.probe.is_nil()) {
        data["probe"] = json::object{
            {"id", incident.probe.text()},
            {"type", incident.probe_type},
            {"name", incident.probe_name},
            {"host", incident.host}
        };
    }
    if (incident.agent != nothing) {
        data["agent"] = state.agents[incident.agent].name;
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
    return data;
}

/// CloudEvents 1.0, structured JSON.
std::string event_json(
    const Fold& fold, const Incident& incident, std::string_view transition, std::string_view id
) {
    return json::serialize(json::object{
        {"specversion", "1.0"},
        {"id", id},
        {"source", "urn:uuid:" + fold.state.installation},
        {"type", "net.muster.incident." + std::string(transition)},
        {"subject", incident_name(incident.number)},
        {"time", format_rfc3339(fold.wall)},
        {"datacontenttype", "application/json"},
        {"data", incident_data(fold.state, incident)}
    });
}

}  // namespace

void tell(Fold& fold, Incident& incident, std::string_view transition) {
    if (transition == "opened") {
        incident.told = fold.state.channels;
    }
    if (incident.told.empty()) {
        add_receipt(
            fold,
            incident.ci,
            incident.probe,
            "no channel",
            "nobody is told that it is " + std::string(transition) + ": no channel is configured",
            incident.number
        );
        return;
    }
    for (const std::string& channel : incident.told) {
        if (std::ranges::find(fold.state.channels, channel) == fold.state.channels.end()) {
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
        std::string id = incident_name(incident.number) + "/" + std::string(transition);
        if (incident.round > 1) {
            id += "." + std::to_string(incident.round);
        }
        id += "/" + channel;
        fold.store.insert_outbox(
            {.id = id,
             .incident = incident.number,
             .transition = transition,
             .channel = channel,
             .created = fold.wall,
             .payload = event_json(fold, incident, transition, id),
             .lsn = fold.lsn,
             .ordinal = fold.next_ordinal()}
        );
        fold.state.outgoing[id] = {incident.number, fold.elapsed, 0};
        fold.outbox_changed = true;
    }
}

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
    const bool given_up = !body.delivered() && (is_over || refuses_message(body.status()));
    const auto incident = fold.state.incidents.find(outgoing.incident);
    if (incident != fold.state.incidents.end()) {
        const json::object data{
            {"id", body.outbox_id()}, {"status", body.status()}, {"attempt", outgoing.attempts}
        };
        if (body.delivered()) {
            add_timeline(
                fold,
                incident->second,
                "notified",
                "system",
                body.outbox_id(),
                json::serialize(data)
            );
        } else if (outgoing.attempts == 1 || given_up) {
            add_timeline(
                fold, incident->second, "notify_failed", "system", detail, json::serialize(data)
            );
        }
    }
    const std::string_view state = body.delivered() ? "sent" : given_up ? "given_up" : "waiting";
    fold.store.update_outbox(
        body.outbox_id(),
        state,
        outgoing.attempts,
        body.delivered() ? std::string_view{} : std::string_view(detail),
        body.delivered() ? fold.wall : WallTime{}
    );
    if (body.delivered() || given_up) {
        fold.state.outgoing.erase(found);
    }
}

}  // namespace muster::collector
