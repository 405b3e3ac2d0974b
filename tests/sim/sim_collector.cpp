#include "tests/sim/sim_collector.hpp"

#include "base/crypto.hpp"
#include "base/expect.hpp"
#include "collector/journal/journal_reader.hpp"
#include "probes/probe_type.hpp"
#include "tests/sim/must.hpp"
#include "tests/sim/sim_record.hpp"

#include <algorithm>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

SimCollector::SimCollector(
    EventQueue& events, const Clock& clock, std::string dir, std::string watch
)
    : events_(events), clock_(clock), dir_(std::move(dir)), watch_(std::move(watch)) {}

void SimCollector::start() {
    collector::JournalWriterOptions options;
    options.journal.directory = dir_ + "/journal";
    options.journal.durability = Durability::normal;
    options.journal.keep_bytes = 100ULL << 30U;
    options.version = "simulated";
    options.installation = "simulated";
    writer_.emplace(must(collector::JournalWriter::open(options, clock_), "journal"));
    collector::BrainOptions brain;
    brain.state_path = dir_ + "/state.db";
    brain.probe_types = probes::probe_schemas();
    brain_.emplace(must(collector::Brain::open(brain), "brain"));
    intake_.emplace(
        collector::IntakeOptions{},
        must(writer_->journal().cursors(), "cursors"),
        files_,
        events_.now()
    );
    auto reader = must(collector::JournalReader::open(dir_ + "/journal"), "reader");
    while (true) {
        const auto entries = must(reader.read(brain_->next_lsn(), 256, 1U << 20U), "read");
        if (entries.empty()) {
            break;
        }
        fold(entries);
    }
    for (collector::IssuedAssignments& issued : brain_->assignments()) {
        perform(intake_->on_issued(std::move(issued)));
    }
    if (writer_->journal().config_hash() != sha256(watch_)) {
        first_entries();
    }
    settle();
}

void SimCollector::first_entries() {
    collector::proto::AgentEnrolled enrolled;
    enrolled.set_agent_id(std::string(agent_.raw()));
    enrolled.set_name("simulated");
    enrolled.set_hostname("simulated");
    collector::proto::ConfigLoaded loaded;
    auto* file = loaded.add_files();
    file->set_name("watch.yaml");
    file->set_text(watch_);
    loaded.set_hash(sha256(watch_));
    loaded.set_silent_after_ns(Duration(30s).count());
    loaded.set_silent_incident_after_ns(Duration(5min).count());
    waiting_.push_back(pending(collector::EntryKind::agent_enrolled, enrolled.SerializeAsString()));
    waiting_.push_back(pending(collector::EntryKind::config_loaded, loaded.SerializeAsString()));
    waiting_.back().config_hash = sha256(watch_);
}

void SimCollector::stop() {
    perform(intake_->stop("the collector stops"));
    if (auto group = intake_->take_group(MonoTime::max())) {
        waiting_ = std::move(group->pending);
    }
    waiting_.push_back(pending(collector::EntryKind::collector_stopping, ""));
    settle();
    must(brain_->snapshot_now(), "snapshot");
    intake_.reset();
    brain_.reset();
    writer_.reset();
    for (const auto& [connection, session] : std::map(sessions_)) {
        network_->close_by_collector(connection);
    }
    sessions_.clear();
    connections_.clear();
    under_way_.clear();
}

void SimCollector::step() {
    if (!is_running()) {
        return;
    }
    perform(intake_->on_time(events_.now()));
    while (auto group = intake_->take_group(events_.now())) {
        const auto appended = must(writer_->append(std::move(group->pending)), "append");
        perform(intake_->on_appended(group->id, appended.rejected));
        fold(appended.entries);
    }
    settle();
    fold(must(writer_->tick_if_due(), "tick").entries);
    settle();
    if (events_.now() >= next_upkeep_) {
        next_upkeep_ = events_.now() + 1s;
        must(brain_->snapshot_if_due(), "snapshot");
        must(writer_->maintain(brain_->next_lsn()), "maintain");
    }
}

MonoTime SimCollector::next_wake() const {
    return is_running() ? std::min(intake_->next_wake(), writer_->next_tick()) : MonoTime::max();
}

void SimCollector::append(std::vector<collector::Pending> entries) {
    fold(must(writer_->append(std::move(entries)), "append").entries);
}

void SimCollector::fold(const std::vector<collector::Entry>& entries) {
    if (entries.empty()) {
        return;
    }
    for (const collector::Entry& entry : entries) {
        must(brain_->fold(entry), "fold");
    }
    collector::Effects effects = must(brain_->commit(), "commit");
    for (collector::Effects::Append& wanted : effects.append) {
        waiting_.push_back(pending(wanted.kind, std::move(wanted.body)));
    }
    for (collector::IssuedAssignments& issued : effects.issued) {
        perform(intake_->on_issued(std::move(issued)));
    }
    if (effects.outbox_changed) {
        deliver();
    }
}

/// Entries that folding asked for lead to more entries: until it is quiet.
void SimCollector::settle() {
    while (!waiting_.empty()) {
        append(std::exchange(waiting_, {}));
    }
}

void SimCollector::deliver() {
    for (const std::string& id :
         column("SELECT id FROM outbox WHERE state = 'waiting' ORDER BY lsn, ordinal")) {
        if (!under_way_.insert(id).second) {
            continue;
        }
        told_.push_back(id);
        events_.after(100ms, [this, id] {
            if (is_running() && under_way_.contains(id)) {
                waiting_.push_back(delivered(id));
                settle();
            }
        });
    }
}

void SimCollector::perform(collector::Intake::Actions actions) {
    for (collector::IntakeAction& action : actions) {
        if (auto* send = std::get_if<collector::intake_action::Send>(&action)) {
            if (const auto at = connections_.find(send->session); at != connections_.end()) {
                network_->send_to_agent(at->second, std::move(send->frame));
            }
        } else if (auto* close = std::get_if<collector::intake_action::Close>(&action)) {
            if (const auto at = connections_.find(close->session); at != connections_.end()) {
                network_->close_by_collector(at->second);
                sessions_.erase(at->second);
                connections_.erase(at);
            }
        } else if (auto* assign = std::get_if<collector::intake_action::Assign>(&action)) {
            for (wire::proto::Frame& frame : intake_->assignments(assign->session)) {
                network_->send_to_agent(connections_.at(assign->session), std::move(frame));
            }
        }
    }
}

void SimCollector::on_accepted(std::uint64_t connection) {
    auto [session, actions] = intake_->open_session(agent_, "simulated", events_.now());
    sessions_[connection] = session;
    connections_[session] = connection;
    perform(std::move(actions));
}

void SimCollector::on_frame(std::uint64_t connection, wire::proto::Frame frame) {
    if (const auto at = sessions_.find(connection); is_running() && at != sessions_.end()) {
        perform(intake_->on_frame(at->second, events_.now(), events_.wall(), std::move(frame)));
    }
}

void SimCollector::on_lost(std::uint64_t connection) {
    if (const auto at = sessions_.find(connection); is_running() && at != sessions_.end()) {
        const collector::SessionId session = at->second;
        sessions_.erase(at);
        connections_.erase(session);
        perform(intake_->on_closed(session, "the network was cut"));
    }
}

std::string SimCollector::digest() {
    return must(brain_->digest(), "digest");
}

std::string SimCollector::refolded(const std::string& path) {
    return must(refolded_brain(dir_ + "/journal", path).digest(), "digest");
}

std::vector<std::string> SimCollector::column(const std::string& sql) {
    return column_of(dir_ + "/state.db", sql);
}

}  // namespace muster::test
