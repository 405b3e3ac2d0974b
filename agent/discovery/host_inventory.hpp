// Owns: one look at the machine: own eyes and the helper's put together, what of it is worth sending. Leaves to items.hpp: what
// is seen; to agent/inventory.hpp: threads and times.
#pragma once

#include "agent/discovery/interfaces.hpp"
#include "agent/discovery/items.hpp"
#include "agent/discovery/root.hpp"
#include "base/time.hpp"
#include "wire/observations.hpp"
#include "wire/record.hpp"

#include <optional>
#include <string>

namespace muster::agent {

struct HostInventoryOptions {
    std::string root = "/";
    std::string helper;  ///< socket of muster-inventory; empty: it is not asked
    ReadAddresses addresses = system_addresses;
    Observer observer;
};

/// Whether muster-inventory has told its part.
enum class HelperAnswer { asked_nobody, told, absent, failed };

struct HostInventory {
    wire::Observations seen;
    HelperAnswer helper = HelperAnswer::asked_nobody;
};

/// Looks at everything, at most as long as the helper may take and the time the files take. `seen.full` is false where the
/// helper is there and has not answered: what it knows is then absent without being gone. Blocks; any thread.
HostInventory look_at_host(const HostInventoryOptions& options, WallTime now);

/// Decides what is sent: what differs from what was sent last, and the same again once a day.
class InventoryPace {
  public:
    /// Whether `inventory` is to be sent now. Marks it as a part where an earlier one of this process had the helper's half and
    /// this one has not.
    bool take(HostInventory& inventory, MonoTime now);

  private:
    std::string last_hash_;
    std::optional<MonoTime> sent_;
    bool helper_has_told_ = false;
};

/// The record for the spool; small enough for a frame: where it is not, the last items of `seen` are left out, and `lacking`
/// says so.
wire::Record inventory_record(wire::Observations seen, WallTime wall, MonoTime mono);

}  // namespace muster::agent
