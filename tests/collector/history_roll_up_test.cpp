#include "base/memory_files.hpp"
#include "collector/history/merge.hpp"
#include "collector/history/roll_up.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

namespace muster::collector {
namespace {

using wire::ResultState;

constexpr std::int64_t start = 1'772'323'200'000;

/// `count` results of a series at most `gap` apart, with outages, in every state; every third one lacks the second metric.
Chunk series_of(SeriesId id, std::uint32_t count, std::int64_t from_ms, unsigned seed) {
    std::minstd_rand random(seed);
    Chunk chunk;
    chunk.extend({.id = id, .first = 0, .count = count, .metrics = 2});
    std::int64_t at = from_ms;
    for (std::uint32_t n = 0; n < count; ++n) {
        at += random() % 40 == 0 ? 700'000 : 29'000 + static_cast<std::int64_t>(random() % 2'000);
        chunk.time_ms[n] = at;
        chunk.state[n] = random() % 10 == 0 ? static_cast<std::uint8_t>(random() % 4) : 0;
        const auto value = static_cast<std::int64_t>(random() % 1'000'000) - 500'000;
        chunk.values[0][n] = n % 50 == 7 ? value * 9'000'000'000 : value;
        chunk.values[1][n] = n % 3 == 0 ? wire::absent_value : value / 7;
    }
    return chunk;
}

/// What a bucket must say, worked out result by result, millisecond by millisecond of what held.
struct Expected {
    std::vector<std::size_t> results;
    std::array<std::int64_t, 4> held_ms{};
};

std::map<std::int64_t, Expected> brute_force(const Chunk& raw, std::int64_t bucket_ms) {
    std::vector<std::int64_t> gaps;
    for (std::size_t at = 1; at < raw.samples(); ++at) {
        gaps.push_back(raw.time_ms[at] - raw.time_ms[at - 1]);
    }
    std::ranges::sort(gaps);
    const std::int64_t longest = gaps[gaps.size() / 2] * 5 / 2;
    std::map<std::int64_t, Expected> buckets;
    for (std::size_t at = 0; at < raw.samples(); ++at) {
        const std::int64_t bucket = floor_to(raw.time_ms[at], bucket_ms);
        buckets[bucket].results.push_back(at);
        // Up to the next result of the same bucket: what lies between buckets is told by their ends.
        if (at + 1 < raw.samples() && floor_to(raw.time_ms[at + 1], bucket_ms) == bucket) {
            buckets[bucket].held_ms[raw.state[at]] +=
                std::min(raw.time_ms[at + 1] - raw.time_ms[at], longest);
        }
    }
    return buckets;
}

void expect_values(
    const Chunk& raw, const Expected& expected, std::uint32_t metric, const Measured& row
) {
    std::vector<std::int64_t> values;
    long double sum = 0;
    for (const std::size_t at : expected.results) {
        if (const std::int64_t value = raw.values[metric][at]; value != wire::absent_value) {
            values.push_back(value);
            sum += static_cast<long double>(value);
        }
    }
    ASSERT_EQ(row.count, values.size());
    if (!values.empty()) {
        EXPECT_EQ(row.min, *std::ranges::min_element(values));
        EXPECT_EQ(row.max, *std::ranges::max_element(values));
        const auto mean = static_cast<double>(sum / static_cast<long double>(values.size()));
        EXPECT_NEAR(row.mean(), mean, 1e-9 * std::max(1.0, std::abs(mean)));
    }
}

/// In hours, the median distance of results is that of the even distances in five minutes: how long a state holds once
/// results stay away differs by a little.
double slack_ms(HistoryKind kind) {
    return kind == HistoryKind::hourly ? 2'000 : 0;
}

void expect_rows(const Chunk& raw, const Chunk& rolled, HistoryKind kind) {
    const auto buckets = brute_force(raw, resolution_ms(kind));
    ASSERT_EQ(rolled.samples(), buckets.size());
    std::size_t at = 0;
    for (const auto& [bucket, expected] : buckets) {
        const Watched row = watched_at(rolled, kind, at);
        EXPECT_EQ(row.first_ms, raw.time_ms[expected.results.front()]);
        EXPECT_EQ(row.last_ms, raw.time_ms[expected.results.back()]);
        EXPECT_EQ(row.results, expected.results.size());
        EXPECT_EQ(row.last, static_cast<ResultState>(raw.state[expected.results.back()]));
        ResultState worst = ResultState::ok;
        for (const std::size_t result : expected.results) {
            worst = worse(worst, static_cast<ResultState>(raw.state[result]));
        }
        EXPECT_EQ(row.worst, worst);
        for (std::size_t state = 0; state < row.held_ms.size(); ++state) {
            EXPECT_NEAR(
                static_cast<double>(row.held_ms[state]),
                static_cast<double>(expected.held_ms[state]),
                slack_ms(kind)
            );
        }
        for (std::uint32_t metric = 0; metric < 2; ++metric) {
            expect_values(raw, expected, metric, measured_at(rolled, kind, at, metric));
        }
        ++at;
    }
}

TEST(RollUp, SaysWhatTheResultsOfItsBucketsSay) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const std::int64_t from = seed % 2 == 0 ? start + seed * 7'001 : -start - seed * 7'001;
        const Chunk raw = series_of(3, 60 + seed * 17, from, seed);
        Chunk rolled;
        roll_up(raw, HistoryKind::raw, raw.series[0], HistoryKind::five_minutes, rolled);
        expect_rows(raw, rolled, HistoryKind::five_minutes);
        // Hours of five minutes are those of the results: a state between two buckets is told by their ends.
        Chunk hours;
        roll_up(rolled, HistoryKind::five_minutes, rolled.series[0], HistoryKind::hourly, hours);
        expect_rows(raw, hours, HistoryKind::hourly);
    }
}

TEST(RollUp, OfAPartAndTheRestBecomesThatOfAll) {
    const Chunk raw = series_of(3, 200, start, 5);
    Chunk whole;
    roll_up(raw, HistoryKind::raw, raw.series[0], HistoryKind::five_minutes, whole);
    Chunk parts;
    for (const std::uint32_t first : {0U, 90U}) {
        Chunk part;
        part.append(raw, {.id = 3, .first = first, .count = first == 0 ? 90U : 110U, .metrics = 2});
        Chunk rolled;
        roll_up(part, HistoryKind::raw, part.series[0], HistoryKind::five_minutes, rolled);
        parts.append(rolled, rolled.series[0]);
    }
    ASSERT_EQ(parts.samples(), whole.samples() + 1) << "the bucket in which the parts meet";
    Chunk joined;
    roll_up(parts, HistoryKind::five_minutes, parts.series[0], HistoryKind::five_minutes, joined);
    ASSERT_EQ(joined.time_ms, whole.time_ms);
    EXPECT_EQ(joined.state, whole.state);
    EXPECT_EQ(joined.values, whole.values);
}

TEST(RollUp, OfOverlappingStretchesCountsEachResultOnceAndNoTimeTwice) {
    Watched one{
        .first_ms = 0, .last_ms = 100, .results = 5, .last = ResultState::ok, .held_ms = {100}
    };
    const Watched late{
        .first_ms = 40,
        .last_ms = 120,
        .results = 5,
        .last = ResultState::critical,
        .worst = ResultState::critical,
        .held_ms = {0, 0, 80}
    };
    one.add(late, 25);
    EXPECT_EQ(one.results, 10U);
    EXPECT_EQ(one.last, ResultState::critical);
    EXPECT_EQ(one.worst, ResultState::critical);
    EXPECT_LE(one.observed_ms(), 120);
    EXPECT_GE(one.observed_ms(), 118);
    EXPECT_GT(one.held_ms[0], one.held_ms[2]);
}

TEST(Measured, KeepsItsMeanAtTheEndsOfTheRange) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    Measured high;
    for (int i = 0; i < 1'000; ++i) {
        high.add(most - i);
    }
    EXPECT_EQ(high.max, most);
    EXPECT_EQ(high.min, most - 999);
    EXPECT_EQ(high.excess, 999 * 500);
    Measured far;
    far.add(-most);
    far.add(most);
    EXPECT_EQ(far.count, 2U);
    EXPECT_EQ(far.excess, most) << "beyond that the sum stops";
    EXPECT_EQ(far.min, -most);
}

