// Owns: when the machine is looked at, on a thread of its own, and handing over what is worth sending. Leaves to discovery/:
// looking; to delivery.hpp: sending.
#pragma once

#include "agent/discovery/host_inventory.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "wire/record.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {

struct InventoryOptions {
    HostInventoryOptions host;
    Duration every{};  ///< zero: never
};

/// Made, used and destroyed on the loop's thread; only the looking itself happens on another, one at a time. Destruction does
/// not wait for a look that is under way.
class Inventory {
  public:
    using Deliver = std::function<void(wire::Record)>;

    /// `clock` and `random` outlive this; `deliver` is called on the loop, never after `stop`.
    Inventory(
        asio::io_context& loop,
        const Clock& clock,
        Random& random,
        InventoryOptions options,
        Deliver deliver
    );
    ~Inventory();
    Inventory(const Inventory&) = delete;
    Inventory& operator=(const Inventory&) = delete;

    /// Looks now and then every `every`.
    void start();
    /// No more looks; what is under way is not delivered.
    void stop();

  private:
    struct Shared;

    void look();
    static Task<void> run(Inventory* self);
    void take(HostInventory inventory);
    void tell_lacking(const std::vector<std::string>& lacking);

    const Clock& clock_;
    Random& random_;
    InventoryOptions options_;
    Deliver deliver_;
    InventoryPace pace_;
    std::vector<std::string> told_lacking_;
    bool looking_ = false;
    TaskGroup tasks_;
    std::shared_ptr<Shared> shared_;  // with the thread of a look, which may outlive this
};

}  // namespace muster::agent
