#include "collector/journal/journal.hpp"

#include "collector/journal/journal_reader.hpp"
#include "collector/journal/segments.hpp"
#include "tests/collector/journal_entries.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

class JournalFiles : public ::testing::Test {
  protected:
    JournalOptions options() const {
        JournalOptions options;
        options.directory = dir_ / "journal";
        options.durability = Durability::normal;
        return options;
    }

    static Journal opened(JournalOptions options) {
        auto journal = Journal::open(std::move(options));
        EXPECT_TRUE(journal) << journal.error().text();
        return std::move(*journal);
    }

    std::vector<Entry> read(Lsn from, std::size_t most = 1000) const {
        auto reader = JournalReader::open(dir_ / "journal");
        auto entries = reader->read(from, most, 1U << 20U);
        EXPECT_TRUE(entries) << entries.error().text();
        return entries ? *entries : std::vector<Entry>{};
    }

    test::TempDir dir_;
    AgentId agent_ = agent_named("a");
    SpoolId spool_ = spool_named("s");
};

TEST_F(JournalFiles, GiveBackWhatWasAppended) {
    Journal journal = opened(options());
    const auto appended = journal.append(
        together(some_entry(EntryKind::command, "please"), some_batch(agent_, spool_, 1, 2)),
        moment(5s)
    );
    ASSERT_TRUE(appended) << appended.error().text();
    EXPECT_EQ(appended->lsns, (std::vector<Lsn>{1, 2}));
    EXPECT_TRUE(appended->rejected.empty());
    ASSERT_EQ(appended->entries.size(), 2U);
    EXPECT_TRUE(appended->entries[1].body.empty());

    const auto entries = read(1);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].kind, EntryKind::command);
    EXPECT_EQ(entries[0].body, "please");
    EXPECT_EQ(entries[0].elapsed, Elapsed(5s));
    EXPECT_EQ(entries[0].wall, moment(5s).wall);
    ASSERT_EQ(entries[1].batches->size(), 2U);
    const DecodedBatch& second = (*entries[1].batches)[1];
    EXPECT_EQ(second.agent, agent_);
    EXPECT_EQ(second.spool, spool_);
    EXPECT_EQ(second.seq, 2U);
    EXPECT_EQ(second.results.probe, some_results(3).probe);
    EXPECT_EQ(second.results.values, some_results(3).values);
}

TEST_F(JournalFiles, GiveBackObservationsAsTheyCame) {
    Pending group = some_batch(agent_, spool_, 1, 2);
    const wire::Observations seen = some_observations(agent_);
    const wire::Record record = record_of(seen);
    auto& item = *group.batch.entry.mutable_items(1);
    item.set_kind(static_cast<std::uint32_t>(record.kind));
    item.set_raw_size(record.raw_size);
    item.set_payload(record.payload);
    Journal journal = opened(options());
    ASSERT_TRUE(journal.append(together(std::move(group)), moment(5s)));
    const auto entries = read(1);
    ASSERT_EQ(entries.size(), 1U);
    const std::vector<DecodedBatch>& batches = *entries[0].batches;
    ASSERT_EQ(batches.size(), 2U);
    EXPECT_FALSE(batches[0].observations);
    EXPECT_EQ(batches[0].results.size(), 3U);
    ASSERT_TRUE(batches[1].observations);
    EXPECT_EQ(*batches[1].observations, seen);
    EXPECT_EQ(batches[1].results.size(), 0U);
}

TEST_F(JournalFiles, NumberEntriesWithoutHolesOverRestarts) {
    for (Lsn expected = 1; expected <= 3; ++expected) {
        Journal journal = opened(options());
        EXPECT_EQ(journal.next_lsn(), expected);
        const auto at = moment(static_cast<int>(expected) * 1s);
        ASSERT_TRUE(journal.append(together(some_entry(EntryKind::tick, "")), at));
        EXPECT_EQ(journal.last_moment().elapsed, at.elapsed);
    }
    EXPECT_EQ(opened(options()).last_moment().elapsed, Elapsed(3s));
}

TEST_F(JournalFiles, TakeEachRecordOnce) {
    Journal journal = opened(options());
    ASSERT_TRUE(journal.append(together(some_batch(agent_, spool_, 1, 3)), moment(1s)));
    const auto again = journal.append(
        together(some_batch(agent_, spool_, 2, 4), some_batch(agent_named("b"), spool_, 1, 1)),
        moment(2s)
    );
    ASSERT_TRUE(again);
    ASSERT_EQ(again->rejected.size(), 1U);
    EXPECT_EQ(again->rejected[0].committed_seq, 3U);
    EXPECT_EQ(again->lsns, (std::vector<Lsn>{0, 2})) << "nothing is left of the first";
    EXPECT_EQ(read(1).size(), 2U);
}

