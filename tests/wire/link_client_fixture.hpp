// Owns: what the tests of the agent's half of the link share: frames, and finding things among actions.
#pragma once

#include "wire/link_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::wire::test {

inline constexpr MonoTime start = mono_from_ns(1'000'000'000'000);
inline constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);

inline SpoolId spool_id() {
    Uuid id;
    id.bytes.fill(0x55);
    return SpoolId{id};
}

inline std::string raw_spool() {
    return std::string(16, '\x55');
}

inline SpoolPosition position(
    std::uint64_t first_unacked, std::uint64_t synced, std::uint64_t next
) {
    return {
        .spool = spool_id(), .first_unacked = first_unacked, .synced = synced, .next_seq = next
    };
}

inline std::vector<SequencedRecord> records(
    std::uint64_t first, std::uint64_t last, std::size_t bytes = 100
) {
    std::vector<SequencedRecord> out;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        Record record;
        record.count = 5;
        record.raw_size = static_cast<std::uint32_t>(bytes);
        record.payload = std::string(bytes, 'r');
        out.push_back({seq, std::move(record)});
    }
    return out;
}

inline proto::Frame welcome(std::uint64_t committed, std::uint64_t credit = 1 << 20) {
    proto::Frame frame;
    proto::StreamAnswer& answer = *frame.mutable_welcome()->add_streams();
    answer.set_spool_id(raw_spool());
    answer.set_committed_seq(committed);
    frame.mutable_welcome()->set_credit_bytes(credit);
    frame.mutable_welcome()->set_heartbeat_ms(5000);
    return frame;
}

inline proto::Frame ack(
    std::uint64_t committed, std::uint64_t credit = 1 << 20, std::uint32_t retry_ms = 0
) {
    proto::Frame frame;
    frame.mutable_ack()->set_spool_id(raw_spool());
    frame.mutable_ack()->set_committed_seq(committed);
    frame.mutable_ack()->set_credit_bytes(credit);
    frame.mutable_ack()->set_retry_after_ms(retry_ms);
    return frame;
}

inline proto::Frame nack(std::uint64_t expected) {
    proto::Frame frame;
    frame.mutable_nack()->set_spool_id(raw_spool());
    frame.mutable_nack()->set_expected(expected);
    return frame;
}

inline proto::Frame part_of(
    std::uint32_t epoch, std::uint32_t part, std::uint32_t parts, std::vector<std::uint32_t> dense
) {
    proto::Frame frame;
    proto::Assignments& assignments = *frame.mutable_assignments();
    assignments.set_epoch(epoch);
    assignments.set_part(part);
    assignments.set_parts(parts);
    for (const std::uint32_t id : dense) {
        assignments.add_items()->set_dense(id);
    }
    return frame;
}

template <class Action>
std::vector<Action> all(const LinkClient::Actions& actions) {
    std::vector<Action> out;
    for (const LinkAction& action : actions) {
        if (const auto* found = std::get_if<Action>(&action)) {
            out.push_back(*found);
        }
    }
    return out;
}

inline std::vector<proto::Frame> sent(
    const LinkClient::Actions& actions, proto::Frame::BodyCase body
) {
    std::vector<proto::Frame> out;
    for (const link_action::Send& send : all<link_action::Send>(actions)) {
        if (send.frame.body_case() == body) {
            out.push_back(send.frame);
        }
    }
    return out;
}

/// "1-3 4-4": first and last seq of each batch.
inline std::string batches(const LinkClient::Actions& actions) {
    std::string out;
    for (const proto::Frame& frame : sent(actions, proto::Frame::kBatch)) {
        const std::uint64_t first = frame.batch().first_seq();
        const auto count = static_cast<std::uint64_t>(frame.batch().records_size());
        out += (out.empty() ? "" : " ") + std::to_string(first) + "-" +
               std::to_string(first + count - 1);
    }
    return out;
}

inline std::string why_closed(const LinkClient::Actions& actions) {
    const auto closes = all<link_action::Close>(actions);
    return closes.empty() ? "" : closes.front().why;
}

/// The seq asked of the spool; 0: none was.
inline std::uint64_t fetched(const LinkClient::Actions& actions) {
    const auto fetches = all<link_action::Fetch>(actions);
    EXPECT_LE(fetches.size(), 1U);
    return fetches.empty() ? 0 : fetches.front().from_seq;
}

class LinkClientTest : public testing::Test {
  protected:
    AgentFacts facts() {
        return {std::string(16, 'n'), std::string(16, 'b'), "hash", "0.1.0", "box"};
    }

    LinkClient client(SpoolPosition at) { return {options, facts(), {at}, random, start}; }

    /// Connected and welcome; gives the actions of Welcome.
    LinkClient::Actions go_live(
        LinkClient& link, std::uint64_t committed, std::uint64_t credit = 1 << 20
    ) {
        EXPECT_THAT(all<link_action::Connect>(link.on_time(now, wall)), testing::SizeIs(1));
        EXPECT_THAT(sent(link.on_connected(now, wall), proto::Frame::kHello), testing::SizeIs(1));
        LinkClient::Actions actions = link.on_frame(now, wall, welcome(committed, credit));
        EXPECT_TRUE(link.is_live());
        return actions;
    }

    LinkClientOptions options;
    SeededRandom random{42};
    MonoTime now = start;
};

}  // namespace muster::wire::test
