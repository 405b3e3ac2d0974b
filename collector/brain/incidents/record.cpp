#include "collector/brain/incidents/record.hpp"

#include "base/human_duration.hpp"
#include "collector/brain/incidents/kinds.hpp"
#include "collector/brain/incidents/priority.hpp"
#include "collector/brain/outbox.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration forgotten_after = std::chrono::hours(7 * 24);

Duration closed_after(const Incident& incident) {
    const IncidentKind* kind = find_incident_kind(incident.kind);
    return kind == nullptr ? forgotten_after : kind->closed_after;
}

/// The incident of that key which goes on, or was resolved a moment ago; null: it is a new one.
Incident* same_incident(Fold& fold, const std::string& key, Telling telling) {
    State& state = fold.state;
    const auto last = state.last_by_key.find(key);
    if (last == state.last_by_key.end() || telling == Telling::recorded) {
        return nullptr;
    }
    const auto found = state.incidents.find(last->second);
    if (found == state.incidents.end()) {
        return nullptr;
    }
    Incident& incident = found->second;
    const bool is_recent = incident.state == "resolved" &&
                           fold.elapsed - incident.settled <= state.incident_rules.reopen_within &&
                           state.incident_rules.reopen_within > Duration{};
    return !incident.is_over() || is_recent ? &incident : nullptr;
}

Incident& go_on(Fold& fold, Incident& incident, const Incident& seen, std::string_view why) {
    const bool is_worse = incident.kind == "degradation" && seen.kind != incident.kind;
    if (!incident.is_over()) {
        const std::string reasons = describe_anew(fold, incident, seen, why, "seen_again");
        save_incident(fold, incident);
        add_timeline(fold, incident, "symptom", "system", seen.title, reasons);
        if (is_worse) {
            tell_worse(fold, incident);
        }
        return incident;
    }
    // It was well in between: what it counts from now on began with this failure.
    incident.started = seen.started;
    incident.detected = seen.detected;
    incident.detected_late = seen.detected_late;
    const std::string reasons = describe_anew(fold, incident, seen, why, "reopened");
    const auto after = std::chrono::floor<std::chrono::seconds>(fold.elapsed - incident.settled);
    reopen_incident(
        fold,
        incident,
        "system",
        "again " + human_duration(after) + " after it was resolved: " + seen.title,
        reasons
    );
    if (is_worse) {
        tell_newcomers(fold, incident);
    }
    return incident;
}

void forget(State& state, std::uint64_t number) {
    const auto found = state.incidents.find(number);
    const auto last = state.last_by_key.find(found->second.key);
    if (last != state.last_by_key.end() && last->second == number) {
        state.last_by_key.erase(last);
    }
    state.incidents.erase(found);
}

/// Why it opened, and why it is as grave as it is.
boost::json::object with_impact(std::string_view why, const Incident& incident) {
    boost::json::object reasons = boost::json::parse(why).as_object();
    reasons["impact"] = incident.impact + ": " + incident.impact_basis;
    return reasons;
}

void stop_waiting(Incident& incident) {
    incident.pending_reason.clear();
    incident.pending_text.clear();
    incident.pending_since = WallTime{};
}

}  // namespace

std::string incident_name(std::uint64_t number) {
    return "INC-" + std::to_string(number);
}

void add_timeline(
    Fold& fold,
    const Incident& incident,
    std::string_view kind,
    std::string_view actor,
    std::string_view text,
    std::string_view data
) {
    fold.store.insert_timeline(
        {.incident = incident.number,
         .lsn = fold.lsn,
         .ordinal = fold.next_ordinal(),
         .wall = fold.wall,
         .kind = kind,
         .actor = actor,
         .text = text,
         .data = data}
    );
}

void save_incident(Fold& fold, Incident& incident) {
    incident.version = fold.lsn;
    fold.store.update_incident(incident);
}

std::string describe_anew(
    Fold& fold,
    Incident& incident,
    const Incident& seen,
    std::string_view why,
    std::string_view change
) {
    if (incident.kind == "degradation") {
        incident.kind = seen.kind;
    }
    incident.agent = seen.agent;
    incident.probe = seen.probe;
    incident.probe_type = seen.probe_type;
    incident.probe_name = seen.probe_name;
    incident.host = seen.host;
    incident.title = seen.title;
    incident.expected = seen.expected;
    incident.seen = seen.seen;
    incident.reason = seen.reason;
    incident.urgency = seen.urgency;
    rank_incident(fold, incident);
    boost::json::object reasons = with_impact(why, incident);
    reasons["opened"] = format_rfc3339(incident.opened);
    reasons[change] = format_rfc3339(fold.wall);
    const std::string text = boost::json::serialize(reasons);
    fold.store.describe_incident(fold.state, incident, text);
    return text;
}

