#include "agent/spool_segment.hpp"

#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

constexpr std::uint32_t seed = 7;

wire::Record record_of(std::string payload) {
    return {
        .kind = wire::RecordKind::results,
        .drop_class = wire::DropClass::state,
        .count = 7,
        .wall = wall_from_ns(-5),
        .mono = mono_from_ns(123),
        .raw_size = 99,
        .payload = std::move(payload),
    };
}

std::string whole_record(std::uint64_t seq, std::uint64_t results, const std::string& payload) {
    return encode_record_head(seq, results, record_of(payload), seed) + payload;
}

TEST(SpoolSegment, RecordStandsByItsOwnBytes) {
    const std::string head = encode_record_head(258, 1000, record_of("payload"), seed);
    ASSERT_EQ(head.size(), record_head_bytes);
    EXPECT_EQ(to_hex(head.substr(0, 4)), "07000000");
    EXPECT_EQ(
        to_hex(head.substr(12)),
        "0201000000000000"
        "e803000000000000"
        "01000000"
        "07000000"
        "63000000"
        "fbffffffffffffff"
        "7b00000000000000"
        "0100"
    );
    const auto back = decode_record(head + "payload" + "next", seed);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->seq, 258U);
    EXPECT_EQ(back->record.drop_class, wire::DropClass::state);
    EXPECT_EQ(back->record.wall, wall_from_ns(-5));
    EXPECT_EQ(back->record.mono, mono_from_ns(123));
    EXPECT_EQ(back->record.count, 7U);
    EXPECT_EQ(back->record.span, 1U);
    EXPECT_EQ(back->record.raw_size, 99U);
    EXPECT_EQ(back->record.payload, "payload");
}

TEST(SpoolSegment, HeadStandsByItsOwnBytes) {
    SeededRandom random(1);
    const SegmentHead head{
        .spool = SpoolId(Uuid::random(random)),
        .begins_at = 5,
        .duplicates_before = 9,
        .first_seq = 77,
        .results_before = 1234
    };
    const std::string bytes = encode_segment_head(head, seed);
    ASSERT_EQ(bytes.size(), segment_head_bytes);
    EXPECT_EQ(decode_segment_head(bytes, seed), head);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);
        EXPECT_FALSE(decode_segment_head(damaged, seed)) << at;
    }
    EXPECT_FALSE(decode_segment_head(bytes, seed + 1)) << "of another spool";
}

TEST(SpoolSegment, NoByteOfARecordCanChangeUnnoticed) {
    const std::string bytes = whole_record(3, 10, "some payload");
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(decode_record(damaged, seed)) << bit;
    }
}

TEST(SpoolSegment, BytesThatLookLikeARecordOfAnotherSpoolAreNone) {
    const std::string foreign =
        encode_record_head(2, 0, record_of("another's"), seed + 1) + "another's";
    const SegmentScan scan = scan_segment("spoilt" + foreign, seed, 1);
    EXPECT_TRUE(scan.records.empty());
    EXPECT_EQ(scan.tail, SegmentScan::Tail::damaged);
}

TEST(SpoolSegment, FindsTheNextRecordBehindBytesThatAreNone) {
    const std::string head = encode_segment_head({}, seed);
    const std::string bytes = head + whole_record(1, 0, "one") + std::string(1000, '\x5a') +
                              whole_record(4, 21, "four") + whole_record(5, 28, "five");
    const SegmentScan scan = scan_segment(bytes, seed, 1);
    ASSERT_EQ(scan.records.size(), 3U);
    EXPECT_EQ(scan.records[1].head.seq, 4U);
    EXPECT_EQ(scan.records[1].head.results_before, 21U) << "fourteen results are lost";
    EXPECT_EQ(scan.good_bytes, bytes.size());
    EXPECT_EQ(scan.tail, SegmentScan::Tail::clean);
}

TEST(SpoolSegment, TellsATornTailFromADamagedOne) {
    const std::string head = encode_segment_head({}, seed);
    const std::string one = whole_record(1, 0, "one");
    const std::string two = whole_record(2, 7, "two");
    for (std::size_t cut = 1; cut < two.size(); ++cut) {
        const SegmentScan scan = scan_segment(head + one + two.substr(0, cut), seed, 1);
        EXPECT_EQ(scan.records.size(), 1U);
        EXPECT_EQ(scan.tail, SegmentScan::Tail::torn) << cut;
    }
    EXPECT_EQ(
        scan_segment(head + one + std::string(two.size(), '\0'), seed, 1).tail,
        SegmentScan::Tail::damaged
    );
}

}  // namespace
}  // namespace muster::agent
