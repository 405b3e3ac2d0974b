// Owns: an agent without threads, sockets or disk: the very parts of muster-agent on virtual time, with scripted probes.
#pragma once

#include "agent/assignments.hpp"
#include "agent/result_batcher.hpp"
#include "agent/scheduler.hpp"
#include "agent/spool_set.hpp"
#include "base/memory_files.hpp"
#include "tests/sim/scripted_outcome.hpp"
#include "tests/sim/sim_network.hpp"
#include "wire/link_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::test {

/// What stands where a probe looks, at a moment.
using Script = std::function<Device(const agent::ScheduledProbe& probe, WallTime when)>;

class SimAgent {
  public:
    SimAgent(EventQueue& events, Random& random, Script script);

    /// Set before the first step: the world joins the two ends.
    void attach(SimNetwork& network) { network_ = &network; }

    /// Does all that is due now.
    void step();
    /// When step wants to be called next.
    MonoTime next_wake() const;

    void on_connected() { perform(link_->on_connected(events_.now(), events_.wall())); }

    void on_frame(wire::proto::Frame frame) {
        perform(link_->on_frame(events_.now(), events_.wall(), std::move(frame)));
    }

    void on_lost() { perform(link_->on_closed(events_.now())); }

    std::uint64_t produced() const { return batcher_.produced(); }

    /// Sequence numbers not acknowledged, in all its spools.
    std::uint64_t unacked() const {
        std::uint64_t records = 0;
        for (const wire::SpoolPosition& each : spools_.positions()) {
            records += each.next_seq - each.first_unacked;
        }
        return records;
    }

  private:
    void perform(wire::LinkClient::Actions actions);
    void perform_one(wire::LinkAction& action);
    void run(const agent::Run& run);
    void apply(wire::link_action::Apply apply);

    EventQueue& events_;
    Random& random_;
    Script script_;
    SimNetwork* network_ = nullptr;
    MemoryFiles files_;
    agent::Scheduler scheduler_;
    agent::ResultBatcher batcher_;
    agent::SpoolSet spools_;
    std::optional<wire::LinkClient> link_;
};

}  // namespace muster::test