Incident& open_incident(Fold& fold, Incident incident, std::string_view why, Telling telling) {
    State& state = fold.state;
    if (Incident* same = same_incident(fold, incident.key, telling)) {
        return go_on(fold, *same, incident, why);
    }
    incident.number = state.next_incident++;
    incident.state = "new";
    incident.opened = fold.wall;
    incident.version = fold.lsn;
    const auto last = state.last_by_key.find(incident.key);
    incident.previous = last == state.last_by_key.end() ? 0 : last->second;
    locate_incident(fold, incident);
    rank_incident(fold, incident);
    const std::uint64_t number = incident.number;
    state.open_by_key[incident.key] = number;
    state.last_by_key[incident.key] = number;
    Incident& kept = state.incidents.emplace(number, std::move(incident)).first->second;
    const std::string reasons = boost::json::serialize(with_impact(why, kept));
    fold.store.insert_incident(state, kept, reasons);
    const std::string_view by = kept.reporter.empty() ? "system" : std::string_view(kept.reporter);
    add_timeline(fold, kept, "opened", by, kept.title, reasons);
    if (telling == Telling::told) {
        tell(fold, kept, "opened");
    }
    kept.touched.clear();
    return kept;
}

void resolve_incident(
    Fold& fold,
    Incident& incident,
    std::string_view by,
    std::string_view resolution,
    WallTime at,
    Telling telling
) {
    incident.state = "resolved";
    incident.resolved = std::max(at, incident.started);
    incident.resolved_by = by;
    incident.resolution = resolution;
    incident.settled = fold.elapsed;
    stop_waiting(incident);
    fold.state.open_by_key.erase(incident.key);
    save_incident(fold, incident);
    add_timeline(fold, incident, "resolved", by, resolution);
    fold.state.arm(fold.elapsed + closed_after(incident), Timer::Kind::close, incident.number);
    if (telling == Telling::told) {
        tell(fold, incident, "resolved");
    }
}

void reopen_incident(
    Fold& fold,
    Incident& incident,
    std::string_view by,
    std::string_view text,
    std::string_view data
) {
    incident.state = incident.assignee.empty() ? "new" : "assigned";
    incident.resolved = WallTime{};
    incident.resolved_by.clear();
    incident.resolution.clear();
    incident.round += 1;
    fold.state.open_by_key[incident.key] = incident.number;
    save_incident(fold, incident);
    add_timeline(fold, incident, "reopened", by, text, data);
    tell(fold, incident, "reopened");
}

void end_incident(
    Fold& fold,
    Incident& incident,
    std::string_view state,
    std::string_view by,
    std::string_view text
) {
    const bool was_open = !incident.is_over();
    incident.state = state;
    incident.closed = fold.wall;
    incident.closed_by = by;
    stop_waiting(incident);
    if (was_open) {
        incident.resolution = text;
        fold.state.open_by_key.erase(incident.key);
    }
    incident.settled = fold.elapsed;
    save_incident(fold, incident);
    add_timeline(fold, incident, state, by, text);
    fold.state.arm(fold.elapsed + forgotten_after, Timer::Kind::close, incident.number);
    if (was_open) {
        tell(fold, incident, state);
    }
}

void close_if_settled(Fold& fold, std::uint64_t number) {
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end() || !found->second.is_over()) {
        return;
    }
    Incident& incident = found->second;
    if (incident.state != "resolved") {
        if (incident.settled + forgotten_after <= fold.elapsed) {
            forget(fold.state, number);
        }
        return;
    }
    if (incident.settled + closed_after(incident) > fold.elapsed) {
        return;  // it was reopened meanwhile: a later timer waits for that
    }
    const auto days =
        std::chrono::duration_cast<std::chrono::hours>(closed_after(incident)).count() / 24;
    end_incident(
        fold, incident, "closed", "system", "closed after " + std::to_string(days) + " days"
    );
}

}  // namespace muster::collector
