#include "tests/sim/delivery_collector.hpp"

#include "base/crypto.hpp"
#include "collector/brain/assignment_list.hpp"

#include <algorithm>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t only_epoch = 1;

}  // namespace

DeliveryCollector::DeliveryCollector(
    EventQueue& events,
    const Clock& world,
    std::uint64_t seed,
    Trace& trace,
    DeliveryCollectorOptions options,
    std::vector<AgentId> agents
)
    : events_(events),
      clock_(world),
      random_(seed),
      trace_(trace),
      options_(std::move(options)),
      agents_(std::move(agents)) {
    options_.journal.directory = journal_dir();
    if (options_.bug == SeededBug::commit_without_sync) {
        options_.journal.durability = Durability::normal;
    }
    if (options_.has_bad_disk) {
        disk_ = std::make_unique<SimVfs>(random_.next_u64());
    }
}

void DeliveryCollector::start() {
    ++life_;
    trace_.add(events_.now(), "the collector starts");
    failures_before_ = disk_ ? disk_->failures() : 0;
    next_upkeep_ = own_again_ = brain_again_ = {};
    last_commit_ = last_answer_ = events_.now();
    collector::JournalWriterOptions options;
    options.journal = options_.journal;
    options.tick = options_.watch.empty() ? Duration(10s) : Duration(1s);
    options.version = "simulated";
    options.installation = "simulated";
    auto writer = collector::JournalWriter::open(options, clock_);
    if (!writer) {
        end("journal", writer.error());
        return;
    }
    writer_.emplace(std::move(*writer));
    const auto cursors = writer_->journal().cursors();
    if (!cursors) {
        end("journal", cursors.error());
        return;
    }
    intake_.emplace(options_.intake, *cursors, files_, clock_.mono());
    if (options_.watch.empty()) {
        issue();
        return;
    }
    if (const Status opened = open_brain(); !opened) {
        end("brain", opened.error());
        return;
    }
    if (writer_->journal().config_hash() != sha256(options_.watch)) {
        first_entries();
    }
    deliver();
    append_own();
}

/// The same for every agent, for ever.
void DeliveryCollector::issue() {
    for (const AgentId agent : agents_) {
        const auto timeout = std::min<Duration>(options_.interval / 2, 1s);
        auto items = std::make_shared<collector::AssignmentList>();
        auto spec = std::make_shared<collector::ProbeSpec>();
        spec->type = "icmp";
        spec->interval = options_.interval;
        spec->timeout = timeout;
        spec->encoded =
            collector::encode_spec("icmp", options_.interval, timeout, {{"count", "1"}});
        for (std::uint32_t probe = 0; probe < options_.probes; ++probe) {
            const std::string host = "10.0.0." + std::to_string(probe);
            items->add(probe, ProbeId(Uuid::named(agent.text() + host)), spec, host);
        }
        perform(intake_->on_issued(
            {.agent = agent,
             .epoch = only_epoch,
             .dense_count = options_.probes,
             .items = std::move(items),
             .earlier = {}}
        ));
    }
}

MonoTime DeliveryCollector::next_wake() const {
    if (!is_running()) {
        return MonoTime::max();
    }
    const MonoTime tick = is_full_ ? MonoTime::max() : writer_->next_tick();
    const bool is_paused = !options_.watch.empty() && !brain_;
    const MonoTime folding = is_paused ? brain_again_ : MonoTime::max();
    const MonoTime own = std::min({intake_->next_wake(), tick, next_upkeep_, folding});
    return std::max(own, clock_.mono()) - clock_.mono_offset;
}

void DeliveryCollector::step() {
    if (!is_running()) {
        return;
    }
    if (!has_power()) {
        die(Death::out_of_power);
        return;
    }
    const MonoTime now = clock_.mono();
    perform(intake_->on_time(now));
    pump();
    if (!is_full_) {
        tick();
    }
    if (is_running()) {
        go_on_folding();
    }
    if (is_running() && now >= next_upkeep_) {
        next_upkeep_ = now + (disk_ ? Duration(1s) : Duration(5s));
        keep_up();
    }
}

void DeliveryCollector::tick() {
    const auto ticked = writer_->tick_if_due();
    if (ticked) {
        fold(ticked->entries);
    } else if (!lives_with("journal", ticked.error())) {
        return;
    }
    append_own();
}

/// What fails is tried again.
void DeliveryCollector::keep_up() {
    if (brain_) {
        if (const Status saved = brain_->snapshot_if_due(); !saved) {
            pause_folding(saved.error());
        }
    }
    if (!is_running()) {
        return;
    }
    const collector::Lsn needed = brain_ ? brain_->kept_from() : 1;
    if (const Status kept = writer_->maintain(needed); !kept) {
        check("upkeep of the journal", kept.error());
    }
}

