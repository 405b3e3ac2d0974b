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
            (ends.empty() ? 0 : ends.back()) + record_head_bytes + payload_of(seq).size()
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
            ASSERT_EQ(spool->counters().lost_records, 0U) << cut;
            fill(*spool, 2);
            ASSERT_TRUE(spool->sync());
        }
        auto again = open();
        ASSERT_EQ(drain(*again, 1), range(1, left + 2)) << cut;
    }
}

TEST_F(SpoolTest, CutsOffATailOfGarbage) {
    {
        auto spool = open();
        fill(*spool, 2);
        ASSERT_TRUE(spool->sync());
    }
    const std::string name = segments()[0];
    for (const char garbage : {'\0', '\xff', 'x'}) {
        overwrite(name, content(name) + std::string(5000, garbage));
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->position().next_seq, 3U);
        EXPECT_EQ(drain(*spool, 1), range(1, 2));
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
    const std::size_t second = record_head_bytes + payload_of(1).size();
    // Any byte behind the length word of record 2.
    for (std::size_t at = second + 4; at < second + record_head_bytes + payload_of(2).size();
         ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        overwrite(name, damaged);
        auto spool = open();
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->counters().lost_records, 1U) << at;
        EXPECT_EQ(spool->position().next_seq, 6U);
        EXPECT_EQ(drain(*spool, 1), range(1, 5));
        EXPECT_EQ(spool->read(2, 1)->front().record.kind, wire::RecordKind::gap);
        EXPECT_EQ(spool->read(3, 1)->front().record.kind, wire::RecordKind::results);
    }
}

TEST_F(SpoolTest, SkipsToTheNextSegmentWhereTheLengthItselfIsDamaged) {
    options.segment_bytes = 200;
    {
        auto spool = open();
        fill(*spool, 12);
        ASSERT_TRUE(spool->sync());
    }
    const auto names = segments();
    ASSERT_GE(names.size(), 3U);
    std::string damaged = content(names[0]);
    damaged[0] = '\x7f';
    overwrite(names[0], damaged);
    auto spool = open();
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->position().next_seq, 13U);
    EXPECT_EQ(drain(*spool, 1), range(1, 12)) << "gaps stand in for what is lost";
    EXPECT_GT(spool->counters().lost_records, 0U);
    EXPECT_EQ(spool->read(12, 1)->front().record.kind, wire::RecordKind::results);
}

TEST_F(SpoolTest, SetsASpoolAsideThatMakesNoSense) {
    const test::TempDir dir;
    RealFiles real;
    const auto open_real = [&] {
        return Spool::open(real, dir / "spool", random, options, MonoTime(1h));
    };
    SpoolId first;
    {
        auto spool = open_real();
        ASSERT_TRUE(spool);
        fill(*spool, 1);
        ASSERT_TRUE(spool->sync());
        first = spool->position().spool;
    }
    const std::string own = dir / ("spool/" + to_hex(first.raw()));
    ASSERT_TRUE(real.open(own + "/00000099999999999999.seg", OpenMode::create_new));
    {
        const auto spool = open_real();
        ASSERT_TRUE(spool) << "nothing refuses to start";
        EXPECT_NE(spool->position().spool, first);
        EXPECT_EQ(spool->position().next_seq, 1U);
    }
    EXPECT_TRUE(real.exists(own + ".damaged"));
}

}  // namespace
}  // namespace muster::agent
