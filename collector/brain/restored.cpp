#include "collector/brain/restored.hpp"

#include "collector/brain/outbox.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/journal/entries.pb.h"

#include <algorithm>

namespace muster::collector {

namespace {

/// More than an agent can have been given between two backups.
constexpr std::uint32_t epochs_skipped = 100'000;

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