/// Groups are committed in their order, some time after they were handed over; their answers come some time after that.
void DeliveryCollector::pump() {
    while (auto taken = intake_->take_group(clock_.mono())) {
        const Duration takes = random_.below(30) == 0
                                   ? std::chrono::milliseconds(random_.below(3000))
                                   : std::chrono::microseconds(200 + random_.below(20'000));
        last_commit_ = std::max(last_commit_, events_.now() + takes);
        auto group = std::make_shared<Group>(taken->id, std::move(taken->pending));
        if (options_.bug == SeededBug::ack_before_commit) {
            answer(group->id, std::vector<collector::AgentCursor>{});
        }
        events_.at(last_commit_, [this, life = life_, group] {
            if (life == life_) {
                commit(std::move(*group));
            }
        });
    }
}

void DeliveryCollector::commit(Group group) {
    if (dies_at_ == Moment::before_commit) {
        die(Death::killed);
        return;
    }
    const bool is_answered = options_.bug == SeededBug::ack_before_commit;
    Result<std::vector<collector::AgentCursor>> rejected;
    std::vector<collector::Entry> stored;
    if (is_full_) {
        // What a full disk answers; nothing is stored.
        rejected = failure(ErrorKind::full, "database or disk is full", "journal");
    } else {
        auto appended = writer_->append(std::move(group.pending));
        if (appended) {
            rejected = std::move(appended->rejected);
            stored = std::move(appended->entries);
        } else if (lives_with("journal", appended.error())) {
            rejected = failure(appended.error());
        } else {
            return;
        }
        trace_.add(
            events_.now(),
            "group {} is {}, up to entry {}",
            group.id,
            rejected ? "committed" : "not stored",
            writer_->journal().next_lsn() - 1
        );
    }
    if (dies_at_ == Moment::after_commit) {
        die(Death::killed);
        return;
    }
    if (!is_answered) {
        last_answer_ = std::max(
            last_answer_, events_.now() + std::chrono::microseconds(10 + random_.below(1000))
        );
        events_.at(last_answer_, [this, life = life_, id = group.id, rejected] {
            if (life == life_) {
                answer(id, rejected);
            }
        });
    }
    fold(stored);
    append_own();
}

void DeliveryCollector::answer(
    std::uint64_t group, Result<std::vector<collector::AgentCursor>> rejected
) {
    perform(intake_->on_appended(group, rejected));
}

void DeliveryCollector::perform(collector::Intake::Actions actions) {
    for (collector::IntakeAction& action : actions) {
        if (auto* send = std::get_if<collector::intake_action::Send>(&action)) {
            if (const auto at = connections_.find(send->session); at != connections_.end()) {
                network_->send(at->second, Way::down, std::move(send->frame));
            }
        } else if (auto* close = std::get_if<collector::intake_action::Close>(&action)) {
            trace_.add(
                events_.now(), "the collector closes session {}: {}", close->session, close->why
            );
            if (const auto at = connections_.find(close->session); at != connections_.end()) {
                network_->close_by_collector(at->second);
                sessions_.erase(at->second);
                connections_.erase(at);
            }
        } else if (auto* assign = std::get_if<collector::intake_action::Assign>(&action)) {
            for (wire::proto::Frame& frame : intake_->assignments(assign->session)) {
                if (const auto at = connections_.find(assign->session); at != connections_.end()) {
                    network_->send(at->second, Way::down, std::move(frame));
                }
            }
        }
    }
}

void DeliveryCollector::on_accepted(std::size_t agent, Connection connection) {
    auto [session, actions] = intake_->open_session(agents_.at(agent), "simulated", clock_.mono());
    sessions_[connection] = session;
    connections_[session] = connection;
    perform(std::move(actions));
}

void DeliveryCollector::on_frame(Connection connection, wire::proto::Frame frame) {
    if (const auto at = sessions_.find(connection); is_running() && at != sessions_.end()) {
        perform(intake_->on_frame(at->second, clock_.mono(), clock_.wall(), std::move(frame)));
        pump();
    }
}

void DeliveryCollector::on_lost(Connection connection) {
    if (const auto at = sessions_.find(connection); is_running() && at != sessions_.end()) {
        const collector::SessionId session = at->second;
        sessions_.erase(at);
        connections_.erase(session);
        perform(intake_->on_closed(session, "the network was cut"));
        pump();
    }
}

}  // namespace muster::test
