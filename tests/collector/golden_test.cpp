// What a release has stored, every later one reads: journal entries as bytes, schemas as text.
#include "golden.hpp"

#include "base/database.hpp"
#include "brain_world.hpp"
#include "collector/history/history.hpp"
#include "collector/journal/journal_reader.hpp"
#include "collector/journal/segment_store.hpp"
#include "collector/migrations.hpp"
#include "golden_entries.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <span>

namespace muster::collector::golden {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* how_to_write =
    " (MUSTER_WRITE_GOLDEN=1 bin/tests_collector --gtest_filter='*Golden*' writes what is missing)";

std::vector<GoldenEntry> all_entries() {
    std::vector<GoldenEntry> all;
    for (const std::string& name : names()) {
        if (!name.ends_with(".sql")) {
            auto golden = parse_golden(name, read(name));
            EXPECT_TRUE(golden) << golden.error().text();
            if (golden) {
                all.push_back(std::move(*golden));
            }
        }
    }
    return all;
}

class GoldenEntries : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        for (const Entry& entry : is_writing() ? sample_journal() : std::vector<Entry>{}) {
            const std::string name =
                std::string(to_string(entry.kind)) + ".v" + std::to_string(entry.version);
            const Status written = write(folder(), name, golden_text(entry));
            EXPECT_TRUE(written) << written.error().text();
        }
    }

    /// Stores `entries` as the journal does and reads them back.
    std::vector<Entry> through_a_journal(std::vector<Entry> entries) {
        {
            auto segment = SegmentStore::open(dir_.path(), 1, Durability::normal);
            EXPECT_TRUE(segment) << segment.error().text();
            EXPECT_TRUE(segment->database().begin());
            for (const Entry& entry : entries) {
                EXPECT_TRUE(segment->insert(entry, entry.body));
            }
            EXPECT_TRUE(segment->database().commit());
        }
        auto reader = JournalReader::open(dir_.path());
        auto read_back = reader->read(1, entries.size(), 1U << 20U);
        EXPECT_TRUE(read_back) << read_back.error().text();
        return read_back ? std::move(*read_back) : std::vector<Entry>{};
    }

    test::TempDir dir_;
};

TEST_F(GoldenEntries, EveryKindHasOneInItsPresentVersion) {
    std::vector<std::string> present = names();
    for (const EntryKind kind : all_kinds()) {
        const std::string name =
            std::string(to_string(kind)) + ".v" + std::to_string(Entry{}.version);
        EXPECT_TRUE(std::ranges::binary_search(present, name))
            << name << " is missing" << how_to_write;
    }
    EXPECT_EQ(sample_journal().size(), all_kinds().size()) << "a kind has no sample";
}

TEST_F(GoldenEntries, AreStillReadToTheFieldsBesideThem) {
    for (const GoldenEntry& golden : all_entries()) {
        SCOPED_TRACE(golden.kind + ".v" + std::to_string(golden.version));
        const auto kind = parse_entry_kind(golden.kind);
        ASSERT_TRUE(kind) << kind.error().text();
        EXPECT_EQ(static_cast<int>(*kind), golden.number) << "the number is what a journal holds";
        EXPECT_EQ(fields_of(*kind, golden.body), golden.fields);
    }
}

TEST_F(GoldenEntries, ComeBackFromAJournalAsTheyWere) {
    std::vector<Entry> entries;
    const std::vector<GoldenEntry> all = all_entries();
    for (const GoldenEntry& golden : all) {
        Entry entry;
        entry.lsn = entries.size() + 1;
        entry.kind = EntryKind{static_cast<std::uint8_t>(golden.number)};
        entry.version = golden.version;
        entry.body = golden.body;
        entries.push_back(std::move(entry));
    }
    const std::vector<Entry> read_back = through_a_journal(entries);
    ASSERT_EQ(read_back.size(), all.size());
    for (std::size_t at = 0; at < all.size(); ++at) {
        SCOPED_TRACE(all[at].kind);
        EXPECT_EQ(to_string(read_back[at].kind), all[at].kind);
        EXPECT_EQ(read_back[at].version, all[at].version);
        if (read_back[at].kind == EntryKind::batch) {
            ASSERT_TRUE(read_back[at].batches);
            EXPECT_EQ(read_back[at].batches->size(), 3U);
        } else {
            EXPECT_EQ(read_back[at].body, all[at].body);
        }
    }
}

