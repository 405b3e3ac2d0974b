#include "agent/spool_mark.hpp"

#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace muster::agent {
namespace {

const SpoolMark mark{
    .spool = SpoolId(Uuid::named("spool")),
    .begins_at = 3,
    .results_at_begin = 20,
    .duplicates_before = 4,
    .acked = 7,
    .acked_results = 60,
    .fingerprint = 0xabcdef,
    .sent = 9,
    .synced = 12,
    .synced_results = 90,
    .last_segment = 6,
    .first_wall = 1'790'000'000'000'000'000,
    .last_wall = 1'790'000'000'000'000'001
};

TEST(SpoolMark, IsWhatWasWritten) {
    EXPECT_EQ(decode_mark(encode_mark(mark)), mark);
}

TEST(SpoolMark, OfAReleaseBeforeTimesWereNotedIsReadAllTheSame) {
    std::string text = encode_mark(mark);
    text.resize(text.find("first_wall"));
    std::string checksum;
    put_u32(checksum, crc32c(text));
    text += "crc " + to_hex(checksum) + "\n";
    SpoolMark expected = mark;
    expected.first_wall = expected.last_wall = 0;
    EXPECT_EQ(decode_mark(text), expected);
}

TEST(SpoolMark, WithABitThatChangedIsNotBelieved) {
    const std::string text = encode_mark(mark);
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string spoilt = text;
        spoilt[at] = static_cast<char>(spoilt[at] ^ 4);
        EXPECT_FALSE(decode_mark(spoilt)) << at;
    }
}

}  // namespace
}  // namespace muster::agent
