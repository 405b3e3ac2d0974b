#include "tests/agent/spool_fixture.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

TEST_F(SpoolTest, CutsOffATailTornAtAnyByte) {
    {
        auto spool = open();
        fill(*spool, 4);
        ASSERT_TRUE(spool->sync());
    }
    const std::string whole = content(segments()[0]);
    std::vector<std::size_t> ends;
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
        ends.push_back(
            (ends.empty() ? segment_head_bytes : ends.back()) + record_head_bytes +
            payload_of(seq).size()
        );
    }
    ASSERT_EQ(ends.back(), whole.size());
    const std::string name = segments()[0];
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        overwrite(name, whole.substr(0, cut));
        const auto left = static_cast<std::uint64_t>(
            std::ranges::count_if(ends, [cut](std::size_t end) { return end <= cut; })
        );
        {
            auto spool = open();
            ASSERT_TRUE(spool) << cut;
            ASSERT_EQ(spool->position().next_seq, left + 1) << cut;
            ASSERT_EQ(lost(*spool), 0U) << cut;
            fill(*spool, 2);
            ASSERT_TRUE(spool->sync());
        }
        auto again = open();
        ASSERT_EQ(drain(*again, 1), range(1, left + 2)) << cut;
    }
}

TEST_F(SpoolTest, NeverUsesNumbersAgainThatMayLieUnderGarbage) {
    for (const char garbage : {'\0', '\xff', 'x'}) {
        files = FaultyFiles();
        {
            auto spool = open();
            fill(*spool, 2);
            ASSERT_TRUE(spool->sync());
        }
        const std::string name = segments()[0];
        overwrite(name, content(name) + std::string(5000, garbage));
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_GT(spool->position().next_seq, 3U);
        EXPECT_EQ(drain(*spool, 1), range(1, 3));
        EXPECT_EQ(spool->read(3, 1)->front().record.kind, wire::RecordKind::gap);
        EXPECT_EQ(lost(*spool), 0U) << "nobody knows of a result there";
    }
}

TEST_F(SpoolTest, LosesADamagedRecordAloneAndKeepsTheSequence) {
    {
        auto spool = open();
        fill(*spool, 5);
        ASSERT_TRUE(spool->sync());
    }
    const std::string name = segments()[0];
    const std::string whole = content(name);
    const std::size_t second = segment_head_bytes + record_head_bytes + payload_of(1).size();
    for (std::size_t at = second; at < second + record_head_bytes + payload_of(2).size(); ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        overwrite(name, damaged);
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->counters().gaps(wire::GapReason::damaged), 1U) << at;
        EXPECT_EQ(spool->position().next_seq, 6U);
        EXPECT_EQ(drain(*spool, 1), range(1, 5));
        EXPECT_EQ(spool->read(3, 1)->front().record.kind, wire::RecordKind::results);
        const auto gap = spool->read(2, 1)->front();
        ASSERT_EQ(gap.record.kind, wire::RecordKind::gap);
        EXPECT_EQ(gap.record.count, 1U);
        EXPECT_EQ(wire::read_gap(gap.record)->reason, wire::GapReason::damaged);
        expect_balance(*spool);
    }
}

TEST_F(SpoolTest, TellsWhatIsLostOnce) {
    {
        auto spool = open();
        fill(*spool, 5);
        ASSERT_TRUE(spool->sync());
    }
    const std::string name = segments()[0];
    std::string damaged = content(name);
    damaged[segment_head_bytes + 20] ^= 1;
    overwrite(name, damaged);
    EXPECT_EQ(lost(*open()), 1U);
    auto again = open();
    EXPECT_EQ(lost(*again), 0U) << "the gap is on disk";
    EXPECT_EQ(again->read(1, 1)->front().record.kind, wire::RecordKind::gap);
    EXPECT_EQ(drain(*again, 1), range(1, 5));
}

TEST_F(SpoolTest, FindsDamageThatComesWhileItRuns) {
    options.memory_bytes = 0;
    options.segment_bytes = 300;
    auto spool = open();
    for (int at = 0; at < 10; ++at) {
        fill(*spool, 1);
        ASSERT_TRUE(spool->sync());
    }
    const std::string name = segments()[1];
    std::string damaged = content(name);
    damaged[segment_head_bytes + record_head_bytes] ^= 1;
    overwrite(name, damaged);
    EXPECT_EQ(drain(*spool, 1), range(1, 10));
    EXPECT_EQ(lost(*spool), 1U);
    expect_balance(*spool);
    {
        auto again = open();
        EXPECT_EQ(drain(*again, 1), range(1, 10));
    }
    // And a whole file.
    ASSERT_TRUE(files.memory.remove(spool_dir() + "/" + segments()[0]));
    spool = open();
    ASSERT_TRUE(spool);
    EXPECT_EQ(drain(*spool, 1).back(), 10U);
    EXPECT_GT(spool->counters().gaps(wire::GapReason::missing), 0U);
    expect_balance(*spool);
}

TEST_F(SpoolTest, SetsAFileAsideThatCannotBeASegment) {
    {
        auto spool = open();
        fill(*spool, 3);
        ASSERT_TRUE(spool->sync());
    }
    const std::string stranger = spool_dir() + "/00000099999999999999.seg";
    ASSERT_TRUE(files.memory.open(stranger, OpenMode::create_new));
    auto spool = open();
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->position().next_seq, 4U);
    EXPECT_EQ(drain(*spool, 1), range(1, 3));
    EXPECT_TRUE(files.exists(stranger + ".damaged"));
}

}  // namespace
}  // namespace muster::agent
