// Owns: the life of one incident: opened, resolved, reopened, closed; its row, its timeline. Leaves
// to faults and presence: when; to outbox: telling.
#pragma once

#include "collector/brain/fold.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// Whether people are told: what is found late and is over already is recorded only.
enum class Telling { told, recorded };

/// Gives it a number, the state "new", its row and the timeline row "opened". `why` is JSON.
Incident& open_incident(Fold& fold, Incident incident, std::string_view why, Telling telling);

/// `by`: "system" or an actor. `at`: when it was over.
void resolve_incident(
    Fold& fold,
    Incident& incident,
    std::string_view by,
    std::string_view resolution,
    WallTime at,
    Telling telling
);

/// It was resolved by a person while the fault went on.
void reopen_incident(Fold& fold, Incident& incident, std::string_view text);

void add_timeline(
    Fold& fold,
    const Incident& incident,
    std::string_view kind,
    std::string_view actor,
    std::string_view text,
    std::string_view data = "{}"
);

/// Timer `close`: a resolved incident is closed after a week and forgotten by the brain; the record
/// keeps it.
void close_if_settled(Fold& fold, std::uint64_t number);

/// 1 (highest) … 4, by urgency alone until impact is known.
std::uint32_t priority_of(std::string_view urgency);

/// "INC-31"
std::string incident_name(std::uint64_t number);

}  // namespace muster::collector
