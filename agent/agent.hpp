// Owns: the agent's loop: assignments in, probes run when due, results gathered and handed to
// delivery. Leaves to scheduler, result_batcher and delivery: their parts; to probes/runner:
// running one probe; to main.cpp: composing.
#pragma once

#include "agent/delivery.hpp"
#include "agent/inventory.hpp"
#include "agent/result_batcher.hpp"
#include "agent/scheduler.hpp"
#include "base/secret.hpp"
#include "probes/outcome.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::agent {

struct AgentOptions {
    SchedulerOptions scheduler;
    BatcherOptions batcher;
    DeliveryOptions delivery;
    InventoryOptions inventory;
    /// What was assigned last: it goes on after a restart while the collector is away.
    std::string assignments_file;
    Secret sealing_key;  ///< of the secrets in that file; empty: none are kept
};

/// Runs one probe; must end when its timeout has passed.
using RunProbe = std::function<Task<probes::Outcome>(std::shared_ptr<const ScheduledProbe>)>;

/// Made, used and destroyed on the loop's thread.
class Agent {
  public:
    struct Impl;

    /// Opens the spools. `clock`, `files` and `random` outlive this; `run_probe` is called on the
    /// loop.
    static std::unique_ptr<Agent> open(
        asio::io_context& loop,
        const Clock& clock,
        Files& files,
        Random& random,
        AgentOptions options,
        RunProbe run_probe
    );
    explicit Agent(std::unique_ptr<Impl> impl);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    /// Takes up the assignments of the last run and begins to connect.
    void start();
    void reconfigure(DeliverySettings settings);

    bool is_connected() const;
    /// Probes being run, of the assignments in force.
    std::size_t probes() const;
    /// Stops probing, hands over what was measured, waits for it to be durable (and committed,
    /// while the link lives), says goodbye; all of it at most until `deadline`.
    Task<void> stop(std::string reason, Deadline deadline);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::agent
