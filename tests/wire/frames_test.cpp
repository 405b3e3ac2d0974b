#include "wire/frames.hpp"

#include "base/bytes.hpp"
#include "wire/frame_reader.hpp"
#include "wire/gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>

namespace muster::wire {
namespace {

using testing::HasSubstr;

proto::Frame batch_of(std::size_t records, std::size_t bytes) {
    proto::Frame frame;
    frame.mutable_batch()->set_spool_id(std::string(16, 's'));
    frame.mutable_batch()->set_first_seq(1);
    for (std::size_t i = 0; i < records; ++i) {
        proto::Record& record = *frame.mutable_batch()->add_records();
        record.set_kind(1);
        record.set_raw_size(static_cast<std::uint32_t>(bytes));
        record.set_payload(std::string(bytes, 'p'));
    }
    return frame;
}

std::string bytes_of(const proto::Frame& frame) {
    std::string out;
    EXPECT_TRUE(append_frame(frame, out));
    return out;
}

void feed(FrameReader& reader, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::span<char> space = reader.space();
        const std::size_t count = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), count);
        reader.add(count);
        bytes.remove_prefix(count);
    }
}

TEST(Frame, HasItsLengthAndItsUnpackedSizeInFront) {
    proto::Frame goodbye;
    goodbye.mutable_goodbye()->set_reason("bye");
    const std::string plain = bytes_of(goodbye);
    EXPECT_EQ(load_u32(plain.data()), plain.size() - frame_header_bytes);
    EXPECT_EQ(load_u32(plain.data() + 4), plain.size() - frame_header_bytes);
    const std::string batch = bytes_of(batch_of(2, 100));
    EXPECT_EQ(load_u32(batch.data() + 4), 200U);
}

TEST(Frame, BeyondItsLimitsIsNotSent) {
    std::string out = "before";
    EXPECT_FALSE(append_frame(batch_of(1, max_frame_bytes), out));
    proto::Frame packed = batch_of(2, 10);
    packed.mutable_batch()->mutable_records(0)->set_raw_size(max_raw_bytes);
    EXPECT_FALSE(append_frame(packed, out));
    EXPECT_FALSE(append_frame(proto::Frame{}, out));
    EXPECT_EQ(out, "before");
    EXPECT_TRUE(append_frame(batch_of(1, max_record_payload), out));
}

TEST(FrameReader, FindsFramesHoweverTheyAreCut) {
    const std::string stream =
        bytes_of(batch_of(1, 10)) + bytes_of(batch_of(3, 500)) + bytes_of(batch_of(1, 100'000));
    for (const std::size_t step : {1UL, 7UL, 1000UL, stream.size()}) {
        FrameReader reader(max_frame_bytes);
        std::vector<int> records;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            feed(reader, std::string_view(stream).substr(at, step));
            for (;;) {
                auto taken = reader.next();
                ASSERT_TRUE(taken);
                if (!taken->has_value()) {
                    break;
                }
                records.push_back((*taken)->frame.batch().records_size());
            }
        }
        EXPECT_EQ(records, (std::vector<int>{1, 3, 1})) << step;
    }
}

TEST(FrameReader, RefusesALongFrameByItsHeaderAlone) {
    FrameReader reader(max_frame_bytes_before_hello);
    std::string header;
    put_u32(header, max_frame_bytes_before_hello + 1);
    put_u32(header, 1);
    feed(reader, header);
    const auto taken = reader.next();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(taken.error().text(), HasSubstr("at most 65536"));
    EXPECT_LE(reader.space().size(), max_frame_bytes_before_hello);
}

TEST(FrameReader, AcceptsLargeFramesOnceTold) {
    FrameReader reader(max_frame_bytes_before_hello);
    reader.accept_up_to(max_frame_bytes);
    feed(reader, bytes_of(batch_of(1, 500'000)));
    const auto taken = reader.next();
    ASSERT_TRUE(taken && taken->has_value());
    EXPECT_EQ((*taken)->frame.batch().records(0).payload().size(), 500'000U);
}

TEST(FrameReader, RefusesWhatUnpacksToMoreThanItsHeaderSays) {
    std::string bytes = bytes_of(batch_of(2, 100));
    for (const std::uint32_t lie : {0U, 199U, 201U, max_raw_bytes + 1}) {
        std::string size;
        put_u32(size, lie);
        bytes.replace(4, 4, size);
        FrameReader reader(max_frame_bytes);
        feed(reader, bytes);
        EXPECT_FALSE(reader.next()) << lie;
    }
}

TEST(FrameReader, RefusesEmptyAndUnreadableFrames) {
    for (const std::string& message : {std::string(), std::string("\xff\xff\xff")}) {
        std::string bytes;
        put_u32(bytes, static_cast<std::uint32_t>(message.size()));
        put_u32(bytes, static_cast<std::uint32_t>(message.size()));
        FrameReader reader(max_frame_bytes);
        feed(reader, bytes + message);
        EXPECT_FALSE(reader.next());
    }
}

TEST(Frame, CarriesARecordThereAndBack) {
    const Record record = make_record(
        RecordKind::observations,
        DropClass::samples,
        12,
        wall_from_ns(5),
        mono_from_ns(77),
        std::string(1000, 'r')
    );
    const Result<Record> back = from_proto(to_proto(record));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, record.kind);
    EXPECT_EQ(back->drop_class, record.drop_class);
    EXPECT_EQ(back->count, record.count);
    EXPECT_EQ(back->wall, record.wall);
    EXPECT_EQ(back->mono, record.mono);
    EXPECT_EQ(back->raw_size, record.raw_size);
    EXPECT_EQ(back->payload, record.payload);
}

TEST(Frame, RefusesAnImpossibleRecord) {
    for (const std::uint32_t kind : {0U, 256U}) {
        proto::Record record;
        record.set_kind(kind);
        EXPECT_FALSE(from_proto(std::move(record)));
    }
    proto::Record large;
    large.set_kind(1);
    large.set_raw_size(max_raw_bytes + 1);
    EXPECT_FALSE(from_proto(std::move(large)));
}

TEST(Frame, RefusesARecordOfATimeThatNothingCanBeComputedWith) {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const auto& [wall, mono, why] :
         {std::tuple{least, std::int64_t{1}, "1970 to 2116"},
          {std::int64_t{-1}, std::int64_t{1}, "1970 to 2116"},
          {most, std::int64_t{1}, "1970 to 2116"},
          {std::int64_t{1}, least, "up to 36 years"},
          {std::int64_t{1}, std::int64_t{1} << 60U, "up to 36 years"}}) {
        proto::Record record;
        record.set_kind(1);
        record.set_wall_ns(wall);
        record.set_mono_ns(mono);
        const Result<Record> taken = from_proto(std::move(record));
        ASSERT_FALSE(taken) << wall << " " << mono;
        EXPECT_EQ(taken.error().kind(), ErrorKind::corrupt);
        EXPECT_THAT(taken.error().text(), HasSubstr(why));
    }
}

TEST(Frame, AGapOfAnImpossibleTimeIsOneOfUnknownTime) {
    proto::Gap said;
    said.set_reason(1);
    said.set_from_ns(std::numeric_limits<std::int64_t>::min());
    said.set_to_ns(std::numeric_limits<std::int64_t>::max());
    const Result<Gap> gap = decode_gap(said.SerializeAsString());
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->from, WallTime{});
    EXPECT_EQ(gap->to, WallTime{});
}

}  // namespace
}  // namespace muster::wire
