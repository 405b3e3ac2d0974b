#include "agent/agent.hpp"

#include "agent/assignments.hpp"
#include "agent/assignments_file.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"
#include "probes/params.hpp"
#include "probes/probe_type.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// The rest is told to the collector all the same.
constexpr std::size_t most_logged_problems = 20;

probes::Outcome not_run(const ScheduledProbe& probe) {
    const probes::ProbeType* type = probes::find_probe_type(probe.type);
    expect(type != nullptr, "assignments of unknown types are not taken up");
    return probes::unmeasured(
        *type, wire::ResultState::unknown, "configuration", "its secrets", probe.withheld
    );
}

}  // namespace

struct Agent::Impl {
    Impl(
        asio::io_context& on,
        const Clock& the_clock,
        Files& the_files,
        Random& random,
        AgentOptions& options,
        RunProbe run
    )
        : clock(the_clock),
          files(the_files),
          assignments_file(std::move(options.assignments_file)),
          sealing_key(std::move(options.sealing_key)),
          run_probe(std::move(run)),
          scheduler(options.scheduler),
          batcher(options.batcher, options.delivery.facts.boot_id),
          timer(on),
          runs(on),
          inventory(
              on,
              the_clock,
              random,
              std::move(options.inventory),
              [this](wire::Record record) {
                  // What the spool refuses is counted there.
                  static_cast<void>(delivery->append(std::move(record)));
              }
          ) {}

    void on_assignments(std::uint32_t epoch, std::vector<wire::proto::Assignment> items);
    void take_up(AssignmentTable table);
    void take_up_last();
    void pump();
    void arm();
    void finished(std::uint64_t number, WallTime wall, MonoTime mono, probes::Outcome outcome);
    static Task<void> run_one(Impl* self, Run run);

    const Clock& clock;
    Files& files;
    std::string assignments_file;
    Secret sealing_key;
    RunProbe run_probe;
    Scheduler scheduler;
    ResultBatcher batcher;
    std::unique_ptr<Delivery> delivery;
    asio::steady_timer timer;
    MonoTime armed_for = MonoTime::max();
    TaskGroup runs;
    Inventory inventory;
    bool pumping = false;
    bool stopped = false;
};

void Agent::Impl::on_assignments(std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
    if (stopped) {
        return;
    }
    if (auto saved = save_assignments(files, assignments_file, sealing_key, epoch, items); !saved) {
        log(LogLevel::warning, "assignments.not_saved", {{"why", saved.error().text()}});
    }
    AssignmentTable table = read_assignments(epoch, std::move(items));
    std::vector<std::string> problems = table.problems;
    log(LogLevel::info,
        "assignments.applied",
        {{"epoch", epoch}, {"probes", table.probes.size()}, {"problems", problems.size()}});
    for (std::size_t at = 0; at < std::min(problems.size(), most_logged_problems); ++at) {
        log(LogLevel::warning, "assignments.problem", {{"what", problems[at]}});
    }
    take_up(std::move(table));
    delivery->applied(epoch, std::move(problems));
}

void Agent::Impl::take_up(AssignmentTable table) {
    batcher.assign(table.epoch, table.ids);
    scheduler.assign(table.epoch, std::move(table.probes), clock.mono());
    pump();
}

/// The collector still sends the whole set, secrets included: it is not told that these are
/// running.
void Agent::Impl::take_up_last() {
    auto last = load_assignments(files, assignments_file, sealing_key);
    if (!last) {
        log(LogLevel::warning, "assignments.not_loaded", {{"why", last.error().text()}});
        return;
    }
    if (last->epoch == 0) {
        return;
    }
    log(LogLevel::info,
        "assignments.resumed",
        {{"epoch", last->epoch},
         {"probes", last->probes.size()},
         {"waiting_for_secrets", last->problems.size()}});
    take_up(std::move(*last));
}

void Agent::Impl::pump() {
    if (stopped || pumping) {
        return;
    }
    pumping = true;
    const MonoTime now = clock.mono();
    for (Run& run : scheduler.take_due(now)) {
        runs.start("probe", run_one(this, std::move(run)));
    }
    while (auto record = batcher.take(now)) {
        // What the spool refuses is counted there.
        static_cast<void>(delivery->append(std::move(*record)));
    }
    pumping = false;
    arm();
}

void Agent::Impl::arm() {
    const MonoTime wake = std::min(scheduler.next_due(), batcher.next_due());
    if (wake == armed_for) {
        return;
    }
    armed_for = wake;
    if (wake == MonoTime::max()) {
        timer.cancel();
        return;
    }
    const MonoTime now = clock.mono();
    timer.expires_after(wake <= now ? Duration{0} : Duration(wake - now));
    timer.async_wait([this](const boost::system::error_code& problem) {
        if (!problem) {
            armed_for = MonoTime::max();
            pump();
        }
    });
}

Task<void> Agent::Impl::run_one(Impl* self, Run run) {
    const WallTime wall = self->clock.wall();
    const MonoTime mono = self->clock.mono();
    probes::Outcome outcome;
    if (run.probe->withheld.empty()) {
        outcome = co_await self->run_probe(run.probe);
    } else {
        outcome = not_run(*run.probe);
    }
    self->finished(run.number, wall, mono, std::move(outcome));
}

void Agent::Impl::finished(
    std::uint64_t number, WallTime wall, MonoTime mono, probes::Outcome outcome
) {
    if (stopped) {
        return;  // cut short by ourselves: that says nothing about what was probed
    }
    if (const auto dense = scheduler.finished(number)) {
        batcher.add(*dense, wall, mono, std::move(outcome));
    }
    pump();
}

std::unique_ptr<Agent> Agent::open(
    asio::io_context& loop,
    const Clock& clock,
    Files& files,
    Random& random,
    AgentOptions options,
    RunProbe run_probe
) {
    auto impl = std::make_unique<Impl>(loop, clock, files, random, options, std::move(run_probe));
    Impl* self = impl.get();
    DeliveryEvents events;
    events.assignments = [self](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
        self->on_assignments(epoch, std::move(items));
    };
    events.heartbeat = [self](wire::proto::Heartbeat& heartbeat) {
        heartbeat.set_produced(self->batcher.produced());
        heartbeat.set_skipped(self->scheduler.skipped());
    };
    impl->delivery = std::make_unique<Delivery>(
        loop, clock, files, random, std::move(options.delivery), std::move(events)
    );
    return std::make_unique<Agent>(std::move(impl));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Agent::~Agent() {
    impl_->stopped = true;
    impl_->timer.cancel();
    impl_->inventory.stop();
    impl_->runs.stop();
}

void Agent::start() {
    impl_->take_up_last();
    impl_->delivery->start();
    impl_->inventory.start();
}

void Agent::reconfigure(DeliverySettings settings) {
    impl_->delivery->reconfigure(std::move(settings));
}

bool Agent::is_connected() const {
    return impl_->delivery->is_live();
}

std::size_t Agent::probes() const {
    return impl_->scheduler.probes();
}

Task<void> Agent::stop(std::string reason, Deadline deadline) {
    impl_->stopped = true;
    impl_->timer.cancel();
    impl_->inventory.stop();
    impl_->runs.stop();
    while (auto record = impl_->batcher.take_all(impl_->clock.mono())) {
        static_cast<void>(impl_->delivery->append(std::move(*record)));
    }
    co_await impl_->delivery->stop(std::move(reason), deadline);
    co_await impl_->runs.drained();
}

}  // namespace muster::agent
