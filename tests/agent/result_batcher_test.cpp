#include "agent/result_batcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using wire::ResultState;

const std::string boot_id = "0123456789abcdef";

class Batcher : public ::testing::Test {
  protected:
    Batcher() { batcher.assign(7, ids); }

    static probes::Outcome outcome(ResultState state, std::vector<std::int64_t> values = {}) {
        return {
            .state = state,
            .reason = state == ResultState::ok ? "" : "timeout",
            .expected = state == ResultState::ok ? "" : "reply within 1s",
            .seen = state == ResultState::ok ? "" : "no reply",
            .values = std::move(values),
        };
    }

    void add(
        std::uint32_t dense, Duration when, ResultState state, std::vector<std::int64_t> values = {}
    ) {
        batcher.add(dense, wall + when, mono + when, outcome(state, std::move(values)));
    }

    static wire::ResultBatch decoded(const wire::Record& record) {
        std::string raw;
        EXPECT_TRUE(wire::open_payload(record, raw));
        wire::ResultBatch out;
        EXPECT_TRUE(wire::decode_results(raw, out));
        EXPECT_EQ(out.size(), record.count);
        return out;
    }

    const WallTime wall = wall_from_ns(1'790'000'000'000'000'000);
    const MonoTime mono = MonoTime(1h);
    const std::vector<ProbeId> ids = {
        ProbeId(Uuid::named("a")), ProbeId(Uuid::named("b")), ProbeId(Uuid::named("c"))
    };
    ResultBatcher batcher{BatcherOptions{.flush = 200ms, .change_pace = 20ms}, boot_id};
};

TEST_F(Batcher, HasNothingDueWhileItIsEmpty) {
    EXPECT_EQ(batcher.next_due(), MonoTime::max());
    EXPECT_FALSE(batcher.take(mono));
    EXPECT_FALSE(batcher.take_all(mono));
}

TEST_F(Batcher, SortsByProbeAndTimeAndKeepsEachTime) {
    add(2, 30ms, ResultState::ok, {5});
    add(0, 20ms, ResultState::ok, {6, 7});
    add(2, 10ms, ResultState::ok, {8});
    add(0, 40ms, ResultState::ok, {});
    const auto record = batcher.take_all(mono + 50ms);
    ASSERT_TRUE(record);
    const wire::ResultBatch batch = decoded(*record);
    EXPECT_EQ(batch.epoch, 7U);
    EXPECT_EQ(batch.boot, 0x3736353433323130U);
    EXPECT_EQ(batch.probe, (std::vector<std::uint32_t>{0, 0, 2, 2}));
    EXPECT_EQ(batch.values, (std::vector<std::int64_t>{6, 7, 8, 5}));
    std::vector<MonoTime> times;
    for (const std::int32_t offset : batch.time_ms) {
        times.push_back(record->mono + std::chrono::milliseconds(offset));
    }
    EXPECT_EQ(times, (std::vector<MonoTime>{mono + 20ms, mono + 40ms, mono + 10ms, mono + 30ms}));
    EXPECT_EQ(record->wall - wall, record->mono - mono);
}

TEST_F(Batcher, SaysWhatWasSeenOnlyWhereTheStateChanged) {
    add(0, 0ms, ResultState::ok);
    add(1, 0ms, ResultState::critical);  // a first result that is not ok
    EXPECT_EQ(decoded(*batcher.take_all(mono)).notes.size(), 1U);
    add(0, 1s, ResultState::critical);
    add(1, 1s, ResultState::critical);
    const wire::ResultBatch second = decoded(*batcher.take_all(mono + 1s));
    ASSERT_EQ(second.notes.size(), 1U);
    EXPECT_EQ(second.notes[0].index, 0U);
    EXPECT_EQ(second.notes[0].reason, "timeout");
    EXPECT_EQ(second.notes[0].expected, "reply within 1s");
    EXPECT_EQ(second.notes[0].seen, "no reply");
    add(0, 2s, ResultState::critical);
    EXPECT_TRUE(decoded(*batcher.take_all(mono + 2s)).notes.empty());
    add(0, 3s, ResultState::ok);
    EXPECT_EQ(decoded(*batcher.take_all(mono + 3s)).notes.size(), 1U) << "recovery is a change too";
}

TEST_F(Batcher, SaysWhatWasSeenWhereItFailsForAnotherReason) {
    const auto notes_of =
        [this](Duration when, const std::string& reason, const std::string& seen) {
            probes::Outcome failed = outcome(ResultState::critical);
            failed.reason = reason;
            failed.seen = seen;
            batcher.add(0, wall + when, mono + when, std::move(failed));
            const auto record = batcher.take_all(mono + when);
            EXPECT_TRUE(when == 0s || record->drop_class == wire::DropClass::results);
            return decoded(*record).notes;
        };
    EXPECT_EQ(notes_of(0s, "refused", "127.0.0.1:80: connection refused").size(), 1U);
    EXPECT_TRUE(notes_of(20s, "refused", "127.0.0.1:80: connection refused").empty());
    const auto other = notes_of(40s, "status", "HTTP 500");
    ASSERT_EQ(other.size(), 1U);
    EXPECT_EQ(other[0].reason, "status");
    EXPECT_EQ(other[0].seen, "HTTP 500");
    EXPECT_EQ(notes_of(60s, "status", "half a page").size(), 1U) << "seen is another thing";
    batcher.assign(8, ids);
    EXPECT_TRUE(notes_of(80s, "status", "half a page").empty()) << "said under the epoch before";
}

