// Frames that no agent of ours would send: what a peer with a good certificate can put on the wire by hand.
#include "base/bytes.hpp"
#include "base/compression.hpp"
#include "wire/frame_reader.hpp"
#include "wire/frames.hpp"
#include "wire/link_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

namespace muster::wire {
namespace {

using testing::HasSubstr;

constexpr MonoTime start = mono_from_ns(1'000'000'000'000);
constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);

std::string varint(std::uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7U) {
        out += static_cast<char>((value & 0x7fU) | 0x80U);
    }
    return out + static_cast<char>(value);
}

/// Field `number` of wire type 2.
std::string sized(std::uint32_t number, const std::string& body) {
    return varint(number << 3U | 2U) + varint(body.size()) + body;
}

std::string with_header(const std::string& message, std::uint32_t length, std::uint32_t raw) {
    std::string out;
    put_u32(out, length);
    put_u32(out, raw);
    return out + message;
}

std::string framed(const std::string& message) {
    const auto size = static_cast<std::uint32_t>(message.size());
    return with_header(message, size, size);
}

/// What the reader makes of these bytes, whole or in drips.
Result<std::optional<FrameReader::Taken>> taken(std::string_view bytes, std::size_t step) {
    FrameReader reader(max_frame_bytes);
    Result<std::optional<FrameReader::Taken>> next = std::nullopt;
    while (!bytes.empty() && next && !*next) {
        const std::span<char> space = reader.space();
        const std::size_t count = std::min({space.size(), bytes.size(), step});
        std::memcpy(space.data(), bytes.data(), count);
        reader.add(count);
        bytes.remove_prefix(count);
        next = reader.next();
    }
    return next;
}

/// T-36. Each is refused as a whole; the link ends with it (LinkAdapter), and nothing of it counts.
TEST(MalformedFrames, T36AreRefusedAsAWhole) {
    const std::string goodbye = sized(8, sized(1, "bye"));

    struct Case {
        const char* what;
        std::string message;
    };

    const std::vector<Case> cases{
        {"a tag of eleven bytes", std::string(10, '\xff') + "\x01"},
        {"a number of eleven bytes", "\x30" + std::string(10, '\xff') + "\x01"},
        {"a length beyond the frame",
         "\x42\x7f"
         "abc"},
        {"a length of 2^64 - 1", "\x42" + varint(~0ULL) + "abc"},
        {"a length of 2^31", "\x42" + varint(1ULL << 31U) + "abc"},
        {"an inner length beyond its message",
         sized(
             8,
             "\x0a\x7f"
             "abc"
         )},
        {"an inner length beyond its message, within the frame",
         sized(
             8,
             "\x0a\x04"
             "a"
         ) + goodbye},
        {"an end in a tag", "\x80"},
        {"an end in a number", sized(6, "\x18\x80")},
        {"an end in a fixed number", sized(6, std::string("\x09\x00\x00", 3))},
        {"field 0", std::string("\x02\x00", 2)},
        {"wire type 6", "\x46"},
        {"wire type 7", "\x47"},
        {"a group that does not end", "\x9b\x01"},
        {"a group that did not begin", "\x9c\x01"},
        {"a group that ends as another", "\x9b\x01\xa4\x01"},
        {"text that is no UTF-8", sized(8, sized(1, "\xc3\x28"))},
        {"text with a surrogate", sized(8, sized(1, "\xed\xa0\x80"))},
        {"a name of an agent that is no UTF-8", sized(1, sized(11, "\xff\xfe"))},
    };
    for (const Case& each : cases) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{1} << 20U}) {
            const auto result = taken(framed(each.message), step);
            ASSERT_FALSE(result) << each.what;
            EXPECT_EQ(result.error().kind(), ErrorKind::corrupt) << each.what;
        }
    }
    std::string deep;
    for (int i = 0; i < 10'000; ++i) {
        deep += varint(19U << 3U | 3U);
    }
    for (int i = 0; i < 10'000; ++i) {
        deep += varint(19U << 3U | 4U);
    }
    EXPECT_FALSE(taken(framed(deep), deep.size())) << "10,000 groups in one another";
}

