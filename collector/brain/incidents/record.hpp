// Owns: the life of one incident: opened, resolved, reopened, closed, cancelled; its row, its timeline. Leaves
// to faults, presence and commands: when; to priority: how grave; to outbox: telling.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// Whether people are told: what is found late and is over already is recorded only.
enum class Telling { told, recorded };

/// An incident about `incident.key`: the open one there is, the last one again where it was resolved a moment ago
/// (`incidents: {reopen_within}`), else a new one, linked to the last. Ranked, located, with its rows. `why` is JSON.
Incident& open_incident(Fold& fold, Incident incident, std::string_view why, Telling telling);

/// What fails now takes the place of what failed first: kind, probe, words, rank and reasons; not the times, and the row
/// awaits `save_incident`. `why` is JSON, and comes back with `change` ("reopened"), the reason's name for now.
std::string describe_anew(
    Fold& fold,
    Incident& incident,
    const Incident& seen,
    std::string_view why,
    std::string_view change
);

/// `by`: "system" or an actor. `at`: when it was over.
void resolve_incident(
    Fold& fold,
    Incident& incident,
    std::string_view by,
    std::string_view resolution,
    WallTime at,
    Telling telling
);

/// It goes on, or begins again. `by`: "system" or an actor. `data` is JSON.
void reopen_incident(
    Fold& fold,
    Incident& incident,
    std::string_view by,
    std::string_view text,
    std::string_view data = "{}"
);

/// For good: "closed" or "cancelled". The brain forgets it a week later.
void end_incident(
    Fold& fold,
    Incident& incident,
    std::string_view state,
    std::string_view by,
    std::string_view text
);

/// A change that is neither of these: version and row.
void save_incident(Fold& fold, Incident& incident);

void add_timeline(
    Fold& fold,
    const Incident& incident,
    std::string_view kind,
    std::string_view actor,
    std::string_view text,
    std::string_view data = "{}"
);

/// Timer `close`: what was resolved long enough ago is closed; what is over for good the brain forgets, the record keeps.
void close_if_settled(Fold& fold, std::uint64_t number);

/// "INC-31"
std::string incident_name(std::uint64_t number);

}  // namespace muster::collector