/// The story that the entries of version 1 tell: an agent joins, a target fails, somebody is told and looks, the agent goes.
TEST_F(GoldenEntries, OfVersion1FoldToTheSameRecord) {
    std::map<std::string, std::string> bodies;
    for (GoldenEntry& golden : all_entries()) {
        if (golden.version == 1) {
            bodies[golden.kind] = std::move(golden.body);
        }
    }
    std::vector<Entry> entries = sample_journal();
    for (Entry& entry : entries) {
        entry.version = 1;
        entry.body = bodies[std::string(to_string(entry.kind))];
    }
    auto brain = Brain::open(brain_test::options_at(dir_ / "state.db"));
    ASSERT_TRUE(brain) << brain.error().text();
    RealFiles files;
    auto history = History::open(files, dir_ / "history", {});
    ASSERT_TRUE(history) << history.error().text();
    for (const Entry& entry : through_a_journal(entries)) {
        const Status folded = brain->fold(entry);
        ASSERT_TRUE(folded) << folded.error().text();
        const Status kept = history->fold(entry);
        ASSERT_TRUE(kept) << kept.error().text();
        const auto effects = brain->commit();
        ASSERT_TRUE(effects) << effects.error().text();
        for (const Effects::Answer& answer : effects->answers) {
            EXPECT_EQ(answer.verdict.status, 200) << answer.verdict.body;
        }
    }
    ASSERT_TRUE(brain->snapshot_now());
    EXPECT_EQ(history->stats().samples, 66U);
    EXPECT_EQ(history->stats().strangers, 0U);
    const auto rows = [&](const std::string& sql) {
        auto state = Database::open(dir_ / "state.db", {.mode = DatabaseMode::reader});
        EXPECT_TRUE(state) << state.error().text();
        auto statement = state->prepare(sql);
        EXPECT_TRUE(statement) << statement.error().text();
        std::vector<std::string> found;
        while (*statement->step()) {
            found.emplace_back(statement->text(0));
        }
        return found;
    };
    EXPECT_THAT(
        rows("SELECT name || ' ' || site || ' ' || hostname || ' ' || version || ' ' || address || "
             "' ' "
             "|| state || ' ' || epoch FROM agent"),
        ElementsAre("berlin-1 berlin probe.berlin.example 0.1.0 192.0.2.10 revoked 1")
    );
    EXPECT_THAT(
        rows("SELECT c.name || ' ' || p.type || ' ' || p.name || ' ' || p.host FROM probe p JOIN "
             "ci c "
             "ON c.id = p.ci WHERE p.origin <> 'host watch'"),
        ElementsAre("switch1 icmp ping 192.0.2.7")
    );
    EXPECT_THAT(
        rows("SELECT c.name || ': ' || i.reason || '; ' || i.expected || '; ' || i.seen || '; ' || "
             "i.acknowledged_by || '; ' || i.started FROM incident i JOIN ci c ON c.id = i.ci"),
        ElementsAre(
            "switch1: timeout; 1 of 1 replies within 500ms; no reply from 192.0.2.7; admin; "
            "1700000021000000000"
        )
    );
    EXPECT_THAT(
        rows("SELECT id || ' ' || state FROM outbox ORDER BY id"),
        ElementsAre("INC-1/opened/ops sent")
    );
}

/// All statements that make the schema, sorted by name.
std::string schema_text(const std::string& title, std::span<const Migration> migrations) {
    auto database = Database::open(":memory:", {.mode = DatabaseMode::memory});
    EXPECT_TRUE(database) << database.error().text();
    const Status migrated = database->migrate(migrations);
    EXPECT_TRUE(migrated) << migrated.error().text();
    std::string text =
        "-- " + title + ", schema version " + std::to_string(migrations.size()) + "\n";
    auto statement = database->prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name"
    );
    EXPECT_TRUE(statement) << statement.error().text();
    while (*statement->step()) {
        text += std::string(statement->text(0)) + ";\n";
    }
    return text;
}

struct Schema {
    const char* file;
    const char* title;
    std::span<const Migration> (*migrations)();
};

/// Names the case in the output.
void PrintTo(const Schema& schema, std::ostream* out) {
    *out << schema.file;
}

class GoldenSchema : public ::testing::TestWithParam<Schema> {};

TEST_P(GoldenSchema, IsWhatTheMigrationsGive) {
    const std::string text = schema_text(GetParam().title, GetParam().migrations());
    if (is_writing()) {
        const Status written = write(folder(), GetParam().file, text);
        EXPECT_TRUE(written) << written.error().text();
    }
    EXPECT_EQ(text, read(GetParam().file))
        << "a migration once released never changes: add the next" << how_to_write;
}

INSTANTIATE_TEST_SUITE_P(
    OfEachDatabase,
    GoldenSchema,
    ::testing::Values(
        Schema{"state.sql", "state.db", brain_migrations},
        Schema{"journal.sql", "a segment of the journal", journal_migrations},
        Schema{"access.sql", "access.db", enrolment_migrations},
        Schema{"catalog.sql", "history/catalog.db", history_migrations}
    ),
    [](const auto& info) {
        const std::string file = info.param.file;
        return file.substr(0, file.find('.'));
    }
);

TEST(GoldenFile, OfAReleasedVersionIsNeverWrittenAgain) {
    const test::TempDir dir;
    EXPECT_TRUE(write(dir.path(), "tick.v1", "# tick version 1\nnumber 13\n"));
    EXPECT_TRUE(write(dir.path(), "tick.v1", "# tick version 1\nnumber 13\n")) << "the same";
    const Status changed = write(dir.path(), "tick.v1", "# tick version 1\nnumber 14\n");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind(), ErrorKind::refused);
    EXPECT_THAT(changed.error().text(), HasSubstr("make a new version"));
    EXPECT_EQ(test::read_text(dir / "tick.v1"), "# tick version 1\nnumber 13\n");
    EXPECT_TRUE(write(dir.path(), "state.sql", "-- state.db, schema version 1\nCREATE;\n"));
    EXPECT_TRUE(write(dir.path(), "state.sql", "-- state.db, schema version 2\nCREATE;\n"));
}

}  // namespace

}  // namespace muster::collector::golden
