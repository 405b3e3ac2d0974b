#include "collector/brain/restored.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/symptoms.hpp"
#include "collector/brain/outbox.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>

namespace muster::collector {

namespace {

/// More than an agent can have been given between two backups.
constexpr std::uint32_t epochs_skipped = 100'000;

/// Nobody was there to decide it.
void open_unattended(Fold& fold, const proto::CollectorRestored& body) {
    Incident incident;
    incident.kind = "store_restored";
    incident.key = "store_restored/" + std::to_string(body.epoch());
    incident.title = "the collector went back to the backup " + printable(body.backup());
    incident.urgency = "high";
    incident.expected = "stores that can be read";
    incident.seen = printable(body.damaged());
    incident.reason = "damaged";
    incident.started = fold.wall;
    incident.detected = fold.wall;
    const std::string why = cause_why(
        "a store was found damaged at the start, and the newest good backup took its place",
        "had there been no good backup, the collector would not have started",
        {{"backup", body.backup()}, {"damaged", body.damaged()}}
    );
    open_incident(fold, std::move(incident), why, Telling::told);
}

}  // namespace

void fold_restored(Fold& fold, const Entry& entry) {
    proto::CollectorRestored body;
    if (!body.ParseFromString(entry.body)) {
        return;
    }
    State& state = fold.state;
    state.next_incident = std::max<std::uint64_t>(state.next_incident, body.incidents() + 1);
    withdraw_messages(fold);
    withdraw_digests(fold);
    if (!body.damaged().empty()) {
        open_unattended(fold, body);
    }
    for (AgentIndex index = 0; index < state.agents.size(); ++index) {
        Agent& agent = state.agents[index];
        if (agent.issued_epoch == 0 && agent.wanted_epoch == 0) {
            continue;
        }
        agent.wanted_epoch = std::max(agent.wanted_epoch, agent.issued_epoch) + epochs_skipped;
        state.assignments_wanted = true;
        state.epoch_pages.mark(index);
    }
}

}  // namespace muster::collector