TEST_F(JournalFiles, RefuseRecordsAfterAHole) {
    Journal journal = opened(options());
    ASSERT_TRUE(journal.append(together(some_batch(agent_, spool_, 1, 1)), moment(1s)));
    const auto hole = journal.append(together(some_batch(agent_, spool_, 3, 3)), moment(2s));
    ASSERT_TRUE(hole);
    ASSERT_EQ(hole->rejected.size(), 1U);
    EXPECT_EQ(hole->rejected[0].committed_seq, 1U);
    const auto unknown =
        journal.append(together(some_batch(agent_, spool_named("new"), 2, 2)), moment(2s));
    EXPECT_EQ(unknown->rejected.at(0).committed_seq, 0U);
}

TEST_F(JournalFiles, DropOnlyTheSpoolThatDoesNotFitFromAGroup) {
    Journal journal = opened(options());
    ASSERT_TRUE(journal.append(together(some_batch(agent_, spool_, 1, 2)), moment(1s)));
    Pending group = some_batch(agent_, spool_, 1, 2);
    Pending other = some_batch(agent_named("b"), spool_, 1, 1);
    group.batch.entry.add_items()->Swap(other.batch.entry.mutable_items(0));
    group.batch.decoded.push_back(std::move(other.batch.decoded[0]));
    group.batch.cursors.push_back(other.batch.cursors[0]);
    const auto appended = journal.append(together(std::move(group)), moment(2s));
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->rejected.size(), 1U);
    const auto entries = read(2);
    ASSERT_EQ(entries.size(), 1U);
    ASSERT_EQ(entries[0].batches->size(), 1U);
    EXPECT_EQ(entries[0].batches->front().agent, agent_named("b"));
}

TEST_F(JournalFiles, RememberCursorsAndTheConfigurationOverSegments) {
    JournalOptions small = options();
    small.segment_bytes = 1;
    {
        Journal journal = opened(small);
        Pending loaded = some_entry(EntryKind::config_loaded, "text");
        loaded.config_hash = "hash";
        ASSERT_TRUE(journal.append(
            together(std::move(loaded), some_batch(agent_, spool_, 1, 5)), moment(1s)
        ));
        ASSERT_TRUE(journal.maintain(Elapsed(2s)));
        EXPECT_EQ(list_segments(small.directory)->size(), 2U);
        EXPECT_EQ(journal.next_lsn(), 3U);
    }
    Journal journal = opened(small);
    EXPECT_EQ(journal.config_hash(), "hash");
    EXPECT_EQ(journal.last_moment().elapsed, Elapsed(1s));
    ASSERT_EQ(journal.cursors()->size(), 1U);
    EXPECT_EQ(journal.cursors()->front().committed_seq, 5U);
    EXPECT_EQ(journal.append(together(some_batch(agent_, spool_, 6, 6)), moment(3s))->lsns[0], 3U);
    EXPECT_EQ(read(1, 1000).size(), 2U) << "one segment at a time";
    EXPECT_EQ(read(3).size(), 1U);
}

/// Each name of a spool is a row: an agent that makes up names all the time must not fill the disk.
TEST_F(JournalFiles, RememberOfAnAgentTheSpoolsUsedLast) {
    JournalOptions small = options();
    small.segment_bytes = 1;
    Journal journal = opened(small);
    const auto begin = [&](const std::string& name) {
        const SpoolId spool = spool_named(name);
        const auto done = journal.append(together(some_batch(agent_, spool, 1, 1)), moment(1s));
        ASSERT_TRUE(done) << done.error().text();
        EXPECT_TRUE(done->rejected.empty());
    };
    ASSERT_TRUE(journal.append(together(some_batch(agent_named("b"), spool_, 1, 1)), moment(1s)));
    for (int i = 0; i < 64; ++i) {
        begin("spool " + std::to_string(i));
    }
    EXPECT_EQ(journal.cursors()->size(), 65U);
    const SpoolId first = spool_named("spool 0");
    EXPECT_TRUE(journal.append(together(some_batch(agent_, first, 2, 2)), moment(1s)));
    ASSERT_TRUE(journal.maintain(Elapsed(2s)))
        << "what was used last is carried into a new segment";
    begin("new");
    begin("newer");
    const auto kept = journal.cursors();
    EXPECT_EQ(kept->size(), 65U) << "and of other agents none is forgotten";
    const auto knows = [&](const std::string& name) {
        return std::ranges::find(*kept, spool_named(name), &AgentCursor::spool) != kept->end();
    };
    EXPECT_TRUE(knows("newer") && knows("new") && knows("spool 0") && knows("spool 3"));
    EXPECT_FALSE(knows("spool 1") || knows("spool 2"));
    const auto gone =
        journal.append(together(some_batch(agent_, spool_named("spool 1"), 2, 2)), moment(3s));
    EXPECT_EQ(gone->rejected.at(0).committed_seq, 0U) << "as of one never heard of";
}

