#include "base/random.hpp"
#include "collector/history/column.hpp"
#include "wire/results.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <span>

namespace muster::collector {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min() + 1;
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

std::string written(ColumnKind kind, const std::vector<Numbers>& series) {
    ColumnWriter writer(kind);
    for (const Numbers& one : series) {
        writer.add(one);
    }
    return writer.take();
}

void expect_same_again(ColumnKind kind, const std::vector<Numbers>& series) {
    const std::string bytes = written(kind, series);
    auto reader = ColumnReader::open(bytes);
    ASSERT_TRUE(reader);
    for (const Numbers& one : series) {
        Numbers read(one.size());
        ASSERT_TRUE(reader->read(read));
        EXPECT_EQ(read, one);
    }
}

Numbers noise(std::size_t count, std::int64_t level, std::int64_t spread, unsigned seed) {
    std::minstd_rand random(seed);
    std::uniform_int_distribution<std::int64_t> around(level - spread, level + spread);
    Numbers numbers(count);
    for (std::int64_t& number : numbers) {
        number = around(random);
    }
    return numbers;
}

TEST(HistoryColumn, GivesBackWhatWasWritten) {
    for (const ColumnKind kind : {ColumnKind::times, ColumnKind::values}) {
        expect_same_again(kind, {{}});
        expect_same_again(kind, {{0}, {1}, {-1}, {most}, {least}});
        expect_same_again(kind, {{5, 5, 5, 5}, {}, {7, 7}});
        expect_same_again(kind, {{least, most, least, most}, {0, most, least}, {most, most - 1}});
        for (const std::size_t count : {1U, 2U, 127U, 128U, 129U, 1000U}) {
            expect_same_again(kind, {noise(count, 10'000, 150, 1), noise(count, 0, most / 4, 2)});
        }
    }
}

TEST(HistoryColumn, WritesEveryWidthOfNumber) {
    for (unsigned width = 0; width < 63; ++width) {
        const std::int64_t big = std::int64_t{1} << width;
        expect_same_again(ColumnKind::values, {{0, big, 3, big - 1, 0, -big}, {big, big + 1}});
        expect_same_again(ColumnKind::times, {{0, big, 3, big - 1, 0, -big}, {big, big + 1}});
    }
}

TEST(HistoryColumn, KeepsAbsentValuesApart) {
    const std::int64_t none = wire::absent_value;
    expect_same_again(
        ColumnKind::values, {{none}, {none, none}, {1, none, 3}, {none, 5}, {6, none}}
    );
    Numbers mixed = noise(500, 800, 12, 3);
    for (std::size_t at = 0; at < mixed.size(); at += 7) {
        mixed[at] = none;
    }
    expect_same_again(ColumnKind::values, {mixed, noise(10, 1, 1, 4)});
}

TEST(HistoryColumn, NeedsFewBitsForAnEvenSchedule) {
    Numbers times;
    std::minstd_rand random(5);
    for (std::int64_t i = 0; i < 1280; ++i) {
        times.push_back(1'772'323'200'000 + i * 10'000 + static_cast<std::int64_t>(random() % 2));
    }
    // One bit a time, and some bytes for each group of 128.
    EXPECT_LT(written(ColumnKind::times, {times}).size(), 1280 / 8 + 10 * 12);
}

TEST(HistoryColumn, NeedsFewBitsForACounterAndForAConstant) {
    Numbers counter;
    for (std::int64_t i = 0; i < 1280; ++i) {
        counter.push_back(4'000'000'000 + i * 1'000 + i % 7);
    }
    EXPECT_LT(written(ColumnKind::values, {counter}).size(), 1280U);
    EXPECT_LT(written(ColumnKind::values, {Numbers(1280, 100)}).size(), 40U);
}

TEST(HistoryColumn, OneSpikeDoesNotWidenALongSeries) {
    Numbers series = noise(1280, 10'000, 100, 6);
    const std::size_t calm = written(ColumnKind::values, {series}).size();
    series[640] = 1'000'000;
    EXPECT_LT(written(ColumnKind::values, {series}).size(), calm + 250);
}

TEST(HistoryColumn, SurvivesAnyBytes) {
    std::minstd_rand random(7);
    const std::string good =
        written(ColumnKind::values, {noise(300, 10'000, 150, 8), {1, wire::absent_value, 3}});
    for (int round = 0; round < 5'000; ++round) {
        std::string bytes = good.substr(0, 1 + random() % good.size());
        for (unsigned flips = 0; flips < 4; ++flips) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        auto reader = ColumnReader::open(bytes);
        Numbers numbers(303);
        if (reader) {
            // Whatever it says, it stays within its bytes: the sanitizers watch.
            static_cast<void>(reader->read(std::span(numbers).first(300)).has_value());
            static_cast<void>(reader->read(std::span(numbers).last(3)).has_value());
        }
    }
}

TEST(HistoryColumn, RefusesWhatEndsTooEarly) {
    const std::string good = written(ColumnKind::values, {noise(300, 10'000, 150, 9)});
    for (std::size_t size = 0; size + 1 < good.size(); size += 5) {
        auto reader = ColumnReader::open(std::string_view(good).substr(0, size));
        Numbers numbers(300);
        EXPECT_FALSE(reader && reader->read(numbers)) << size;
    }
}

}  // namespace
}  // namespace muster::collector