/// Of a newer agent; and what says a thing twice says it once.
TEST(MalformedFrames, AreNotThoseWithSomethingUnknown) {
    const std::string group = varint(19U << 3U | 3U) + sized(1, "x") + varint(19U << 3U | 4U);
    for (const std::string& unknown : {sized(4000, "later"), group, varint(19U << 3U) + "\x01"}) {
        const auto result = taken(framed(unknown), 1);
        ASSERT_TRUE(result && *result);
        EXPECT_EQ((*result)->frame.body_case(), proto::Frame::BODY_NOT_SET);
    }
    const auto twice = taken(framed(sized(8, sized(1, "a")) + sized(8, sized(1, "b"))), 1);
    ASSERT_TRUE(twice && *twice);
    EXPECT_EQ((*twice)->frame.goodbye().reason(), "b");
    const auto other = taken(framed(sized(1, "") + sized(8, sized(1, "b"))), 1);
    ASSERT_TRUE(other && *other);
    EXPECT_TRUE((*other)->frame.has_goodbye());
}

/// Two bytes each on the wire, hundreds in memory.
TEST(MalformedFrames, OfAMillionRecordsAreRefusedBeforeAnyIsUnpacked) {
    const auto batch_of = [](std::size_t records) {
        std::string body = sized(1, std::string(16, 's')) + "\x10\x01";
        for (std::size_t i = 0; i < records; ++i) {
            body += sized(3, "");
        }
        return sized(3, body);
    };
    const auto read = [](const std::string& message) {
        return taken(
            with_header(message, static_cast<std::uint32_t>(message.size()), 0), 1U << 20U
        );
    };
    const auto most = read(batch_of(max_frame_records));
    ASSERT_TRUE(most && *most);
    EXPECT_EQ((*most)->frame.batch().records_size(), static_cast<int>(max_frame_records));
    const auto more = read(batch_of(500'000));
    ASSERT_FALSE(more);
    EXPECT_THAT(more.error().text(), HasSubstr("500000 records; at most 16384"));
    const auto halves = read(batch_of(max_frame_records) + batch_of(1));
    EXPECT_FALSE(halves) << "they would be joined";
    proto::Frame honest;
    Record least = make_record(RecordKind::results, DropClass::results, 1, wall, start, "x");
    std::size_t bytes = 0;
    while (bytes + framed_bytes(least) <= max_record_payload) {
        bytes += framed_bytes(least);
        *honest.mutable_batch()->add_records() = to_proto(least);
    }
    std::string sent;
    ASSERT_TRUE(append_frame(honest, sent));
    EXPECT_TRUE(taken(sent, sent.size())) << "as many as an agent puts into one";
}

/// T-34. The header says how much a frame unpacks to, and is believed only where each record says the same.
TEST(PackedBombs, T34AreRefusedByTheirHeaderOrHeldToWhatTheySay) {
    std::string bomb;
    {
        // 64 MiB of zeros in a few KiB; one of 10 GiB differs only in what it would unpack to.
        const std::string zeros(64U << 20U, '\0');
        bomb = zstd_compress(zeros, 1);
    }
    ASSERT_LT(bomb.size(), 64U << 10U);
    proto::Frame frame;
    frame.mutable_batch()->set_spool_id(std::string(16, 's'));
    frame.mutable_batch()->set_first_seq(1);
    proto::Record& record = *frame.mutable_batch()->add_records();
    record.set_kind(1);
    record.set_payload(bomb);
    const auto read_as = [&frame, &record](std::uint32_t says, std::uint32_t header) {
        record.set_raw_size(says);
        const std::string message = frame.SerializeAsString();
        return taken(
            with_header(message, static_cast<std::uint32_t>(message.size()), header), 1U << 20U
        );
    };
    EXPECT_FALSE(read_as(64U << 20U, 64U << 20U)) << "says what it is";
    EXPECT_FALSE(read_as(64U << 20U, max_raw_bytes)) << "in the record alone";
    EXPECT_FALSE(read_as(~0U, ~0U));
    for (const std::uint32_t says : {1U << 10U, 1U << 20U, max_raw_bytes}) {
        auto read = read_as(says, says);
        ASSERT_TRUE(read && *read) << says;
        auto lying = from_proto(std::move(*(*read)->frame.mutable_batch()->mutable_records(0)));
        if (!lying) {
            continue;
        }
        std::string out;
        const Status opened = open_payload(*lying, out);
        ASSERT_FALSE(opened) << says;
        EXPECT_EQ(opened.error().kind(), ErrorKind::corrupt);
        EXPECT_LE(out.capacity(), max_raw_bytes + 64) << "never more than it said";
    }
}

class PlayedBack : public testing::Test {
  protected:
    static proto::Frame hello() {
        proto::Frame frame;
        frame.mutable_hello()->set_protocol(1);
        frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
        frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
        frame.mutable_hello()->add_streams()->set_spool_id(std::string(16, 's'));
        return frame;
    }

    static proto::Frame batch(std::uint64_t first, int count) {
        proto::Frame frame;
        frame.mutable_batch()->set_spool_id(std::string(16, 's'));
        frame.mutable_batch()->set_first_seq(first);
        for (int i = 0; i < count; ++i) {
            proto::Record& record = *frame.mutable_batch()->add_records();
            record.set_kind(1);
            record.set_payload("p");
            record.set_raw_size(1);
        }
        return frame;
    }

    LinkServer live(std::uint64_t committed) {
        LinkServer link({}, start);
        link.on_frame(start, wall, hello());
        link.welcome(wall, {{spool_, committed}}, 0);
        return link;
    }

    /// Frames in this order; gives the numbers handed on, in the order they were, and counts Nacks.
    std::vector<std::uint64_t> numbers(LinkServer& link, const std::vector<proto::Frame>& frames) {
        std::vector<std::uint64_t> out;
        for (const proto::Frame& frame : frames) {
            for (const ServerAction& action : link.on_frame(start, wall, frame)) {
                if (const auto* append = std::get_if<server_action::Append>(&action)) {
                    for (std::uint64_t i = 0; i < append->records.size(); ++i) {
                        out.push_back(append->first_seq + i);
                    }
                } else if (const auto* send = std::get_if<server_action::Send>(&action)) {
                    nacks_ += send->frame.has_nack() ? 1 : 0;
                    acks_ += send->frame.has_ack() ? 1 : 0;
                } else if (const auto* close = std::get_if<server_action::Close>(&action)) {
                    why_ = close->why;
                }
            }
        }
        return out;
    }

    SpoolId spool_{Uuid::from_bytes(std::string(16, 's')).value()};
    int nacks_ = 0;
    int acks_ = 0;
    std::string why_;
};

/// T-27, in every order of four frames each of which comes twice: what is handed on is each number once, in sequence. TLS keeps a
/// stream in order and refuses what was recorded, so frames are given to the link itself.
TEST_F(PlayedBack, T27FramesTwiceAndInAnyOrderAreTakenOnceInSequence) {
    std::vector<int> order{0, 0, 1, 1, 2, 2, 3, 3};
    const std::vector<proto::Frame> frames{batch(6, 2), batch(8, 1), batch(9, 3), batch(12, 1)};
    int orders = 0;
    do {
        LinkServer link = live(5);
        std::vector<proto::Frame> given;
        for (const int each : order) {
            given.push_back(frames[static_cast<std::size_t>(each)]);
        }
        nacks_ = 0;
        const std::vector<std::uint64_t> got = numbers(link, given);
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(got[i], 6 + i);
        }
        ASSERT_EQ(why_, "");
        if (got.size() < 7) {
            ASSERT_GT(nacks_, 0) << "what is missing is asked for";
            // The agent goes back to where it is asked to.
            std::vector<std::uint64_t> rest = numbers(link, frames);
            ASSERT_EQ(got.size() + rest.size(), 7U);
        }
        ++orders;
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(orders, 2520);
}

TEST_F(PlayedBack, FramesOfYesterdayAreAnsweredAndNotTaken) {
    LinkServer link = live(100);
    EXPECT_TRUE(numbers(link, {batch(1, 10), batch(40, 61), batch(91, 10)}).empty());
    EXPECT_EQ(acks_, 3) << "each is told that it is known";
    EXPECT_EQ(nacks_, 0);
}

TEST_F(PlayedBack, AHelloOfYesterdayEndsALink) {
    LinkServer link = live(100);
    numbers(link, {hello()});
    EXPECT_THAT(why_, HasSubstr("not its to send"));
}

/// What another agent's link carried names a spool that this one's Hello does not.
TEST_F(PlayedBack, FramesOfAnotherLinkEndThisOne) {
    LinkServer link = live(0);
    proto::Frame foreign = batch(1, 1);
    foreign.mutable_batch()->set_spool_id(std::string(16, 'x'));
    EXPECT_TRUE(numbers(link, {foreign}).empty());
    EXPECT_THAT(why_, HasSubstr("a spool that Hello did not name"));
    for (const auto forbidden :
         {proto::Frame::kWelcome, proto::Frame::kAck, proto::Frame::kAssignments}) {
        LinkServer other = live(0);
        proto::Frame frame;
        if (forbidden == proto::Frame::kWelcome) {
            frame.mutable_welcome();
        } else if (forbidden == proto::Frame::kAck) {
            frame.mutable_ack();
        } else {
            frame.mutable_assignments();
        }
        why_.clear();
        numbers(other, {frame});
        EXPECT_THAT(why_, HasSubstr("not its to send")) << "one of ours, sent back to us";
    }
}

}  // namespace
}  // namespace muster::wire
