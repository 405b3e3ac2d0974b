#include "collector/brain/incidents/record.hpp"

#include "collector/brain/outbox.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration closed_after = std::chrono::hours(7 * 24);

}  // namespace

std::string incident_name(std::uint64_t number) {
    return "INC-" + std::to_string(number);
}

std::uint32_t priority_of(std::string_view urgency) {
    if (urgency == "high") {
        return 2;
    }
    return urgency == "medium" ? 3 : 4;
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

Incident& open_incident(Fold& fold, Incident incident, std::string_view why, Telling telling) {
    incident.number = fold.state.next_incident++;
    incident.state = "new";
    incident.opened = fold.wall;
    incident.version = fold.lsn;
    incident.priority = priority_of(incident.urgency);
    const std::uint64_t number = incident.number;
    fold.state.open_by_key[incident.key] = number;
    Incident& kept = fold.state.incidents.emplace(number, std::move(incident)).first->second;
    fold.store.insert_incident(fold.state, kept, why);
    add_timeline(fold, kept, "opened", "system", kept.title, why);
    if (telling == Telling::told) {
        tell(fold, kept, "opened");
    }
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
    incident.version = fold.lsn;
    fold.state.open_by_key.erase(incident.key);
    fold.store.update_incident(incident);
    add_timeline(fold, incident, "resolved", by, resolution);
    fold.state.arm(fold.elapsed + closed_after, Timer::Kind::close, incident.number);
    if (telling == Telling::told) {
        tell(fold, incident, "resolved");
    }
}

void reopen_incident(Fold& fold, Incident& incident, std::string_view text) {
    incident.state = "new";
    incident.resolved = WallTime{};
    incident.resolved_by.clear();
    incident.resolution.clear();
    incident.round += 1;
    incident.version = fold.lsn;
    fold.state.open_by_key[incident.key] = incident.number;
    fold.store.update_incident(incident);
    add_timeline(fold, incident, "reopened", "system", text);
    tell(fold, incident, "reopened");
}

void close_if_settled(Fold& fold, std::uint64_t number) {
    const auto found = fold.state.incidents.find(number);
    if (found == fold.state.incidents.end() || found->second.state != "resolved" ||
        found->second.settled + closed_after > fold.elapsed) {
        return;
    }
    Incident& incident = found->second;
    incident.state = "closed";
    incident.version = fold.lsn;
    fold.store.update_incident(incident);
    add_timeline(fold, incident, "closed", "system", "closed after seven days");
    fold.state.incidents.erase(found);
}

}  // namespace muster::collector
