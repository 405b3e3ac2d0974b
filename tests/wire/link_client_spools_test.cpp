// After an outage what is new is not to wait for what has piled up: it goes into a spool of its own, and first.
#include "tests/wire/link_client_fixture.hpp"

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::IsEmpty;
using testing::SizeIs;

SpoolId other_spool(std::uint8_t byte) {
    Uuid id;
    id.bytes.fill(byte);
    return SpoolId{id};
}

class LinkClientSpools : public LinkClientTest {
  protected:
    /// Ten records wait, the oldest for so long.
    static SpoolPosition behind(Duration age) {
        SpoolPosition at = position(1, 10, 11);
        at.waits_since = wall - age;
        return at;
    }

    static SpoolPosition begun(std::uint8_t byte, std::uint64_t synced = 0) {
        return {.spool = other_spool(byte), .synced = synced, .next_seq = synced + 1};
    }

    LinkClient::Actions connect(LinkClient& link) {
        link.on_time(now, wall);
        return link.on_connected(now, wall);
    }

    /// Welcome for spools of which nothing is stored.
    static proto::Frame welcome_all(const std::vector<SpoolPosition>& positions) {
        proto::Frame frame = welcome(0);
        frame.mutable_welcome()->clear_streams();
        for (const SpoolPosition& each : positions) {
            frame.mutable_welcome()->add_streams()->set_spool_id(std::string(each.spool.raw()));
        }
        return frame;
    }
};

TEST_F(LinkClientSpools, HelloTellsOfThoseThatAreGone) {
    LinkClient link = client(position(1, 10, 11));
    const FinishedStream gone{
        .spool = other_spool(3),
        .begins_at = 4,
        .results_at_begin = 30,
        .last_seq = 20,
        .results = 90,
        .from = wall - 5h,
        .to = wall - 4h,
        .earlier_streams = 2,
        .earlier_results = 11
    };
    link.finished({gone});
    const auto hellos = sent(connect(link), proto::Frame::kHello);
    ASSERT_THAT(hellos, SizeIs(1));
    ASSERT_EQ(hellos[0].hello().finished_size(), 1);
    EXPECT_EQ(*from_proto(hellos[0].hello().finished(0)), gone);
    EXPECT_EQ(hellos[0].hello().streams_size(), 1) << "nothing of it is to be sent";
}

/// The collector went back to a backup, and the spool's time is over while they speak.
TEST_F(LinkClientSpools, OneThatIsGoneBeforeACollectorThatLacksItWasToldIsToldWithANewHello) {
    const SpoolPosition growing = begun(7, 3);
    const SpoolPosition old = position(11, 10, 11);
    const FinishedStream gone{.spool = old.spool, .last_seq = 10, .results = 10};
    for (const bool is_welcome_first : {true, false}) {
        LinkClient link = client(growing);
        link.on_spools(now, {growing, old});
        connect(link);
        if (is_welcome_first) {
            link.on_frame(now, wall, welcome(4));
        }
        link.finished({gone});
        auto actions = link.on_spools(now, {growing});
        if (!is_welcome_first) {
            EXPECT_THAT(all<link_action::Close>(actions), IsEmpty()) << "nobody knows yet";
            actions = link.on_frame(now, wall, welcome(4));
        }
        EXPECT_THAT(all<link_action::Close>(actions), SizeIs(1));
        EXPECT_EQ(link.next_wake(), now);
        const auto hellos = sent(connect(link), proto::Frame::kHello);
        ASSERT_THAT(hellos, SizeIs(1));
        EXPECT_EQ(hellos[0].hello().finished_size(), 1);
    }
}

TEST_F(LinkClientSpools, OneThatIsGoneAndStoredIsNoReasonToCallAnew) {
    const SpoolPosition growing = begun(7, 3);
    const SpoolPosition old = position(11, 10, 11);
    LinkClient link = client(growing);
    link.on_spools(now, {growing, old});
    connect(link);
    link.on_frame(now, wall, welcome(10));
    link.finished({{.spool = old.spool, .last_seq = 10, .results = 10}});
    EXPECT_THAT(all<link_action::Close>(link.on_spools(now, {growing})), IsEmpty());
    EXPECT_TRUE(link.is_live());
}