TEST(Distances, WeighEvenStretchesByTheirResults) {
    Distances distances;
    distances.add(900);
    distances.add(Watched{.first_ms = 0, .last_ms = 40, .results = 5});
    distances.add(800);
    EXPECT_EQ(distances.take_longest_hold(), 25);
    EXPECT_EQ(distances.take_longest_hold(), 0);
    for (const std::int64_t one : {5, 30, 10, -4, 0}) {
        distances.add(one);
    }
    EXPECT_EQ(distances.take_longest_hold(), 25);
}

class RollUpMerge : public testing::Test {
  protected:
    void write(const std::string& path, const std::vector<Chunk>& chunks) {
        auto writer = BlockWriter::create(files, path);
        ASSERT_TRUE(writer);
        for (const Chunk& chunk : chunks) {
            ASSERT_TRUE(writer->add(chunk));
        }
        ASSERT_TRUE(writer->finish());
    }

    void merge(const std::vector<std::string>& inputs, const MergePlan& plan, std::uint64_t piece) {
        std::vector<BlockReader> readers;
        for (const std::string& input : inputs) {
            readers.push_back(*BlockReader::open(files, input));
        }
        auto merger = Merger::create(files, std::move(readers), plan);
        ASSERT_TRUE(merger);
        auto done = merger->step(piece);
        for (; done && !*done; done = merger->step(piece)) {
        }
        ASSERT_TRUE(done) << done.error().text();
        EXPECT_EQ((*done)->roll_up.has_value(), !plan.roll_up_path.empty());
    }