TEST_F(Batcher, SaysNothingNewWhereOnlyNumbersDiffer) {
    for (int at = 0; at < 20; ++at) {
        probes::Outcome failed = outcome(ResultState::critical);
        failed.seen = "no reply within " + std::to_string(at) + ".5 ms";
        batcher.add(0, wall, mono + std::chrono::minutes(at), std::move(failed));
    }
    EXPECT_EQ(decoded(*batcher.take_all(mono + 1h)).notes.size(), 1U);
}

TEST_F(Batcher, SaysReasonsThatTakeTurnsNowAndThen) {
    for (int at = 0; at <= 60; ++at) {
        probes::Outcome failed = outcome(ResultState::critical);
        failed.reason = at % 2 == 0 ? "timeout" : "refused";
        batcher.add(0, wall, mono + std::chrono::seconds(at), std::move(failed));
    }
    EXPECT_EQ(decoded(*batcher.take_all(mono + 1h)).notes.size(), 6U)
        << "ten seconds apart, and odd ones";
}

TEST_F(Batcher, FlushesAtOnceWhenAStateChanges) {
    add(0, 0ms, ResultState::ok);
    EXPECT_EQ(batcher.take(mono)->drop_class, wire::DropClass::results);
    add(0, 50ms, ResultState::ok);
    EXPECT_EQ(batcher.next_due(), mono + 200ms);
    add(1, 60ms, ResultState::ok);
    add(0, 70ms, ResultState::critical);
    EXPECT_LE(batcher.next_due(), mono + 70ms);
    const auto record = batcher.take(mono + 70ms);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->drop_class, wire::DropClass::state);
    EXPECT_EQ(record->count, 3U);
    // A second change right behind it waits for company, though not for the flush.
    add(1, 71ms, ResultState::critical);
    EXPECT_EQ(batcher.next_due(), mono + 90ms);
}

TEST_F(Batcher, SendsTheFirstResultAfterAQuietTimeAtOnceAndGathersTheNext) {
    add(0, 10s, ResultState::ok);
    EXPECT_TRUE(batcher.take(mono + 10s));
    add(1, 10s + 1ms, ResultState::ok);
    EXPECT_FALSE(batcher.take(mono + 10s + 199ms));
    EXPECT_TRUE(batcher.take(mono + 10s + 200ms));
}

TEST_F(Batcher, ClosesARecordAtItsBounds) {
    ResultBatcher small({.most_results = 10}, boot_id);
    small.assign(1, ids);
    for (int at = 0; at < 25; ++at) {
        small.add(0, wall, mono + std::chrono::milliseconds(at), outcome(ResultState::ok));
    }
    EXPECT_EQ(small.take(mono)->count, 10U);
    EXPECT_EQ(small.take(mono)->count, 10U);
    EXPECT_FALSE(small.take(mono)) << "the rest waits for the flush";
    EXPECT_EQ(small.take_all(mono)->count, 5U);
    EXPECT_EQ(small.produced(), 25U);
}

TEST_F(Batcher, NeverMakesARecordThatDoesNotFitAFrame) {
    ResultBatcher wide({}, boot_id);
    wide.assign(1, ids);
    std::uint64_t noise = 1;
    for (int at = 0; at < 20'000; ++at) {
        probes::Outcome one = outcome(at % 2 == 0 ? ResultState::ok : ResultState::critical);
        one.seen = std::string(900, static_cast<char>('a' + at % 26));
        for (int value = 0; value < 20; ++value) {
            noise = noise * 6364136223846793005U + 1442695040888963407U;
            one.values.push_back(static_cast<std::int64_t>(noise));
        }
        wide.add(0, wall, mono + std::chrono::milliseconds(at), std::move(one));
    }
    std::uint32_t results = 0;
    while (const auto record = wide.take_all(mono)) {
        EXPECT_LE(record->raw_size, 910U << 10U);
        EXPECT_LE(record->payload.size(), wire::max_frame_bytes - 4096);
        results += record->count;
    }
    EXPECT_EQ(results, 20'000U);
}

TEST_F(Batcher, ClosesTheOldEpochAndKeepsWhatItKnowsOfEachProbe) {
    add(0, 0ms, ResultState::critical);
    add(1, 0ms, ResultState::ok);
    batcher.assign(8, std::vector<ProbeId>{ids[1], ids[0]});
    add(1, 1s, ResultState::critical);  // the former 0: nothing new
    add(0, 1s, ResultState::critical);  // the former 1: a change
    const wire::ResultBatch before = decoded(*batcher.take(mono));
    EXPECT_EQ(before.epoch, 7U);
    const wire::ResultBatch after = decoded(*batcher.take_all(mono));
    EXPECT_EQ(after.epoch, 8U);
    ASSERT_EQ(after.notes.size(), 1U);
    EXPECT_EQ(after.notes[0].index, 0U);
}

TEST_F(Batcher, LeavesOutTrailingValuesThatWereNotMeasured) {
    add(0, 0ms, ResultState::warning, {1, wire::absent_value, 3, wire::absent_value});
    add(1, 0ms, ResultState::critical, {wire::absent_value, wire::absent_value});
    const wire::ResultBatch batch = decoded(*batcher.take_all(mono));
    EXPECT_EQ(batch.values, (std::vector<std::int64_t>{1, wire::absent_value, 3}));
}

TEST_F(Batcher, MakesWhatWasSeenSafeToShow) {
    probes::Outcome nasty = outcome(ResultState::critical);
    nasty.seen = "\x1b[2J" + std::string(5000, 'x');
    batcher.add(0, wall, mono, nasty);
    const wire::ResultBatch batch = decoded(*batcher.take_all(mono));
    EXPECT_LE(batch.notes[0].seen.size(), 1024U);
    EXPECT_EQ(batch.notes[0].seen.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace muster::agent
