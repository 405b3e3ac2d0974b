#include "wire/results.hpp"

#include "base/random.hpp"
#include "wire/link.pb.h"
#include "wire/varint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace muster::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ResultBatch small_batch() {
    ResultBatch batch;
    batch.epoch = 7;
    batch.boot = 0x1122'3344'5566'7788U;
    batch.probe = {0, 3, 3, 300, 70'000};
    batch.time_ms = {-5, 900, 1900, 20, 200'000};
    batch.state = {0, 0, 2, 2, 3};
    batch.value_runs = {{2, 2}, {1, 0}, {2, 1}};
    batch.values = {1, -1, std::numeric_limits<std::int64_t>::max(), absent_value, 127, 128};
    batch.notes = {
        {2, "timeout", "reply within 1s", "no reply from 192.0.2.7"}, {4, "worker", "", ""}
    };
    return batch;
}

proto::ResultColumns small_columns() {
    proto::ResultColumns columns;
    EXPECT_TRUE(columns.ParseFromString(encode_results(small_batch())));
    return columns;
}

Status decode(const proto::ResultColumns& columns, ResultBatch& out) {
    return decode_results(columns.SerializeAsString(), out);
}

void expect_equal(const ResultBatch& a, const ResultBatch& b) {
    EXPECT_EQ(a.epoch, b.epoch);
    EXPECT_EQ(a.boot, b.boot);
    EXPECT_EQ(a.probe, b.probe);
    EXPECT_EQ(a.time_ms, b.time_ms);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.values, b.values);
    ASSERT_EQ(a.value_runs.size(), b.value_runs.size());
    for (std::size_t i = 0; i < a.value_runs.size(); ++i) {
        EXPECT_EQ(a.value_runs[i].results, b.value_runs[i].results);
        EXPECT_EQ(a.value_runs[i].values, b.value_runs[i].values);
    }
    ASSERT_EQ(a.notes.size(), b.notes.size());
    for (std::size_t i = 0; i < a.notes.size(); ++i) {
        EXPECT_EQ(a.notes[i].index, b.notes[i].index);
        EXPECT_EQ(a.notes[i].reason, b.notes[i].reason);
        EXPECT_EQ(a.notes[i].expected, b.notes[i].expected);
        EXPECT_EQ(a.notes[i].seen, b.notes[i].seen);
    }
}

