#include "tests/collector/store_run.hpp"

#include "base/crypto.hpp"
#include "collector/backup/backup_maker.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/fold_order.hpp"
#include "collector/journal/segments.hpp"
#include "tests/collector/brain_world.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/results.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace muster::collector::test {

namespace {

using namespace std::chrono_literals;

constexpr WallTime noon = wall_from_ns(1'772'323'200'000'000'000);
constexpr int targets = 4;

Actor admin() {
    Actor actor;
    actor.name = "admin";
    return actor;
}

Pending pending(EntryKind kind, std::string body) {
    Pending one;
    one.kind = kind;
    one.body = std::move(body);
    return one;
}

std::string watch() {
    return brain_test::simple_targets(targets);
}

}  // namespace

StoreRun::StoreRun(std::string folder, muster::test::SimFiles& files, Durability journal)
    : folder_(std::move(folder)), files_(files), durability_(journal), clock_(noon) {
    for (const char* name : {"a", "b"}) {
        agents_.push_back(
            {.id = AgentId(Uuid::named(std::string("agent ") + name)),
             .spool = SpoolId(Uuid::named(std::string("spool ") + name))}
        );
    }
}

void StoreRun::begin_prepared(muster::test::SimVfs& disk) {
    static const muster::test::TempDir prepared("/dev/shm");
    static const bool is_made = [this, &disk] {
        StoreRun first(prepared.path(), files_, Durability::full);
        const auto ended = first.open();
        EXPECT_FALSE(ended);
        first.close();
        disk.settle();
        return !ended;
    }();
    EXPECT_TRUE(is_made);
    std::filesystem::copy(prepared.path(), folder_, std::filesystem::copy_options::recursive);
}

std::optional<Ended> StoreRun::open() {
    JournalWriterOptions options;
    options.journal.directory = folder_ + "/journal";
    options.journal.durability = durability_;
    options.journal.segment_age = 8s;
    options.journal.checkpoint_bytes = 100'000;
    options.journal.keep_bytes = 0;
    options.journal.keep_at_least = 20s;
    options.version = "1";
    options.installation = "store run";
    auto writer = JournalWriter::open(options, clock_);
    if (!writer) {
        return Ended{.part = "journal", .why = writer.error()};
    }
    writer_.emplace(std::move(*writer));
    BrainOptions brain_options = brain_test::options_at(folder_ + "/state.db");
    brain_options.snapshot_every = 5s;
    auto brain = Brain::open(brain_options);
    if (!brain) {
        return Ended{.part = "brain", .why = brain.error()};
    }
    brain_.emplace(std::move(*brain));
    HistoryOptions history_options;
    history_options.seal_every = 3s;
    history_options.fan_in = {3, 3};
    auto history = History::open(files_, folder_ + "/history", history_options);
    if (!history) {
        return Ended{.part = "history", .why = history.error()};
    }
    history_.emplace(std::move(*history));
    auto access = AccessStore::open(folder_ + "/access.db");
    if (!access) {
        return Ended{.part = "access", .why = access.error()};
    }
    access_.emplace(std::move(*access));
    return catch_up();
}

/// Both folds, from the files.
std::optional<Ended> StoreRun::catch_up() {
    auto reader = JournalReader::open(folder_ + "/journal");
    const Lsn end = writer_->journal().next_lsn();
    for (Lsn next = std::min(brain_->next_lsn(), history_->next_lsn()); next < end;) {
        const auto entries = reader->read(next, 256, 1U << 20U);
        if (!entries || entries->empty()) {
            return Ended{
                .part = "reader",
                .why = entries ? Error(ErrorKind::corrupt, "entries are missing") : entries.error()
            };
        }
        if (auto ended = fold(*entries)) {
            return ended;
        }
        next = entries->back().lsn + 1;
    }
    for (const IssuedAssignments& issued : brain_->assignments()) {
        learn(issued);
    }
    if (writer_->journal().config_hash() != sha256(watch())) {
        return append(first_entries());
    }
    return std::nullopt;
}