TEST_F(LinkClientSpools, ANewSpoolIsAskedForWhereTheOldOneLiesBehind) {
    LinkClient link = client(behind(61s));
    const auto asked = connect(link);
    EXPECT_THAT(all<link_action::Renew>(asked), SizeIs(1));
    EXPECT_THAT(sent(asked, proto::Frame::kHello), IsEmpty()) << "not before it is there";
    EXPECT_THAT(link.on_time(now, wall), IsEmpty());
    EXPECT_THAT(link.on_spools(now, {begun(7), behind(61s)}), IsEmpty());
    EXPECT_EQ(link.next_wake(), now);
    const auto hellos = sent(link.on_time(now, wall), proto::Frame::kHello);
    ASSERT_THAT(hellos, SizeIs(1));
    ASSERT_EQ(hellos[0].hello().streams_size(), 2);
    EXPECT_EQ(hellos[0].hello().streams(0).spool_id(), other_spool(7).raw());
    EXPECT_EQ(hellos[0].hello().streams(1).spool_id(), raw_spool());
    EXPECT_EQ(hellos[0].hello().streams(1).next_seq(), 11U);
}

TEST_F(LinkClientSpools, WhatIsYoungWaitsInOne) {
    LinkClient link = client(behind(59s));
    const auto actions = connect(link);
    EXPECT_THAT(all<link_action::Renew>(actions), IsEmpty());
    EXPECT_THAT(sent(actions, proto::Frame::kHello), SizeIs(1));
}

TEST_F(LinkClientSpools, ADiskThatIsSlowDoesNotKeepItFromCalling) {
    LinkClient link = client(behind(2h));
    connect(link);
    EXPECT_THAT(link.on_time(now + 999ms, wall), IsEmpty());
    EXPECT_THAT(sent(link.on_time(now + 1s, wall), proto::Frame::kHello), SizeIs(1));
    EXPECT_FALSE(why_closed(link.on_spools(now + 2s, {begun(7), behind(2h)})).empty())
        << "told in a call of its own";
}

TEST_F(LinkClientSpools, ThereAreEightAtMost) {
    std::vector<SpoolPosition> spools{behind(2h)};
    for (std::uint8_t byte = 1; byte < 8; ++byte) {
        spools.push_back(begun(byte));
    }
    LinkClient link(options, facts(), spools, random, start);
    const auto actions = connect(link);
    EXPECT_THAT(all<link_action::Renew>(actions), IsEmpty());
    EXPECT_THAT(sent(actions, proto::Frame::kHello), SizeIs(1));
}

TEST_F(LinkClientSpools, WhatIsNewGoesFirstAndWhatIsOldIsNotForgotten) {
    const std::vector<SpoolPosition> spools{begun(7, 1'000), behind(2h)};
    LinkClient link(options, facts(), spools, random, start);
    connect(link);
    auto wanted = all<link_action::Fetch>(link.on_frame(now, wall, welcome_all(spools)));
    std::map<SpoolId, std::uint64_t> fetches;
    // Each batch is one record; the new spool never runs dry.
    for (int round = 0; round < 50; ++round) {
        ASSERT_THAT(wanted, SizeIs(1));
        const SpoolId spool = wanted[0].spool;
        const std::uint64_t seq = wanted[0].from_seq;
        ++fetches[spool];
        auto given = records(seq, seq);
        given[0].results_before = (seq - 1) * 5;
        wanted = all<link_action::Fetch>(link.on_records(now, spool, std::move(given)));
        proto::Frame stored = ack(seq);
        stored.mutable_ack()->set_spool_id(std::string(spool.raw()));
        stored.mutable_ack()->set_results(seq * 5);
        const auto more = all<link_action::Fetch>(link.on_frame(now, wall, stored));
        wanted.insert(wanted.end(), more.begin(), more.end());
    }
    EXPECT_EQ(fetches[spool_id()], 10U) << "one of five";
    EXPECT_EQ(fetches[other_spool(7)], 40U);
}

}  // namespace
}  // namespace muster::wire
