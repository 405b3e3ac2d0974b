#include "collector/backup/lasting.hpp"

#include "tests/support/sim_files.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(LastingFacts, AreThereAfterACrashInTheMiddleOfALine) {
    RealFiles files;
    const test::TempDir dir;
    const std::string path = dir / "lasting";
    const WallTime at = parse_rfc3339("2026-12-01T03:30:49Z").value();
    EXPECT_TRUE(read_lasting(files, path).value().empty());
    {
        auto lasting = Lasting::open(files, path);
        ASSERT_TRUE(lasting) << lasting.error().text();
        ASSERT_TRUE(lasting->note(at, "agent.certificate", "an-id a serial\nof two lines"));
        ASSERT_TRUE(lasting->note(at, "incidents", "100"));
    }
    std::ofstream(path, std::ios::app) << "2026-12-01T03:30:50Z inci";
    EXPECT_EQ(read_lasting(files, path).value().size(), 2U);
    {
        auto lasting = Lasting::open(files, path);
        ASSERT_TRUE(lasting) << lasting.error().text();
        ASSERT_TRUE(lasting->note(at + 1s, "incidents", "220"));
    }
    const auto facts = read_lasting(files, path).value();
    ASSERT_EQ(facts.size(), 3U);
    EXPECT_EQ(facts[0].at, at);
    EXPECT_EQ(facts[0].what, "agent.certificate");
    EXPECT_EQ(facts[0].which, "an-id a serial of two lines");
    EXPECT_EQ(greatest(facts, "incidents"), 220U);
    EXPECT_EQ(greatest(facts, "epoch"), 0U);
}

TEST(LastingFacts, AreNoPartOfWhatAFullDiskCutShort) {
    const test::SimVfs power;
    test::SimFiles files(power);
    const test::TempDir dir;
    const std::string path = dir / "lasting";
    const WallTime at = parse_rfc3339("2026-12-01T03:30:49Z").value();
    auto lasting = Lasting::open(files, path);
    ASSERT_TRUE(lasting) << lasting.error().text();
    files.fail_at(test::DiskFault::short_write, 1);
    EXPECT_FALSE(lasting->note(at, "join_token.revoked", "one"));
    EXPECT_TRUE(files.has_failed());
    files.heal();
    ASSERT_TRUE(lasting->note(at, "join_token.revoked", "two"));
    ASSERT_TRUE(lasting->note(at, "join_token.revoked", "three"));
    const auto facts = read_lasting(files, path).value();
    ASSERT_EQ(facts.size(), 2U);
    EXPECT_EQ(facts[0].which, "two");
    EXPECT_EQ(facts[1].which, "three");
}

TEST(LastingFacts, SinceABackupAreThoseBehindItsMarkWhateverTheirTime) {
    const WallTime made = parse_rfc3339("2036-12-01T03:30:49Z").value();
    const std::vector<LastingFact> facts{
        {.at = made, .what = "join_token.used", .which = "in it"},
        {.at = made, .what = "backup", .which = "A"},
        {.at = made - 1h, .what = "join_token.used", .which = "since A"},
        {.at = made - 1h, .what = "backup", .which = "B"},
        {.at = made - 2h, .what = "agent.revoked", .which = "since B"},
    };
    const auto since = [&](std::string_view backup, WallTime of) {
        std::vector<std::string> found;
        for (const LastingFact& fact : noted_since(facts, backup, of)) {
            found.push_back(fact.which);
        }
        return found;
    };
    EXPECT_THAT(since("A", made), ElementsAre("since A", "B", "since B"));
    EXPECT_THAT(since("B", made), ElementsAre("since B"));
    EXPECT_THAT(since("unknown", made), ElementsAre("in it", "A", "since B"))
        << "by their times, and revocations always";
    EXPECT_THAT(since("unknown", made + 1h), ElementsAre("since B"));
}

}  // namespace
}  // namespace muster::collector
