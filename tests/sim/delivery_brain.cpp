// Owns: the half of DeliveryCollector that folds: a brain over the journal, and a receiver of messages that takes each at once.
#include "base/crypto.hpp"
#include "collector/journal/journal_reader.hpp"
#include "probes/probe_type.hpp"
#include "tests/sim/delivery_collector.hpp"
#include "tests/sim/must.hpp"
#include "tests/sim/sim_record.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

void DeliveryCollector::catch_up() {
    collector::BrainOptions options;
    options.state_path = options_.dir + "/state.db";
    options.probe_types = probes::probe_schemas();
    brain_.emplace(must(collector::Brain::open(options), "brain"));
    auto reader = must(collector::JournalReader::open(journal_dir()), "reader");
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
    if (writer_->journal().config_hash() != sha256(options_.watch)) {
        first_entries();
    }
    deliver();
    append_own();
}

void DeliveryCollector::first_entries() {
    for (std::size_t agent = 0; agent < agents_.size(); ++agent) {
        collector::proto::AgentEnrolled enrolled;
        enrolled.set_agent_id(std::string(agents_[agent].raw()));
        enrolled.set_name("agent" + std::to_string(agent));
        enrolled.set_hostname("agent" + std::to_string(agent));
        own_.push_back(pending(collector::EntryKind::agent_enrolled, enrolled.SerializeAsString()));
    }
    collector::proto::ConfigLoaded loaded;
    auto* file = loaded.add_files();
    file->set_name("watch.yaml");
    file->set_text(options_.watch);
    loaded.set_hash(sha256(options_.watch));
    loaded.set_silent_after_ns(Duration(30s).count());
    loaded.set_silent_incident_after_ns(Duration(5min).count());
    own_.push_back(pending(collector::EntryKind::config_loaded, loaded.SerializeAsString()));
    own_.back().config_hash = sha256(options_.watch);
}

void DeliveryCollector::fold(const std::vector<collector::Entry>& entries) {
    if (!brain_ || entries.empty()) {
        return;
    }
    for (const collector::Entry& entry : entries) {
        must(brain_->fold(entry), "fold");
    }
    collector::Effects effects = must(brain_->commit(), "commit");
    for (collector::Effects::Append& wanted : effects.append) {
        own_.push_back(pending(wanted.kind, std::move(wanted.body)));
    }
    for (collector::IssuedAssignments& issued : effects.issued) {
        perform(intake_->on_issued(std::move(issued)));
    }
    if (effects.outbox_changed) {
        deliver();
    }
}

/// What folding asked for leads to more: until it is quiet, or for as long as the disk takes it.
void DeliveryCollector::append_own() {
    while (is_running() && !is_full_ && !own_.empty()) {
        fold(must(writer_->append(std::exchange(own_, {})), "append").entries);
    }
}

void DeliveryCollector::deliver() {
    for (const std::string& id :
         column("SELECT id FROM outbox WHERE state = 'waiting' ORDER BY lsn, ordinal")) {
        if (!under_way_.insert(id).second) {
            continue;
        }
        events_.after(100ms, [this, life = life_, id] {
            if (life != life_) {
                return;
            }
            under_way_.erase(id);
            own_.push_back(delivered(id));
            append_own();
        });
    }
}

std::vector<std::string> DeliveryCollector::column(const std::string& sql) {
    return column_of(options_.dir + "/state.db", sql);
}

std::vector<std::string> DeliveryCollector::told() {
    return column(
        "SELECT c.name || ' ' || i.reason || ' ' || o.transition || ' ' || o.channel || ' ' || "
        "o.state AS what FROM outbox o JOIN incident i ON i.number = o.incident LEFT JOIN ci c ON "
        "c.id = i.ci ORDER BY what"
    );
}

std::vector<std::string> DeliveryCollector::incidents() {
    return column(
        "SELECT c.name || ' ' || p.type || ' ' || i.reason || ' ' || i.state AS what FROM incident "
        "i LEFT JOIN ci c ON c.id = i.ci LEFT JOIN probe p ON p.id = i.probe ORDER BY what"
    );
}

bool DeliveryCollector::is_quiet() {
    return own_.empty() && under_way_.empty();
}

std::pair<std::string, std::string> DeliveryCollector::digests() {
    const std::string shadow_path = options_.dir + "/shadow.db";
    std::filesystem::remove(shadow_path);
    collector::Brain shadow = refolded_brain(journal_dir(), shadow_path);
    return {
        must(brain_->digest(), "digest") + brain_->memory_digest(),
        must(shadow.digest(), "digest") + shadow.memory_digest()
    };
}

}  // namespace muster::test