ResultBatch random_batch(SeededRandom& random, std::size_t count) {
    ResultBatch batch;
    batch.epoch = static_cast<std::uint32_t>(random.below(10));
    batch.boot = random.next_u64();
    std::uint32_t probe = 0;
    std::int32_t time = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto step =
            static_cast<std::uint32_t>(random.below(4) * random.below(4) * random.below(100));
        probe += step;
        const auto change = static_cast<std::int32_t>(random.below(100'000));
        time = step == 0 && i != 0 ? time + change : change - 50'000;
        batch.probe.push_back(probe);
        batch.time_ms.push_back(time);
        batch.state.push_back(static_cast<std::uint8_t>(random.below(20) == 0 ? random.below(4) : 0)
        );
        const auto values = static_cast<std::uint32_t>(random.below(5));
        batch.value_runs.push_back({1, values});
        for (std::uint32_t v = 0; v < values; ++v) {
            const std::uint64_t bits = random.next_u64() >> random.below(64);
            batch.values.push_back(static_cast<std::int64_t>(bits));
        }
    }
    return batch;
}

TEST(Results, ComeBackAsTheyWere) {
    ResultBatch out;
    ASSERT_TRUE(decode_results(encode_results(small_batch()), out));
    expect_equal(out, small_batch());
}

TEST(Results, ComeBackAsTheyWereInEverySize) {
    SeededRandom random(17);
    ResultBatch out;
    for (std::size_t count = 0; count < 300; ++count) {
        const ResultBatch batch = random_batch(random, count);
        const Status decoded = decode_results(encode_results(batch), out);
        ASSERT_TRUE(decoded) << count << ": " << decoded.error().text();
        expect_equal(out, batch);
    }
}

TEST(Results, AreTheMessageOfTheContract) {
    const proto::ResultColumns columns = small_columns();
    EXPECT_EQ(columns.epoch(), 7U);
    EXPECT_EQ(columns.boot(), 0x1122'3344'5566'7788U);
    EXPECT_THAT(columns.probe_delta(), ElementsAre(0, 3, 0, 297, 69'700));
    EXPECT_THAT(columns.time_delta_ms(), ElementsAre(-5, 905, 1000, -1880, 199'980));
    EXPECT_THAT(columns.state_runs(), ElementsAre(2U << 2, 2U << 2 | 2, 1U << 2 | 3));
    EXPECT_THAT(columns.value_runs(), ElementsAre(2, 2, 1, 0, 2, 1));
    EXPECT_EQ(columns.value(3), absent_value);
    ASSERT_EQ(columns.notes_size(), 2);
    EXPECT_EQ(columns.notes(0).seen(), "no reply from 192.0.2.7");
    ResultBatch out;
    ASSERT_TRUE(decode(columns, out));
    expect_equal(out, small_batch());
}

TEST(Results, MayBeSentOneByOneAndWithFieldsOfALaterRelease) {
    const ResultBatch batch = small_batch();
    std::string later;
    append_varint(later, 100U << 3 | 2);
    append_varint(later, 3);
    later += "new";
    std::string loose = encode_results(batch);
    ResultBatch one;
    one.probe = {1};
    one.time_ms = {1};
    one.state = {0};
    // probe_delta 1, time_delta_ms 1 and state_runs 1 << 2, each as a single varint.
    const std::string unpacked("\x18\x01\x20\x02\x28\x04", 6);
    ResultBatch out;
    ASSERT_TRUE(decode_results(later + loose + later, out));
    expect_equal(out, batch);
    ASSERT_TRUE(decode_results(unpacked, out));
    expect_equal(out, one);
}

TEST(Results, OfAnEmptyBatchAreNothing) {
    ResultBatch out = small_batch();
    ASSERT_TRUE(decode_results("", out));
    EXPECT_EQ(out.size(), 0U);
    EXPECT_TRUE(out.values.empty());
    EXPECT_TRUE(out.notes.empty());
}

TEST(Results, WithoutValuesNeedNoValueRuns) {
    ResultBatch batch;
    batch.probe = {1, 2};
    batch.time_ms = {0, 0};
    batch.state = {0, 1};
    ResultBatch out;
    ASSERT_TRUE(decode_results(encode_results(batch), out));
    expect_equal(out, batch);
}

TEST(Results, CarryOnlyPrintableText) {
    ResultBatch batch = small_batch();
    batch.notes[0].seen = std::string("\xff\x1b[31m") + std::string(5000, 'x');
    ResultBatch out;
    ASSERT_TRUE(decode_results(encode_results(batch), out));
    EXPECT_LE(out.notes[0].seen.size(), ResultLimits{}.text_bytes);
    EXPECT_THAT(out.notes[0].seen, HasSubstr("[31mxxx"));
    EXPECT_EQ(out.notes[0].seen.find('\x1b'), std::string::npos);
}

TEST(Results, CutOffAnywhereAreCorruptOrShorter) {
    const std::string whole = encode_results(small_batch());
    ResultBatch out;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Status decoded = decode_results(std::string_view(whole).substr(0, size), out);
        if (decoded) {
            // Cut between fields: what is left must still agree with itself.
            EXPECT_EQ(out.time_ms.size(), out.size());
            EXPECT_EQ(out.state.size(), out.size());
        } else {
            EXPECT_EQ(decoded.error().kind(), ErrorKind::corrupt);
        }
    }
}

TEST(Results, WithRandomDamageNeverPassInconsistent) {
    SeededRandom random(3);
    const std::string whole = encode_results(random_batch(random, 100));
    ResultBatch out;
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged = whole;
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        if (decode_results(damaged, out)) {
            ASSERT_EQ(out.time_ms.size(), out.size());
            ASSERT_EQ(out.state.size(), out.size());
        }
    }
}

struct Damage {
    const char* name;
    void (*apply)(proto::ResultColumns& columns);
    const char* says;
};

class HostileResults : public testing::TestWithParam<Damage> {};

TEST_P(HostileResults, AreCorrupt) {
    proto::ResultColumns columns = small_columns();
    GetParam().apply(columns);
    ResultBatch out;
    const Status decoded = decode(columns, out);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(decoded.error().text(), HasSubstr(GetParam().says));
}

const Damage damages[] = {
    {"OneTimeTooFew", [](auto& c) { c.mutable_time_delta_ms()->RemoveLast(); }, "as many times"},
    {"OneTimeTooMany", [](auto& c) { c.add_time_delta_ms(1); }, "as many times"},
    {"TimeGoesBack", [](auto& c) { c.set_time_delta_ms(2, -1); }, "out of order"},
    {"TimeOutOfRange",
     [](auto& c) { c.set_time_delta_ms(0, std::numeric_limits<std::int32_t>::max()); },
     "out of range"},
    {"ProbeOutOfRange", [](auto& c) { c.set_probe_delta(4, 0xffff'ffffU); }, "out of range"},
    {"StatesTooFew", [](auto& c) { c.mutable_state_runs()->RemoveLast(); }, "states do not match"},
    {"StatesTooMany", [](auto& c) { c.add_state_runs(4); }, "states do not match"},
    {"EmptyStateRun", [](auto& c) { c.set_state_runs(0, 0); }, "states do not match"},
    {"HugeStateRun", [](auto& c) { c.set_state_runs(0, 0xffff'ffffU); }, "states do not match"},
    {"OddValueRuns", [](auto& c) { c.mutable_value_runs()->RemoveLast(); }, "pairs"},
    {"EmptyValueRun", [](auto& c) { c.set_value_runs(0, 0); }, "empty"},
    {"TooManyValuesEach", [](auto& c) { c.set_value_runs(1, 65); }, "too many values"},
    {"ValueTooMany", [](auto& c) { c.add_value(1); }, "number of values"},
    {"ValueTooFew", [](auto& c) { c.mutable_value()->RemoveLast(); }, "number of values"},
    {"ValueRunsTooFew",
     [](auto& c) {
         c.mutable_value_runs()->Truncate(4);
         c.mutable_value()->Truncate(4);
     },
     "number of values"},
    {"ValueRunsTooMany",
     [](auto& c) {
         c.add_value_runs(1);
         c.add_value_runs(0);
     },
     "number of results"},
    {"NoteOutside", [](auto& c) { c.mutable_notes(1)->set_index(5); }, "outside"},
    {"NotesOutOfOrder", [](auto& c) { c.mutable_notes(1)->set_index(2); }, "out of order"},
    {"NoteTooLong",
     [](auto& c) { c.mutable_notes(0)->set_seen(std::string(1025, 'x')); },
     "longer than 1024"},
};

INSTANTIATE_TEST_SUITE_P(
    Results,
    HostileResults,
    testing::ValuesIn(damages),
    [](const testing::TestParamInfo<Damage>& info) { return std::string(info.param.name); }
);

TEST(Results, BeyondTheLimitAreCorrupt) {
    ResultBatch out;
    const std::string payload = encode_results(small_batch());
    EXPECT_FALSE(decode_results(payload, out, {.results = 4}));
    EXPECT_FALSE(decode_results(payload, out, {.values_per_result = 1}));
    EXPECT_FALSE(decode_results(payload, out, {.notes = 1}));
    EXPECT_FALSE(decode_results(payload, out, {.text_bytes = 8}));
    EXPECT_TRUE(decode_results(payload, out, {.results = 5}));
}

TEST(Varint, SizeIsThatOfTheBytesWritten) {
    char room[10];
    for (unsigned bits = 0; bits < 64; ++bits) {
        for (const std::uint64_t near : {(1ULL << bits) - 1, 1ULL << bits, ~0ULL >> bits}) {
            EXPECT_EQ(varint_size(near), static_cast<std::size_t>(put_varint(room, near) - room));
        }
    }
}

TEST(Varint, ThatDoesNotFitIsRefused) {
    std::uint32_t narrow = 0;
    const std::string too_wide = "\xff\xff\xff\xff\x1f";
    EXPECT_FALSE(read_varints(too_wide, too_wide.data() + too_wide.size(), 1, &narrow));
    std::int64_t wide = 0;
    const std::string too_long(11, '\x80');
    EXPECT_FALSE(read_signed_varints(too_long, too_long.data() + too_long.size(), 1, &wide));
    const std::string eleventh_bit = std::string(9, '\xff') + '\x02';
    EXPECT_FALSE(read_signed_varints(eleventh_bit, eleventh_bit.data() + 10, 1, &wide));
}

}  // namespace
}  // namespace muster::wire