void StoreRun::close() {
    held_.clear();
    wanted_.clear();
    access_.reset();
    history_.reset();
    brain_.reset();
    writer_.reset();
}

std::vector<Pending> StoreRun::first_entries() const {
    std::vector<Pending> entries;
    for (const Agent& agent : agents_) {
        proto::AgentEnrolled enrolled;
        enrolled.set_agent_id(std::string(agent.id.raw()));
        enrolled.set_name(agent.id.text());
        entries.push_back(pending(EntryKind::agent_enrolled, enrolled.SerializeAsString()));
    }
    proto::ConfigLoaded loaded;
    auto* file = loaded.add_files();
    file->set_name("watch.yaml");
    file->set_text(watch());
    loaded.set_hash(sha256(watch()));
    loaded.set_silent_after_ns(Duration(30s).count());
    loaded.set_silent_incident_after_ns(Duration(5min).count());
    entries.push_back(pending(EntryKind::config_loaded, loaded.SerializeAsString()));
    entries.back().config_hash = sha256(watch());
    return entries;
}

void StoreRun::learn(const IssuedAssignments& issued) {
    for (Agent& agent : agents_) {
        if (agent.id == issued.agent) {
            agent.epoch = issued.epoch;
            agent.probes = std::max(issued.dense_count, 1U);
        }
    }
}

/// Every probe fails for four of eleven records, so incidents open and resolve.
Pending StoreRun::batch(const Agent& agent, std::uint64_t first, std::uint64_t last) const {
    Pending made;
    made.kind = EntryKind::batch;
    made.batch.cursors.push_back(
        {.agent = agent.id, .spool = agent.spool, .first_seq = first, .last_seq = last}
    );
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        wire::ResultBatch results;
        results.epoch = agent.epoch;
        results.boot = 1;
        for (std::uint32_t probe = 0; probe < agent.probes; ++probe) {
            const bool fails = (seq / 3 + probe) % 11 < 4;
            results.probe.push_back(probe);
            results.time_ms.push_back(static_cast<std::int32_t>(probe));
            results.state.push_back(static_cast<std::uint8_t>(
                fails ? wire::ResultState::critical : wire::ResultState::ok
            ));
            results.values.push_back(static_cast<std::int64_t>(seq));
        }
        results.value_runs.push_back({.results = agent.probes, .values = 1});
        wire::Record record = wire::make_record(
            wire::RecordKind::results,
            wire::DropClass::results,
            agent.probes,
            clock_.wall(),
            clock_.mono() + 100s,
            wire::encode_results(results)
        );
        auto& item = *made.batch.entry.add_items();
        item.set_agent_id(std::string(agent.id.raw()));
        item.set_spool_id(std::string(agent.spool.raw()));
        item.set_seq(seq);
        item.set_kind(1);
        item.set_count(agent.probes);
        item.set_wall_ns(to_ns(record.wall));
        item.set_mono_ns(to_ns(record.mono));
        item.set_raw_size(record.raw_size);
        item.set_payload(record.payload);
        made.batch.decoded.push_back(
            {.agent = agent.id,
             .spool = agent.spool,
             .seq = seq,
             .wall = record.wall,
             .mono = record.mono,
             .results = std::move(results)}
        );
    }
    return made;
}

std::optional<Ended> StoreRun::append(std::vector<Pending> pending) {
    auto appended = writer_->append(pending);
    if (!appended) {
        ++refused_;
        if (appended.error().kind() == ErrorKind::full) {
            return std::nullopt;
        }
        return Ended{.part = "journal", .why = appended.error()};
    }
    EXPECT_TRUE(appended->rejected.empty()) << "the cursor is not where the confirmation was";
    for (const Entry& entry : appended->entries) {
        last_ = entry.lsn;
        if (entry.kind == EntryKind::command) {
            commands_[entry.lsn] = entry.body;
        }
    }
    for (const Pending& one : pending) {
        for (const CursorUpdate& update : one.batch.cursors) {
            for (Agent& agent : agents_) {
                agent.confirmed = agent.id == update.agent ? update.last_seq : agent.confirmed;
            }
        }
    }
    return fold(appended->entries);
}