TEST_F(JournalFiles, AreReadAcrossSegments) {
    JournalOptions small = options();
    small.segment_bytes = 1;
    Journal journal = opened(small);
    for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(journal.append(together(some_entry(EntryKind::tick, "")), moment(i * 1s)));
        ASSERT_TRUE(journal.maintain(Elapsed(i * 1s)));
    }
    auto reader = JournalReader::open(small.directory);
    std::vector<Lsn> seen;
    for (Lsn next = 1;;) {
        const auto entries = reader->read(next, 2, 1000);
        ASSERT_TRUE(entries) << entries.error().text();
        if (entries->empty()) {
            break;
        }
        for (const Entry& entry : *entries) {
            seen.push_back(entry.lsn);
        }
        next = seen.back() + 1;
    }
    EXPECT_EQ(seen, (std::vector<Lsn>{1, 2, 3, 4, 5}));
    EXPECT_EQ(*reader->last(), 5U);
}

TEST_F(JournalFiles, SurviveADeathWhileASegmentBegins) {
    Lsn next = 0;
    {
        Journal journal = opened(options());
        ASSERT_TRUE(journal.append(together(some_batch(agent_, spool_, 1, 1)), moment(1s)));
        next = journal.next_lsn();
    }
    // The file of the next segment is there, its first transaction is not.
    ASSERT_TRUE(Database::open(dir_ / "journal/" + segment_name(next), {}));
    Journal journal = opened(options());
    EXPECT_EQ(journal.next_lsn(), next);
    EXPECT_EQ(list_segments(dir_ / "journal")->size(), 1U);
    EXPECT_EQ(journal.cursors()->size(), 1U);
}

TEST_F(JournalFiles, AreDroppedOnlyBeyondTheLimitsAndWhenNoFoldNeedsThem) {
    JournalOptions small = options();
    small.segment_bytes = 1;
    small.keep_bytes = 0;
    small.keep_at_least = 10s;
    Journal journal = opened(small);
    for (int i = 1; i <= 4; ++i) {
        ASSERT_TRUE(journal.append(together(some_entry(EntryKind::tick, "")), moment(i * 1s)));
        ASSERT_TRUE(journal.maintain(Elapsed(i * 1s)));
    }
    EXPECT_EQ(*journal.retain(Elapsed(5s), 5), 0) << "too young";
    EXPECT_EQ(*journal.retain(Elapsed(12s), 2), 1) << "a fold needs entry 2";
    EXPECT_EQ(*journal.retain(Elapsed(100s), 5), 3);
    EXPECT_EQ(journal.next_lsn(), 5U);
    auto reader = JournalReader::open(small.directory);
    EXPECT_EQ(reader->read(1, 10, 10).error().kind(), ErrorKind::not_found);
}

TEST_F(JournalFiles, KeepABoundedQuarantineAndGoOn) {
    JournalOptions few = options();
    few.quarantine.rows = 2;
    Journal journal = opened(few);
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        Pending bad;
        bad.kind = EntryKind::batch;
        bad.batch.cursors.push_back(
            {.agent = agent_, .spool = spool_, .first_seq = seq, .last_seq = seq}
        );
        bad.batch.quarantined.push_back(
            {.agent = agent_, .spool = spool_, .seq = seq, .why = "garbage", .payload = "\x01"}
        );
        EXPECT_EQ(journal.append(together(std::move(bad)), moment(1s))->lsns[0], 0U);
    }
    EXPECT_EQ(journal.cursors()->front().committed_seq, 5U) << "the agent may go on";
    auto database =
        Database::open(dir_ / "journal/" + segment_name(1), {.mode = DatabaseMode::reader});
    auto rows = database->prepare("SELECT COUNT(*), MIN(seq) FROM quarantine");
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->integer(0), 2);
    EXPECT_EQ(rows->integer(1), 4);
}

