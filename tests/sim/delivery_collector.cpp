#include "tests/sim/delivery_collector.hpp"

#include "base/database.hpp"
#include "base/expect.hpp"
#include "collector/brain/assignment_list.hpp"
#include "collector/journal/segments.hpp"
#include "tests/sim/must.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

namespace fs = std::filesystem;

constexpr std::uint32_t only_epoch = 1;

/// Of all segments: what `read` makes of the rows of `sql`.
void read_segments(
    const std::string& directory,
    std::string_view sql,
    const std::function<void(const Statement&)>& read
) {
    for (const collector::Lsn first : must(collector::list_segments(directory), "segments")) {
        auto database = must(
            Database::open(
                directory + "/" + collector::segment_name(first), {.mode = DatabaseMode::reader}
            ),
            "segment"
        );
        auto statement = must(database.prepare(sql), "sql");
        while (must(statement.step(), "row")) {
            read(statement);
        }
    }
}

template <class Id>
Id id_in(const Statement& row, int column) {
    return Id(must(Uuid::from_bytes(row.blob(column)), "an id"));
}

void copy_folder(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::create_directories(to);
    fs::copy(from, to, fs::copy_options::recursive);
}

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
}

void DeliveryCollector::start() {
    ++life_;
    trace_.add(events_.now(), "the collector starts");
    collector::JournalWriterOptions options;
    options.journal = options_.journal;
    options.tick = options_.watch.empty() ? Duration(10s) : Duration(1s);
    options.version = "simulated";
    options.installation = "simulated";
    writer_.emplace(must(collector::JournalWriter::open(options, clock_), "journal"));
    intake_.emplace(
        options_.intake, must(writer_->journal().cursors(), "cursors"), files_, clock_.mono()
    );
    last_commit_ = last_answer_ = events_.now();
    if (options_.watch.empty()) {
        issue();
    } else {
        catch_up();
    }
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

void DeliveryCollector::die(Death death) {
    trace_.add(
        events_.now(), "the collector {}", death == Death::kill ? "is killed" : "loses its power"
    );
    ++life_;
    dies_at_.reset();
    intake_.reset();
    brain_.reset();
    writer_.reset();
    sessions_.clear();
    connections_.clear();
    own_.clear();
    under_way_.clear();
    network_->collector_gone(
        death == Death::kill ? DeliveryNetwork::Farewell::reset : DeliveryNetwork::Farewell::none
    );
    if (death == Death::power_cut) {
        clock_.mono_offset = -events_.now().time_since_epoch() + Duration(5s);
        if (options_.bug == SeededBug::fold_before_sync && fs::exists(options_.dir + "/undone")) {
            copy_folder(options_.dir + "/undone", journal_dir());
        }
    }
}

/// With the bug: what a power cut leaves of a journal whose last commits were not synced.
void DeliveryCollector::keep_undone() {
    if (options_.bug == SeededBug::fold_before_sync) {
        copy_folder(journal_dir(), options_.dir + "/undone");
        fs::remove(options_.dir + "/undone/" + collector::segment_name(1) + "-shm");
    }
}

void DeliveryCollector::take_backup() {
    const std::string folder = options_.dir + "/backup";
    fs::remove_all(folder);
    fs::create_directories(folder);
    {
        auto copy = must(writer_->journal().begin_copy(folder), "backup");
        while (must(copy.step(1U << 20U), "backup")) {
        }
    }
    must(writer_->journal().link_sealed(folder), "backup");
    has_backup_ = true;
    ++backups_;
    trace_.add(events_.now(), "a backup up to entry {} is made", writer_->journal().next_lsn() - 1);
}

bool DeliveryCollector::restore() {
    expect(!is_running(), "a collector that runs is not restored");
    if (!has_backup_) {
        return false;
    }
    trace_.add(events_.now(), "the backup is put back");
    copy_folder(options_.dir + "/backup", journal_dir());
    return true;
}

MonoTime DeliveryCollector::next_wake() const {
    if (!is_running()) {
        return MonoTime::max();
    }
    const MonoTime tick = is_full_ ? MonoTime::max() : writer_->next_tick();
    const MonoTime own = std::min({intake_->next_wake(), tick, next_upkeep_});
    return std::max(own, clock_.mono()) - clock_.mono_offset;
}

void DeliveryCollector::step() {
    if (!is_running()) {
        return;
    }
    const MonoTime now = clock_.mono();
    perform(intake_->on_time(now));
    pump();
    if (!is_full_) {
        fold(must(writer_->tick_if_due(), "tick").entries);
        append_own();
    }
    if (now >= next_upkeep_) {
        next_upkeep_ = now + 5s;
        if (brain_) {
            must(brain_->snapshot_if_due(), "snapshot");
        }
        must(
            writer_->maintain(brain_ ? brain_->kept_from() : writer_->journal().next_lsn()),
            "upkeep"
        );
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
        die(Death::kill);
        return;
    }
    const bool is_answered = options_.bug == SeededBug::ack_before_commit;
    Result<std::vector<collector::AgentCursor>> rejected;
    std::vector<collector::Entry> stored;
    if (is_full_) {
        // What a full disk answers; nothing is stored.
        rejected = failure(ErrorKind::full, "database or disk is full", "journal");
    } else {
        keep_undone();
        auto appended = must(writer_->append(std::move(group.pending)), "append");
        ++commits_;
        rejected = std::move(appended.rejected);
        stored = std::move(appended.entries);
        trace_.add(
            events_.now(),
            "group {} is committed, up to entry {}",
            group.id,
            writer_->journal().next_lsn() - 1
        );
    }
    if (dies_at_ == Moment::after_commit) {
        die(Death::kill);
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

DeliveryCollector::Contents DeliveryCollector::contents() const {
    Contents contents;
    read_segments(
        journal_dir(),
        "SELECT kind, body FROM entry ORDER BY lsn",
        [&contents](const Statement& row) {
            const auto kind = static_cast<collector::EntryKind>(row.integer(0));
            ++contents.entries[kind];
            if (kind != collector::EntryKind::batch) {
                return;
            }
            collector::proto::BatchEntry batch;
            const std::string_view body = row.blob(1);
            expect(
                batch.ParseFromArray(body.data(), static_cast<int>(body.size())),
                "an entry of the journal can be read"
            );
            for (auto& item : *batch.mutable_items()) {
                const auto agent = AgentId(must(Uuid::from_bytes(item.agent_id()), "an id"));
                contents.items[agent].push_back(std::move(item));
            }
        }
    );
    read_segments(
        journal_dir(),
        "SELECT count(*) FROM quarantine",
        [&contents](const Statement& row) {
            contents.quarantined += static_cast<std::uint64_t>(row.integer(0));
        }
    );
    std::map<std::pair<AgentId, SpoolId>, collector::AgentCursor> cursors;  // the newest segment's
    read_segments(
        journal_dir(),
        "SELECT agent_id, spool_id, committed_seq, fingerprint, results FROM agent_cursor",
        [&cursors](const Statement& row) {
            const auto agent = id_in<AgentId>(row, 0);
            const auto spool = id_in<SpoolId>(row, 1);
            cursors[{agent, spool}] = {
                .agent = agent,
                .spool = spool,
                .committed_seq = static_cast<std::uint64_t>(row.integer(2)),
                .fingerprint = static_cast<std::uint64_t>(row.integer(3)),
                .results = static_cast<std::uint64_t>(row.integer(4))
            };
        }
    );
    for (const auto& [key, cursor] : cursors) {
        contents.cursors[key.first].push_back(cursor);
    }
    return contents;
}

}  // namespace muster::test