void StoreRun::fold_history() {
    while (!held_.empty()) {
        if (!history_->fold(held_.front())) {
            ++refused_;
            return;
        }
        held_.pop_front();
    }
}

std::optional<Ended> StoreRun::fold(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
        if (entry.lsn >= history_->next_lsn()) {
            held_.push_back(entry);
        }
        if (entry.lsn < brain_->next_lsn()) {
            continue;
        }
        if (const Status folded = brain_->fold(entry); !folded) {
            return Ended{.part = "brain", .why = folded.error()};
        }
    }
    fold_history();
    auto effects = brain_->commit();
    if (!effects) {
        return Ended{.part = "brain", .why = effects.error()};
    }
    for (const IssuedAssignments& issued : effects->issued) {
        learn(issued);
    }
    for (Effects::Append& asked : effects->append) {
        wanted_.push_back(pending(asked.kind, std::move(asked.body)));
    }
    if (const Status saved = brain_->snapshot_if_due(); !saved) {
        return Ended{.part = "brain", .why = saved.error()};
    }
    return std::nullopt;
}

std::optional<Ended> StoreRun::send(Agent& agent, std::uint64_t records) {
    std::vector<Pending> group = std::exchange(wanted_, {});
    group.push_back(batch(agent, agent.confirmed + 1, agent.confirmed + records));
    return append(std::move(group));
}

void StoreRun::make_token() {
    auto made = access_->create_join_token({}, admin(), "pin", random_, clock_.wall());
    if (made) {
        tokens_.insert(made->row.id);
    } else {
        ++refused_;
    }
}

void StoreRun::maintain() {
    const Lsn needed = std::min(brain_->kept_from(), history_->next_lsn());
    Status kept = writer_->maintain(needed);
    if (kept) {
        kept = writer_->journal()
                   .retain(writer_->journal().last_moment().elapsed, needed)
                   .transform([](int) {});
    }
    const auto merged = kept ? history_->merge_if_due() : Result<bool>(false);
    refused_ += kept && merged ? 0 : 1;
}

std::optional<Ended> StoreRun::step() {
    clock_.advance(1s);
    ++steps_;
    if (steps_ % 5 == 0) {
        make_token();
    }
    std::optional<Ended> ended;
    if (steps_ % 3 == 0) {
        proto::CommandEntry command;
        command.set_name("incident.create");
        command.set_actor("admin");
        command.set_idempotency_key(std::to_string(steps_));
        command.set_body(R"({"title": "seen by a person )" + std::to_string(steps_) + "\"}");
        ended = append({pending(EntryKind::command, command.SerializeAsString())});
    } else {
        ended = send(agents_[static_cast<std::size_t>(steps_ % 2)], 2);
    }
    if (!ended) {
        maintain();
    }
    return ended;
}

Status StoreRun::back_up(const std::string& folder) {
    using Stop = const std::stop_token&;
    const auto whole = [](Result<DatabaseCopy> copy) {
        Result<bool> more = copy ? Result<bool>(true) : failure(copy.error());
        while (more && *more) {
            more = copy->step(1U << 20U);
        }
        return more ? Status{} : Status{failure(more.error())};
    };
    const BackupSources sources{
        .state = [&](const CopyPlace& to, Stop) { return whole(brain_->begin_copy(to.folder)); },
        .access = [&](const CopyPlace& to, Stop) { return whole(access_->begin_copy(to.folder)); },
        .history =
            [&](const CopyPlace& to, Stop) {
                const Status copied = whole(history_->begin_copy(to.folder));
                return copied ? history_->link_blocks(to.links) : copied;
            },
        .journal =
            [&](const CopyPlace& to, Stop) {
                const Status copied = whole(writer_->journal().begin_copy(to.folder));
                return copied ? writer_->journal().link_sealed(to.links) : copied;
            }
    };
    const BackupPlan plan{
        .data_dir = folder_, .folder = folder, .version = "1", .installation = "store run"
    };
    return make_backup(files_, plan, sources, clock_.wall(), {}).transform([](const Backup&) {});
}

