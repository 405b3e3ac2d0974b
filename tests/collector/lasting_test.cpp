#include "collector/backup/lasting.hpp"

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace muster::collector
