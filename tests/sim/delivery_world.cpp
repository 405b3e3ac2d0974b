#include "tests/sim/delivery_world.hpp"

#include "agent/spool_segment.hpp"
#include "base/log.hpp"
#include "tests/sim/journal_contents.hpp"
#include "tests/sim/spoilt_segment.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr int most_at_one_moment = 100'000;
constexpr Duration most_to_drain = 20min;     // over a slow line, a record at a time
constexpr Duration until_started_again = 1s;  // what supervises the collector waits so long

class World {
  public:
    World(const DeliveryPlan& plan, Trace::Detail detail)
        : plan_(plan),
          dir_("/dev/shm"),
          trace_(detail),
          random_(plan.seed ^ 0x5eed'0001),
          clock_(wall_from_ns(1'795'000'000'000'000'000), MonoTime{1h}),
          events_(clock_),
          began_(events_.now()),
          collector_(
              events_, clock_, plan.seed ^ 0x5eed'0002, trace_, collector_options(), agent_ids()
          ),
          network_(events_, random_, trace_, peers(), plan.agents) {
        for (std::size_t agent = 0; agent < plan.agents; ++agent) {
            const auto script = [this](const agent::ScheduledProbe& probe, MonoTime when) {
                return fails_at(plan_.seed, probe.host, when - began_) ? Device::fails
                                                                       : Device::answers;
            };
            agents_.push_back(std::make_unique<DeliveryAgent>(
                agent,
                events_,
                clock_,
                plan.seed ^ (0x5eed'0010 + agent),
                trace_,
                plan.agent,
                script
            ));
            agents_.back()->attach(network_);
        }
        collector_.attach(network_);
        network_.set_hostile(plan.is_hostile);
        const bool is_tight = plan.agent.spool.limits.max_bytes < 1'000'000;
        for (auto& agent : agents_) {
            agent->excuses.may_be_full = is_tight;
        }
    }

    DeliveryVerdict live() {
        collector_.start();
        for (auto& agent : agents_) {
            agent->start();
        }
        for (const PlannedDisturbance& planned : plan_.disturbances) {
            events_.after(planned.at, [this, planned] { disturb(planned); });
        }
        run_until(began_ + plan_.lasts);
        heal();
        run_until(events_.now() + 5s);
        for (auto& agent : agents_) {
            agent->stop_probing();
        }
        const MonoTime deadline = events_.now() + most_to_drain;
        while (!is_drained() && events_.now() < deadline && problem_.empty()) {
            run_until(events_.now() + 1s);
        }
        return judge();
    }

  private:
    DeliveryCollectorOptions collector_options() const {
        DeliveryCollectorOptions options;
        options.dir = dir_.path();
        options.intake = plan_.intake;
        options.journal = plan_.journal;
        options.probes = plan_.probes;
        options.interval = plan_.interval;
        options.watch = watch_of(plan_);
        options.has_bad_disk = plan_.collector_has_bad_disk;
        options.bug = plan_.bug;
        return options;
    }

    std::vector<AgentId> agent_ids() const {
        std::vector<AgentId> ids;
        for (std::size_t agent = 0; agent < plan_.agents; ++agent) {
            ids.emplace_back(Uuid::named("simulated agent " + std::to_string(agent)));
        }
        return ids;
    }

    NetworkPeers peers() {
        NetworkPeers peers;
        peers.is_listening = [this] { return collector_.is_running(); };
        peers.accepted = [this](std::size_t agent, Connection connection) {
            collector_.on_accepted(agent, connection);
        };
        peers.to_collector = [this](Connection connection, wire::proto::Frame frame) {
            collector_.on_frame(connection, std::move(frame));
        };
        peers.lost_by_collector = [this](Connection connection) { collector_.on_lost(connection); };
        peers.connected = [this](std::size_t agent, Connection connection) {
            agents_[agent]->on_connected(connection);
        };
        peers.to_agent = [this](
                             std::size_t agent, Connection connection, wire::proto::Frame frame
                         ) { agents_[agent]->on_frame(connection, std::move(frame)); };
        peers.lost_by_agent = [this](std::size_t agent, Connection connection) {
            agents_[agent]->on_lost(connection);
        };
        return peers;
    }

    void run_until(MonoTime end) {
        int at_one_moment = 0;
        while (events_.now() < end && problem_.empty()) {
            MonoTime next = std::min({events_.next(), collector_.next_wake(), end});
            for (const auto& agent : agents_) {
                next = std::min(next, agent->next_wake());
            }
            at_one_moment = next > events_.now() ? 0 : at_one_moment + 1;
            if (at_one_moment > most_at_one_moment) {
                problem_ = "something does not come to rest";
            }
            events_.run_until(next);
            for (const auto& agent : agents_) {
                agent->step();
            }
            collector_.step();
            problem_ = problem_.empty() ? collector_.problem() : problem_;
            supervise_collector();
        }
    }

    /// It is started again after every end, whatever ended it.
    void supervise_collector() {
        if (collector_.is_running() || std::exchange(is_collector_due_, true)) {
            return;
        }
        events_.after(std::exchange(back_after_, until_started_again), [this] {
            is_collector_due_ = false;
            if (!collector_.is_running()) {
                collector_.start();
            }
        });
    }

    bool is_drained() {
        return std::ranges::all_of(
                   agents_, [](const auto& agent) { return agent->is_drained(); }
               ) &&
               collector_.is_quiet();
    }

    void start_agent(DeliveryAgent& agent, Duration after) {
        events_.after(after, [&agent] {
            if (!agent.is_running()) {
                agent.start();
            }
        });
    }

    void disturb(const PlannedDisturbance& planned) {
        if (is_healed_) {
            return;
        }
        ++disturbances_;
        DeliveryAgent& agent = *agents_[planned.agent];
        switch (planned.what) {
            case Disturbance::agent_killed:
            case Disturbance::agent_power_cut:
            case Disturbance::agent_set_back:
                stop_agent(planned);
                break;
            case Disturbance::agent_image:
                if (agent.is_running()) {
                    agent.take_image();
                }
                break;
            case Disturbance::connections_reset:
                network_.reset(planned.agent);
                break;
            case Disturbance::path_cut:
                cut_path(planned);
                break;
            case Disturbance::collector_killed:
            case Disturbance::collector_power_cut:
            case Disturbance::collector_restored:
                stop_collector(planned);
                break;
            case Disturbance::collector_dies_at_commit:
                if (collector_.is_running()) {
                    collector_.die_at_commit(
                        planned.draw % 2 == 0 ? DeliveryCollector::Moment::before_commit
                                              : DeliveryCollector::Moment::after_commit
                    );
                    back_after_ = planned.lasts;
                }
                break;
            case Disturbance::backup_made:
                if (collector_.is_running()) {
                    collector_.take_backup();
                }
                break;
            case Disturbance::agent_disk_fails:
                trace_.add(events_.now(), "the disk of agent {} fails", planned.agent);
                agent.disk().fails = planned.draw % 2 == 0 ? ErrorKind::io : ErrorKind::full;
                has_lost_its_disk_.insert(planned.agent);
                events_.after(planned.lasts, [&agent] { agent.disk().fails.reset(); });
                break;
            case Disturbance::bit_flipped:
                flip_bit(agent, planned);
                break;
            case Disturbance::agent_clock_stepped:
                step_clock(agent.clock(), planned.draw);
                break;
            case Disturbance::collector_clock_stepped:
                step_clock(collector_.clock(), planned.draw);
                break;
            case Disturbance::collector_full:
                collector_.fill_disk(planned.draw % 100'000);
                events_.after(planned.lasts, [this] { collector_.empty_disk(); });
                break;
            case Disturbance::collector_disk_fails:
                fail_collector_disk(planned);
                break;
        }
    }

    void stop_agent(const PlannedDisturbance& planned) {
        DeliveryAgent& agent = *agents_[planned.agent];
        if (!agent.is_running()) {
            return;
        }
        const bool is_told = planned.what == Disturbance::agent_killed && planned.draw % 4 != 0;
        network_.agent_gone(
            planned.agent,
            is_told ? DeliveryNetwork::Farewell::reset : DeliveryNetwork::Farewell::none
        );
        if (planned.what == Disturbance::agent_power_cut) {
            agent.cut_power();
        } else if (planned.what != Disturbance::agent_set_back || !agent.set_back()) {
            agent.kill();
        }
        start_agent(agent, planned.lasts);
    }

    void cut_path(const PlannedDisturbance& planned) {
        const std::array<std::vector<Way>, 3> ways{
            std::vector{Way::up}, std::vector{Way::down}, std::vector{Way::up, Way::down}
        };
        for (const Way way : ways[planned.draw % ways.size()]) {
            network_.cut(planned.agent, way);
            events_.after(planned.lasts, [this, agent = planned.agent, way] {
                network_.mend(agent, way);
            });
        }
    }

    void stop_collector(const PlannedDisturbance& planned) {
        if (!collector_.is_running()) {
            return;
        }
        back_after_ = planned.lasts;
        const bool is_power_cut = planned.what == Disturbance::collector_power_cut;
        if (is_power_cut && collector_.has_bad_disk()) {
            collector_.cut_power_before(1 + planned.draw % 60);
            return;
        }
        using Death = DeliveryCollector::Death;
        collector_.die(is_power_cut ? Death::out_of_power : Death::killed);
        if (planned.what == Disturbance::collector_restored && collector_.restore()) {
            ++restores_;
        }
    }

    void fail_collector_disk(const PlannedDisturbance& planned) {
        SeededRandom random(planned.draw);
        const std::array faults{
            DiskFault::io, DiskFault::full, DiskFault::short_write, DiskFault::sync, DiskFault::read
        };
        const DiskFault fault = faults[random.below(faults.size())];
        // Syncs are a tenth of all calls.
        const std::uint64_t nth = 1 + random.below(fault == DiskFault::sync ? 6 : 60);
        collector_.fail_disk(fault, nth, 1 + random.below(3));
    }

    void flip_bit(DeliveryAgent& agent, const PlannedDisturbance& planned) {
        SeededRandom random(planned.draw);
        if (plan_.checksums_are_skipped) {
            if (spoil_with_checksum(agent.disk(), random)) {
                trace_.add(
                    events_.now(),
                    "a bit on the disk of agent {} changes, and its checksum",
                    planned.agent
                );
            }
        } else if (agent.disk().flip_bit(random, planned.draw % 8 == 0 ? "acked" : ".seg")) {
            trace_.add(events_.now(), "a bit on the disk of agent {} changes", planned.agent);
            agent.excuses.may_be_damaged = true;
        }
    }

    void step_clock(MachineClock& clock, std::uint64_t draw) {
        SeededRandom random(draw);
        const std::array<Duration, 5> steps{
            1h, -Duration(1h), Duration(24h * 365), 3s, -Duration(3s)
        };
        clock.wall_offset += steps[random.below(steps.size())];
        trace_.add(events_.now(), "a clock is stepped");
    }

    void heal() {
        trace_.add(events_.now(), "everything heals");
        is_healed_ = true;
        network_.set_hostile(false);
        network_.mend_all();
        collector_.heal();
        if (!collector_.is_running()) {
            collector_.start();
        }
        for (auto& agent : agents_) {
            agent->disk().fails.reset();
            if (!agent->is_running()) {
                agent->start();
            }
        }
    }

    /// Or a collector that was set back may lack it for ever.
    bool keeps_what_was_confirmed(std::size_t agent) const {
        const agent::SpoolLimits& limits = plan_.agent.spool.limits;
        return limits.retain_acked >= 30min && limits.retain_acked_bytes >= 1'000'000 &&
               limits.max_bytes >= 1'000'000 && !has_lost_its_disk_.contains(agent) &&
               agents_[agent]->rekeys() == 0;
    }

    DeliveryVerdict judge() {
        DeliveryVerdict verdict;
        if (problem_.empty() && !is_drained()) {
            problem_ = "after all is well again the agents do not get rid of what they have";
        }
        const JournalContents contents = read_journal(collector_.journal_dir());
        for (std::size_t number = 0; number < agents_.size(); ++number) {
            DeliveryAgent& agent = *agents_[number];
            DeliveryBook& book = agent.book();
            agent.excuses.may_be_restored = restores_ > 0 && !keeps_what_was_confirmed(number);
            if (problem_.empty()) {
                const auto items = contents.items.find(agent.id());
                const auto cursors = contents.cursors.find(agent.id());
                using Items = std::vector<collector::proto::BatchEntry::Item>;
                book.settle(
                    items != contents.items.end() ? items->second : Items{},
                    cursors != contents.cursors.end() ? cursors->second
                                                      : std::vector<collector::AgentCursor>{},
                    agent.excuses
                );
            }
            if (problem_.empty() && !agent.miscount().empty()) {
                problem_ = "agent " + std::to_string(number) + ": " + agent.miscount();
            }
            const std::uint64_t told = book.gap_results(wire::GapReason::refused);
            const bool is_all_told =
                agent.has_lived_once() && restores_ == 0 && !agent.excuses.may_be_damaged;
            if (problem_.empty() && is_all_told && told != book.refused_results()) {
                problem_ = fmt::format(
                    "agent {} refused {} results, and gaps tell of {}",
                    number,
                    book.refused_results(),
                    told
                );
            }
            if (problem_.empty() && !book.problem().empty()) {
                problem_ = "agent " + std::to_string(number) + ": " + book.problem();
            }
            verdict.made += book.made_records();
            verdict.delivered += book.delivered_records();
            verdict.lost += book.gap_results();
            verdict.refused += book.refused_results();
            verdict.rekeys += agent.rekeys();
            verdict.renewals += agent.renewals();
            verdict.finished_gaps += book.finished_gaps();
        }
        if (problem_.empty() && contents.quarantined > 0) {
            problem_ = "records were set aside, and nobody sent a bad one";
        }
        if (problem_.empty() && contents.entries.contains(collector::EntryKind::agent_copied)) {
            problem_ = "an agent was taken for a copy of itself";
        }
        if (plan_.has_brain && problem_.empty()) {
            const auto [as_it_is, anew] = collector_.digests();
            if (as_it_is != anew) {
                problem_ = "the journal folded anew gives another record than there is";
            }
            verdict.incidents = collector_.incidents();
            verdict.told = collector_.told();
        }
        verdict.problem = problem_;
        verdict.trace = trace_.lines();
        verdict.simulated = events_.now() - began_;
        verdict.connections = network_.connections();
        verdict.disturbances = disturbances_;
        verdict.restores = restores_;
        verdict.power_cuts = collector_.power_cuts();
        verdict.ends = collector_.ends();
        verdict.refusals = collector_.refusals();
        return verdict;
    }

    const DeliveryPlan& plan_;
    TempDir dir_;
    Trace trace_;
    SeededRandom random_;
    ManualClock clock_;
    EventQueue events_;
    MonoTime began_;
    DeliveryCollector collector_;
    DeliveryNetwork network_;
    std::vector<std::unique_ptr<DeliveryAgent>> agents_;
    std::uint64_t disturbances_ = 0;
    std::uint64_t restores_ = 0;
    std::set<std::size_t> has_lost_its_disk_;  // for a while: what it kept then, it kept in memory
    Duration back_after_ = until_started_again;  // the collector, when it ends next
    bool is_collector_due_ = false;
    bool is_healed_ = false;
    std::string problem_;
};

}  // namespace

DeliveryVerdict live_through(const DeliveryPlan& plan, Trace::Detail detail) {
    return World(plan, detail).live();
}

}  // namespace muster::test
