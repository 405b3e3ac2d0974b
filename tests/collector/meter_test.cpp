#include "collector/meter.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

TEST(Meter, LetsHalfGoAtOnceAndTheRestEvenly) {
    Meter meter({60, 1h});
    Duration now = 10h;
    int sent = 0;
    for (; meter.allows(now); ++sent) {
        meter.take(now);
    }
    EXPECT_EQ(sent, 30);
    EXPECT_GT(meter.earliest(), now);
    EXPECT_LE(meter.earliest(), now + 2min);
    now += 2h;
    EXPECT_TRUE(meter.allows(now));
}

TEST(Meter, HoldsOneMessageAnHourToThat) {
    Meter meter({1, 1h});
    EXPECT_TRUE(meter.allows(0s));
    meter.take(0s);
    EXPECT_FALSE(meter.allows(1h - 1ns));
    EXPECT_TRUE(meter.allows(1h));
}

TEST(Meter, IsNeverExceededInAnySpanWhateverComes) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        SeededRandom random(seed);
        const config::Rate rate{
            1 + static_cast<std::uint32_t>(random.below(50)),
            std::chrono::seconds(1 + random.below(3600))
        };
        Meter meter(rate);
        std::vector<Duration> sent;
        Duration now{};
        for (int i = 0; i < 3000; ++i) {
            const std::uint64_t most = random.below(4) == 0 ? 1'000'000'000'000U : 1'000'000'000U;
            now += Duration(static_cast<std::int64_t>(random.below(most)));
            if (meter.allows(now)) {
                meter.take(now);
                sent.push_back(now);
            }
        }
        for (std::size_t i = rate.messages; i < sent.size(); ++i) {
            EXPECT_GE(sent[i] - sent[i - rate.messages], rate.per);
        }
    }
}

TEST(Meter, IsNeverExceededWhereItArrivesEither) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        SeededRandom random(seed);
        const auto some = [&random](Duration most) {
            return Duration(static_cast<std::int64_t>(
                random.below(static_cast<std::uint64_t>(most.count()) + 1)
            ));
        };
        const config::Rate rate{1 + static_cast<std::uint32_t>(random.below(50)), 60s};
        Meter meter(rate);
        std::vector<Duration> arrived;
        Duration now{};
        for (int i = 0; i < 3000; ++i) {
            now += some(2s);
            if (meter.allows(now)) {
                meter.take(now);
                const Duration on_its_way = some(random.below(4) == 0 ? 20s : 100ms);
                arrived.push_back(now + some(on_its_way));
                now += on_its_way;
                meter.ended(now);
            }
        }
        for (std::size_t i = rate.messages; i < arrived.size(); ++i) {
            EXPECT_GE(arrived[i] - arrived[i - rate.messages], rate.per);
        }
    }
}

TEST(Meter, GoesOnAfterARestart) {
    Meter meter({2, 10s});
    meter.take(1s);
    Meter again({2, 10s});
    again.restore(meter.used_until());
    EXPECT_EQ(again.earliest(), meter.earliest());
}

}  // namespace
}  // namespace muster::collector