void StoreRun::expect_sound(const std::string& path) {
    auto database = Database::open(path, {.mode = DatabaseMode::reader});
    ASSERT_TRUE(database) << path << ": " << database.error().text();
    auto check = database->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(check) << path << ": " << check.error().text();
    auto row = check->step();
    for (; row && *row; row = check->step()) {
        // What SQLite 3.40 says of sound rows; check_database looks at it again.
        const std::string said(check->text(0));
        EXPECT_TRUE(said == "ok" || said.starts_with("NULL value in ")) << path << ": " << said;
    }
    ASSERT_TRUE(row) << path << ": " << row.error().text();
    const auto counted = check_database(path);
    EXPECT_TRUE(counted) << counted.error().text();
}

/// Folding all of it anew gives the same tables.
void StoreRun::expect_record(const std::vector<Entry>& entries) {
    auto anew = Brain::open(brain_test::options_at());
    ASSERT_TRUE(anew);
    for (const Entry& entry : entries) {
        ASSERT_TRUE(anew->fold(entry));
        ASSERT_TRUE(anew->commit());
    }
    ASSERT_TRUE(anew->snapshot_now());
    ASSERT_TRUE(brain_->snapshot_now());
    const std::string is = *brain_->digest();
    const std::string should_be = *anew->digest();
    const auto [at, other] = std::ranges::mismatch(is, should_be);
    EXPECT_TRUE(is == should_be) << "the record differs at: "
                                 << std::string(at, is.end()).substr(0, 300);
}

void StoreRun::expect_whole() {
    auto segments = list_segments(folder_ + "/journal");
    ASSERT_TRUE(segments && !segments->empty());
    const Lsn first = segments->front();
    const Lsn end = writer_->journal().next_lsn();
    EXPECT_GT(end, last_) << "a confirmed entry is gone";
    auto reader = JournalReader::open(folder_ + "/journal");
    std::vector<Entry> entries;
    while (first + entries.size() < end) {
        auto more = reader->read(first + entries.size(), 256, 1U << 20U);
        ASSERT_TRUE(more) << more.error().text();
        ASSERT_FALSE(more->empty());
        std::ranges::move(*more, std::back_inserter(entries));
    }
    std::map<SpoolId, std::uint64_t> newest;
    for (const Entry& entry : entries) {
        if (const auto told = commands_.find(entry.lsn); told != commands_.end()) {
            EXPECT_EQ(entry.body, told->second);
        }
        for (const DecodedBatch& batch :
             entry.batches ? *entry.batches : std::vector<DecodedBatch>{}) {
            std::uint64_t& before = newest[batch.spool];
            EXPECT_TRUE(before == 0 || batch.seq == before + 1) << "a record is there twice or not";
            before = batch.seq;
        }
    }
    auto cursors = writer_->journal().cursors();
    ASSERT_TRUE(cursors);
    for (Agent& agent : agents_) {
        std::uint64_t stands = 0;
        for (const AgentCursor& cursor : *cursors) {
            stands = cursor.spool == agent.spool ? cursor.committed_seq : stands;
        }
        EXPECT_GE(stands, agent.confirmed);
        if (newest.contains(agent.spool)) {
            EXPECT_EQ(stands, newest[agent.spool]) << "the cursor says what is stored";
        }
        agent.confirmed = stands;  // as the Welcome of a link tells it
    }
    EXPECT_TRUE(check_order("state.db", brain_->folded(), first, end - 1));
    EXPECT_TRUE(check_order("history", history_->next_lsn() - 1, first, end - 1));
    auto there = access_->join_tokens();
    ASSERT_TRUE(there);
    for (const std::string& id : tokens_) {
        EXPECT_TRUE(std::ranges::any_of(*there, [&id](const auto& one) { return one.id == id; }));
    }
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_)) {
        if (file.path().extension() == ".db") {
            expect_sound(file.path());
        }
    }
    EXPECT_EQ(history_->stats().damaged, 0U);
    if (first == 1) {
        expect_record(entries);
    }
}

}  // namespace muster::collector::test
