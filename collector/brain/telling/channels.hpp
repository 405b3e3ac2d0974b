// Owns: who is told, how much, and whether a channel still works: routing, rates, digests, dead channels. Leaves to
// ../outbox: the form of a message; to notify/: sending.
#pragma once

#include "collector/brain/commands.hpp"
#include "collector/brain/fold.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The channels of a new configuration. One that stays keeps its rate and its health.
void configure_channels(Fold& fold, const std::vector<config::Channel>& channels);

/// A collector start: nobody tried meanwhile, so that a failing channel is given its time anew.
void restart_channels(Fold& fold);

/// Which channels are told of an incident that opens. That a channel is dead is told by all others that ask for it, and by
/// all others at all where none does.
std::vector<std::string> channels_for(const Fold& fold, const Incident& incident);

/// A message to the outbox, or, beyond the channel's rate or while its outbox is full, into its next digest, with a
/// receipt. The channel exists.
void send_or_merge(
    Fold& fold, const std::string& channel, const Incident& incident, std::string_view transition
);

/// A message of the channel left the outbox: confirmed or given up.
void message_left(ChannelState& channel);

/// What came of an attempt on the channel. It dies when it has failed three times in a row and for `dead_after`, and lives
/// again with the next success.
enum class Attempt { delivered, failed };
void channel_answered(
    Fold& fold, const std::string& channel, Attempt attempt, std::string_view detail
);

/// What waits for a digest is never sent: the collector was restored.
void withdraw_digests(Fold& fold);

/// Timer `channel`.
void channel_is_due(Fold& fold, std::uint32_t id, std::uint64_t timer);

/// Why nobody would be told of an incident of priority 1 now; empty: somebody would.
std::string why_nobody_is_told(const State& state);

/// Whether it is about a channel that is still dead.
bool is_of_dead_channel(const State& state, const Incident& incident);

/// {"name", "delivered", "status", "detail"}: a person tried it; the verdict repeats what came of it.
Verdict channel_tested(Fold& fold, const CommandCall& call);

}  // namespace muster::collector
