// Owns: the half of DeliveryCollector that folds: a brain over the journal, and a receiver of messages that takes each at once.
#include "base/crypto.hpp"
#include "base/database.hpp"
#include "collector/fold_order.hpp"
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

void say_folded(const std::string& state_path, collector::Lsn last) {
    Database database = must(Database::open(state_path, {}), "state.db opens");
    Statement position =
        must(database.prepare("UPDATE fold SET folded = ?1"), "the position is known");
    must(position.bind(0, static_cast<std::int64_t>(last)).run(), "the position is set");
}

}  // namespace

/// Opens it and folds what it has not folded yet.
Status DeliveryCollector::open_brain() {
    collector::BrainOptions options;
    options.state_path = state_path();
    options.probe_types = probes::probe_schemas();
    if (options_.bug == SeededBug::fold_ahead && std::filesystem::exists(state_path())) {
        say_folded(state_path(), writer_->journal().next_lsn() - 1);
    }
    auto opened = collector::Brain::open(options);
    if (!opened) {
        return failure(opened.error());
    }
    brain_.emplace(std::move(*opened));
    const collector::Lsn last = writer_->journal().next_lsn() - 1;
    Status done = collector::check_order("state.db", brain_->folded(), 1, last);
    if (done) {
        done = catch_up();
    }
    if (!done) {
        brain_.reset();
        return done;
    }
    for (collector::IssuedAssignments& issued : brain_->assignments()) {
        perform(intake_->on_issued(std::move(issued)));
    }
    return {};
}

Status DeliveryCollector::catch_up() {
    auto reader = collector::JournalReader::open(journal_dir());
    while (reader) {
        const auto entries = reader->read(brain_->next_lsn(), 256, 1U << 20U);
        if (!entries) {
            return failure(entries.error());
        }
        if (entries->empty()) {
            return {};
        }
        if (const Status worked = work(*entries); !worked) {
            return worked;
        }
    }
    return failure(reader.error());
}

/// After its disk was full.
void DeliveryCollector::go_on_folding() {
    if (options_.watch.empty() || brain_ || clock_.mono() < brain_again_) {
        return;
    }
    if (const Status opened = open_brain(); !opened) {
        pause_folding(opened.error());
        return;
    }
    trace_.add(events_.now(), "the collector folds again");
    deliver();
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

Status DeliveryCollector::work(const std::vector<collector::Entry>& entries) {
    for (const collector::Entry& entry : entries) {
        if (const Status folded = brain_->fold(entry); !folded) {
            return folded;
        }
    }
    auto committed = brain_->commit();
    if (!committed) {
        return failure(committed.error());
    }
    for (collector::Effects::Append& wanted : committed->append) {
        own_.push_back(pending(wanted.kind, std::move(wanted.body)));
    }
    for (collector::IssuedAssignments& issued : committed->issued) {
        perform(intake_->on_issued(std::move(issued)));
    }
    if (committed->outbox_changed) {
        deliver();
    }
    return {};
}

void DeliveryCollector::fold(const std::vector<collector::Entry>& entries) {
    if (!brain_ || entries.empty()) {
        return;
    }
    if (const Status worked = work(entries); !worked) {
        pause_folding(worked.error());
    }
}

/// What it has not committed it reads again from the journal, once there is room; other errors end the collector.
void DeliveryCollector::pause_folding(const Error& why) {
    if (lives_with("brain", why)) {
        brain_.reset();
        brain_again_ = clock_.mono() + 500ms;
    }
}

/// What folding asked for leads to more: until it is quiet, or for as long as the disk takes it.
void DeliveryCollector::append_own() {
    while (is_running() && !is_full_ && !own_.empty() && clock_.mono() >= own_again_) {
        std::vector<collector::Pending> wanted = std::exchange(own_, {});
        const auto appended = writer_->append(wanted);
        if (appended) {
            fold(appended->entries);
        } else if (lives_with("journal", appended.error())) {
            own_ = std::move(wanted);
            own_again_ = clock_.mono() + 1s;
        }
    }
}

void DeliveryCollector::deliver() {
    const auto waiting = try_column_of(
        state_path(), "SELECT id FROM outbox WHERE state = 'waiting' ORDER BY lsn, ordinal"
    );
    if (!waiting) {
        check("outbox", waiting.error());
        events_.after(1s, [this, life = life_] {
            if (life == life_) {
                deliver();
            }
        });
        return;
    }
    for (const std::string& id : *waiting) {
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
    return column_of(state_path(), sql);
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
    const bool folds = brain_ || options_.watch.empty();
    return folds && own_.empty() && under_way_.empty();
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
