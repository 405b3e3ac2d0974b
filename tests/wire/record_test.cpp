#include "wire/record.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

Record record_of(std::string raw) {
    return make_record(
        RecordKind::results, DropClass::results, 3, wall_from_ns(5), mono_from_ns(6), std::move(raw)
    );
}

TEST(Record, KeepsAShortPayloadPlain) {
    const Record record = record_of(std::string(255, 'a'));
    EXPECT_EQ(record.payload, std::string(255, 'a'));
    EXPECT_EQ(record.raw_size, 255U);
}

TEST(Record, CompressesALongPayloadAndGivesItBack) {
    const std::string raw(100'000, 'a');
    const Record record = record_of(raw);
    EXPECT_LT(record.payload.size(), 1000U);
    EXPECT_EQ(record.raw_size, raw.size());
    std::string out;
    ASSERT_TRUE(open_payload(record, out));
    EXPECT_EQ(out, raw);
}

TEST(Record, KeepsPlainWhatDoesNotGetSmaller) {
    std::string raw;
    std::uint64_t state = 1;
    for (int i = 0; i < 1000; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        raw.push_back(static_cast<char>(state >> 56));
    }
    const Record record = record_of(raw);
    EXPECT_EQ(record.payload, raw);
    std::string out = "what was there";
    ASSERT_TRUE(open_payload(record, out));
    EXPECT_EQ(out, raw);
}

TEST(Record, WithAFalseSizeIsCorrupt) {
    Record record = record_of(std::string(100'000, 'a'));
    std::string out;
    for (const std::uint32_t size : {99'999U, 100'001U, 1U, max_raw_bytes + 1, 0xffff'ffffU}) {
        record.raw_size = size;
        const Status opened = open_payload(record, out);
        ASSERT_FALSE(opened) << size;
        EXPECT_EQ(opened.error().kind(), ErrorKind::corrupt);
    }
}

TEST(Record, WithDamagedPayloadIsCorrupt) {
    Record record = record_of(std::string(100'000, 'a'));
    record.payload[0] = 'x';
    std::string out;
    EXPECT_FALSE(open_payload(record, out));
}

}  // namespace
}  // namespace muster::wire
