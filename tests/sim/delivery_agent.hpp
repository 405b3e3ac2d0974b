// Owns: a machine with an agent on it, without threads and sockets: scheduler, batcher, spools and link of muster-agent on virtual
// time, over a disk that fails as disks do. It can be killed, lose its power, and be set back to what it was.
// Leaves to delivery_book.hpp: what must have become of its results.
#pragma once

#include "agent/assignments.hpp"
#include "agent/result_batcher.hpp"
#include "agent/scheduler.hpp"
#include "agent/spool_upkeep.hpp"
#include "base/clock.hpp"
#include "tests/sim/delivery_book.hpp"
#include "tests/sim/delivery_network.hpp"
#include "tests/sim/scripted_outcome.hpp"
#include "tests/support/power_cut_files.hpp"
#include "wire/link_client.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::test {

/// A machine's clocks: its calendar is wrong by `wall_offset`, and it was started when its monotonic clock was 0.
class MachineClock final : public Clock {
  public:
    explicit MachineClock(const Clock& world) : world_(world) {}

    WallTime wall() const override { return world_.wall() + wall_offset; }

    MonoTime mono() const override { return world_.mono() + mono_offset; }

    Duration wall_offset{};
    Duration mono_offset{};

  private:
    const Clock& world_;
};

struct DeliveryAgentOptions {
    agent::SpoolOptions spool;
    agent::SpoolUpkeepOptions upkeep;
    wire::LinkClientOptions link;
    bool hides_finished = false;  ///< a seeded bug: nothing is told of streams that are gone
};

/// Whether a device answers where a probe looks, at this moment of the world.
using DeviceScript = std::function<Device(const agent::ScheduledProbe& probe, MonoTime when)>;

class DeliveryAgent {
  public:
    DeliveryAgent(
        std::size_t number,
        EventQueue& events,
        const Clock& world,
        std::uint64_t seed,
        Trace& trace,
        DeliveryAgentOptions options,
        DeviceScript script
    );

    void attach(DeliveryNetwork& network) { network_ = &network; }

    void start();
    /// Its machine goes on.
    void kill();
    /// Its machine starts again, with another boot.
    void cut_power();

    bool is_running() const { return life_ != nullptr; }

    /// Remembers what the machine is now.
    void take_image();
    /// It is what it was then; not running. False: there is no image.
    bool set_back();

    /// No more results from now on.
    void stop_probing();

    void step();
    /// By the clock of the world.
    MonoTime next_wake() const;

    void on_connected(Connection connection);
    void on_frame(Connection connection, wire::proto::Frame frame);
    void on_lost(Connection connection);

    /// Everything made is in the collector's hands, as far as it knows, and nothing is left to be told.
    bool is_drained() const;

    /// What its spools count does not add up, in words; empty where it does. While it runs.
    std::string miscount() const;

    /// It was neither killed nor set back: nothing that it counted is forgotten.
    bool has_lived_once() const { return lives_ == 1; }

    AgentId id() const { return id_; }

    PowerCutFiles& disk() { return disk_; }

    MachineClock& clock() { return clock_; }

    DeliveryBook& book() { return book_; }

    /// To be kept while it runs.
    Excuses excuses;

    std::uint64_t rekeys() const { return rekeys_; }

    std::uint64_t renewals() const { return renewals_; }

  private:
    /// From start to end of a process.
    struct Life {
        Life(DeliveryAgent& owner, agent::SpoolSet spools, wire::AgentFacts facts);

        agent::Scheduler scheduler;
        agent::ResultBatcher batcher;
        agent::SpoolUpkeep upkeep;
        wire::LinkClient link;
        std::vector<wire::SpoolPosition> told;
        Connection connection = 0;  // 0: none
        std::deque<wire::LinkAction> actions;
        bool is_performing = false;
    };

    struct MachineImage {
        PowerCutFiles disk;
        DeliveryBook::Image book;
        std::string boot;
        MonoTime mono;
    };

    void append(wire::Record record);
    void run(const agent::Run& run);
    void tell();
    void tell_finished();
    std::vector<SpoolStand> stands();
    std::uint64_t untold() const;
    void perform(wire::LinkClient::Actions actions);
    void act(wire::LinkAction action);
    void fetch(const wire::link_action::Fetch& fetch);
    void rekey(const wire::link_action::Rekey& rekey);
    void apply(wire::link_action::Apply apply);
    void take_up(agent::AssignmentTable table);
    std::vector<std::string> contents();
    std::string new_boot();

    std::size_t number_;
    MonoTime answers_at_{};  // the spool's last answer
    EventQueue& events_;
    MachineClock clock_;
    SeededRandom random_;
    Trace& trace_;
    DeliveryAgentOptions options_;
    DeviceScript script_;
    DeliveryNetwork* network_ = nullptr;
    AgentId id_;
    PowerCutFiles disk_;
    std::string boot_;
    DeliveryBook book_;
    std::optional<MachineImage> image_;
    std::unique_ptr<Life> life_;
    std::uint64_t lives_ = 0;
    bool is_probing_ = true;
    bool has_lived_ = false;
    bool was_set_back_ = false;
    std::uint64_t rekeys_ = 0;
    std::uint64_t renewals_ = 0;
};

}  // namespace muster::test