TEST_F(JournalFiles, LetNoAgentPushOutWhatAnotherLeftInQuarantine) {
    JournalOptions few = options();
    few.quarantine = {.rows = 6, .bytes = 1000, .agent_rows = 3, .agent_bytes = 500};
    Journal journal = opened(few);
    const auto leave = [&](const std::string& who, std::uint64_t seq, std::size_t bytes) {
        Pending bad;
        bad.kind = EntryKind::batch;
        const AgentId agent = agent_named(who);
        bad.batch.cursors.push_back(
            {.agent = agent, .spool = spool_, .first_seq = seq, .last_seq = seq}
        );
        bad.batch.quarantined.push_back(
            {.agent = agent,
             .spool = spool_,
             .seq = seq,
             .why = "garbage",
             .payload = std::string(bytes, 'x')}
        );
        ASSERT_TRUE(journal.append(together(std::move(bad)), moment(1s)));
    };
    leave("quiet", 1, 10);
    for (std::uint64_t seq = 1; seq <= 50; ++seq) {
        leave("flood", seq, 10);
    }
    leave("large", 1, 300);
    leave("large", 2, 300);
    auto database =
        Database::open(dir_ / "journal/" + segment_name(1), {.mode = DatabaseMode::reader});
    auto rows = database->prepare("SELECT agent_id, seq FROM quarantine ORDER BY id");
    std::vector<std::pair<std::string, std::int64_t>> kept;
    while (*rows->step()) {
        kept.emplace_back(rows->blob(0), rows->integer(1));
    }
    const auto of = [](const char* who, std::int64_t seq) {
        return std::pair{std::string(agent_named(who).raw()), seq};
    };
    EXPECT_EQ(
        kept,
        (std::vector{
            of("quiet", 1), of("flood", 48), of("flood", 49), of("flood", 50), of("large", 2)
        })
    );
}

/// Run by itself, or in another process by the tests below, which let it die on the way.
TEST(OtherProcess, AppendsThreeRecords) {
    const test::TempDir dir;
    const char* given = std::getenv("MUSTER_TEST_JOURNAL");
    JournalOptions options;
    options.directory = given == nullptr ? dir / "journal" : given;
    auto journal = Journal::open(options);
    ASSERT_TRUE(journal);
    EXPECT_TRUE(
        journal->append(together(some_batch(agent_named("a"), spool_named("s"), 1, 3)), moment(1s))
    );
}

void die_at(const std::string& failpoint, const std::string& directory) {
    auto other = test::Process::start(
        {std::filesystem::read_symlink("/proc/self/exe").string(),
         "--gtest_filter=OtherProcess.AppendsThreeRecords"},
        {.environment = {{"MUSTER_FAILPOINT", failpoint}, {"MUSTER_TEST_JOURNAL", directory}},
         .output_path = {}}
    );
    EXPECT_EQ(other.wait(10s), 128 + SIGKILL);
}

TEST_F(JournalFiles, MakeAResendADuplicateAfterADeathBetweenCommitAndAck) {
    die_at("journal.after_commit", dir_ / "journal");
    Journal journal = opened(options());
    EXPECT_EQ(journal.cursors()->at(0).committed_seq, 3U);
    const auto again = journal.append(together(some_batch(agent_, spool_, 1, 3)), moment(2s));
    EXPECT_EQ(again->rejected.at(0).committed_seq, 3U);
    EXPECT_EQ(read(1).size(), 1U);
}

TEST_F(JournalFiles, ForgetWhatWasNotCommitted) {
    die_at("journal.before_commit", dir_ / "journal");
    Journal journal = opened(options());
    EXPECT_TRUE(journal.cursors()->empty());
    EXPECT_EQ(journal.next_lsn(), 1U);
    const auto again = journal.append(together(some_batch(agent_, spool_, 1, 3)), moment(2s));
    EXPECT_TRUE(again->rejected.empty());
}

TEST(SegmentNames, AreReadBack) {
    EXPECT_EQ(segment_name(42), "00000000000000000042.db");
    EXPECT_EQ(parse_segment_name(segment_name(42)), 42U);
    EXPECT_EQ(parse_segment_name("00000000000000000042.db-wal"), 0U);
    EXPECT_EQ(parse_segment_name("state.db"), 0U);
    EXPECT_EQ(parse_segment_name("0000000000000000004x.db"), 0U);
}

}  // namespace
}  // namespace muster::collector
