#include "collector/brain/incidents/flapping.hpp"

#include "collector/brain/incidents/record.hpp"
#include "collector/brain/outbox.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <string>

namespace muster::collector {

namespace {

std::string times_text(std::uint32_t count, Duration over) {
    return std::to_string(count) + " times within " + format_duration(over);
}

/// One timer a CI: it looks again when something happened meanwhile.
void watch_calm(Fold& fold, CiIndex ci, Flap& flap, Duration wait) {
    flap.timer = fold.state.arm(fold.elapsed + wait, Timer::Kind::flapping, ci);
}

}  // namespace

void note_transition(Fold& fold, CiIndex ci, WallTime at, const config::Flapping& rule) {
    if (window_during(fold.state, ci, at, at) != nullptr) {
        return;  // what happens inside a maintenance window tells nothing of the CI
    }
    Flap& flap = fold.state.flaps[ci];
    flap.over = rule.over;
    flap.transitions.push_back(at);
    std::erase_if(flap.transitions, [&](WallTime each) { return each + rule.over <= at; });
    if (flap.transitions.size() > rule.transitions) {
        flap.transitions.erase(flap.transitions.begin());
    }
    if (flap.timer == 0) {
        watch_calm(fold, ci, flap, rule.over);
    }
    if (flap.since != WallTime{}) {
        flap.count += 1;
        fold.store.update_flapping(flap.incident, flap.since, flap.count);
    }
}

bool is_restless(const Fold& fold, CiIndex ci, const config::Flapping& rule) {
    const auto found = fold.state.flaps.find(ci);
    return found != fold.state.flaps.end() && !found->second.transitions.empty() &&
           found->second.transitions.size() >= rule.transitions &&
           found->second.transitions.back() + rule.over > fold.wall;
}

void begin_flapping(Fold& fold, CiIndex ci, Incident& incident) {
    Flap& flap = fold.state.flaps[ci];
    flap.since = fold.wall;
    flap.count = static_cast<std::uint32_t>(flap.transitions.size());
    flap.incident = incident.number;
    incident.version = fold.lsn;
    fold.store.update_incident(incident);
    fold.store.update_flapping(incident.number, flap.since, flap.count);
    add_timeline(
        fold,
        incident,
        "flapping",
        "system",
        "flapping: it exceeded or recovered " + times_text(flap.count, flap.over) +
            "; it stays open until that has stopped"
    );
    tell(fold, incident, "flapping");
}

bool is_flapping(const State& state, CiIndex ci) {
    const auto found = state.flaps.find(ci);
    return found != state.flaps.end() && found->second.since != WallTime{};
}

void stop_flapping(Fold& fold, CiIndex ci) {
    const auto found = fold.state.flaps.find(ci);
    if (found == fold.state.flaps.end()) {
        return;
    }
    const Flap& flap = found->second;
    if (flap.since != WallTime{}) {
        fold.store.update_flapping(flap.incident, WallTime{}, flap.count);
    }
    fold.state.flaps.erase(found);
}

void end_flapping(Fold& fold, CiIndex ci) {
    if (is_flapping(fold.state, ci)) {
        stop_flapping(fold, ci);
    }
}

bool calm_is_long(Fold& fold, CiIndex ci, std::uint64_t timer) {
    const auto found = fold.state.flaps.find(ci);
    if (found == fold.state.flaps.end() || found->second.timer != timer) {
        return false;
    }
    Flap& flap = found->second;
    const Duration left = flap.transitions.back() + flap.over - fold.wall;
    if (left > Duration{}) {
        watch_calm(fold, ci, flap, std::min(left, flap.over));
        return false;
    }
    const bool was_flapping = flap.since != WallTime{};
    if (const auto incident = fold.state.incidents.find(flap.incident);
        was_flapping && incident != fold.state.incidents.end()) {
        incident->second.version = fold.lsn;
        fold.store.update_incident(incident->second);
        add_timeline(
            fold,
            incident->second,
            "calmed",
            "system",
            "flapping no more: calm for " + format_duration(flap.over) +
                " after it exceeded or "
                "recovered " +
                std::to_string(flap.count) + " times"
        );
    }
    stop_flapping(fold, ci);
    return was_flapping;
}

}  // namespace muster::collector
