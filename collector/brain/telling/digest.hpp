// Owns: the rows of the outbox: a message, a digest of many, a probe of a dead channel. Leaves to telling/channels: when.
#pragma once

#include "collector/brain/fold.hpp"

#include <string_view>

namespace muster::collector {

/// At most this many messages of a digest are kept by name; the rest is counted, and has its receipts.
inline constexpr std::size_t most_merged = 2000;
/// At most this many are listed in it.
inline constexpr std::size_t most_listed = 200;

void insert_message(
    Fold& fold, ChannelState& channel, const Incident& incident, std::string_view transition
);

/// Keeps it for the next digest. Where there are too many, those of the lowest priority are counted only.
void merge(
    Fold& fold, ChannelState& channel, const Incident& incident, std::string_view transition
);

/// All that is merged, as one message, priority 1 first; nothing is merged afterwards.
void insert_digest(Fold& fold, ChannelState& channel);

/// A test message.
void insert_probe_message(Fold& fold, ChannelState& channel);

}  // namespace muster::collector