    Chunk read(const std::string& path) {
        auto reader = BlockReader::open(files, path);
        EXPECT_TRUE(reader);
        Chunk all;
        Chunk one;
        for (std::size_t at = 0; at < reader->chunks().size(); ++at) {
            EXPECT_TRUE(reader->read(at, std::nullopt, one));
            for (const ChunkSeries& series : one.series) {
                all.append(one, series);
            }
        }
        return all;
    }

    std::string bytes(const std::string& path) { return *read_file(files, path, 1 << 30); }

    MemoryFiles files;
};

TEST_F(RollUpMerge, WritesTheRollUpBesideTheMerged) {
    std::vector<Chunk> raw;
    std::vector<Chunk> early;
    std::vector<Chunk> late;
    for (SeriesId id = 1; id <= 40; ++id) {
        raw.push_back(series_of(id, 120, start + id * 777, id));
        const ChunkSeries& series = raw.back().series[0];
        early.emplace_back().append(
            raw.back(), {.id = id, .first = 0, .count = 70, .metrics = series.metrics}
        );
        late.emplace_back().append(
            raw.back(), {.id = id, .first = 70, .count = 50, .metrics = series.metrics}
        );
    }
    write("a", early);
    write("b", late);
    merge({"a", "b"}, {.path = "m", .roll_up_path = "five"}, 100);
    merge(
        {"five"}, {.path = "again", .kind = HistoryKind::five_minutes, .roll_up_path = "hours"}, 100
    );
    EXPECT_EQ(bytes("five"), bytes("again")) << "nothing to join";
    const Chunk fives = read("five");
    const Chunk hours = read("hours");
    for (const Chunk& one : raw) {
        const std::size_t at = one.series[0].id - 1;
        Chunk own;
        own.append(fives, fives.series[at]);
        expect_rows(one, own, HistoryKind::five_minutes);
        Chunk own_hours;
        own_hours.append(hours, hours.series[at]);
        expect_rows(one, own_hours, HistoryKind::hourly);
    }
    // However it is cut into pieces: the same bytes.
    merge({"a", "b"}, {.path = "m2", .roll_up_path = "five2"}, 1'000'000);
    EXPECT_EQ(bytes("m"), bytes("m2"));
    EXPECT_EQ(bytes("five"), bytes("five2"));
}

TEST_F(RollUpMerge, RefusesARollUpThatLacksColumns) {
    write("a", {series_of(1, 50, start, 1)});
    std::vector<BlockReader> readers;
    readers.push_back(*BlockReader::open(files, "a"));
    auto merger =
        Merger::create(files, std::move(readers), {.path = "m", .kind = HistoryKind::five_minutes});
    ASSERT_TRUE(merger);
    const auto done = merger->step(1'000);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::corrupt);
    EXPECT_EQ(merger->culprit(), 0U);
}

}  // namespace
}  // namespace muster::collector
