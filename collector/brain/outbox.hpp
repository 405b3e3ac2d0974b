// Owns: what is told to whom: rows of the outbox and their confirmation. Leaves to notify/:
// sending.
#pragma once

#include "collector/brain/fold.hpp"

#include <boost/json/fwd.hpp>

#include <string_view>

namespace muster::collector {

/// Writes one message a channel for a transition ("opened", "reopened", "worsened", "flapping", "calmed", "resolved", "cancelled") of an incident.
/// Whoever was told of the opening is told of what follows. Without a channel a receipt says so.
void tell(Fold& fold, Incident& incident, std::string_view transition);

/// It is graver than it was: whoever was told of it hears "worsened", newcomers that it is open.
void tell_worse(Fold& fold, Incident& incident);

/// It is of another kind now: channels that take it and were not told of it hear that it is open.
void tell_newcomers(Fold& fold, Incident& incident);

/// Folds "delivery.result".
void fold_delivery(Fold& fold, const Entry& entry);

/// What waits is never sent: the collector was restored, and whether it was told already is not known any more.
void withdraw_messages(Fold& fold);

/// What every message says of an incident (docs/channels.md).
boost::json::object incident_data(const State& state, const Incident& incident);

}  // namespace muster::collector
