#include "collector/api/partition.hpp"

#include "base/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

WallTime at(std::int64_t second) {
    return wall_from_ns(1'700'000'000'000'000'000) + seconds(second);
}

KnownSpan span(std::int64_t from, std::int64_t to, Share share, std::string cause) {
    return {at(from), at(to), share, std::move(cause)};
}

Piece piece(
    std::int64_t from, std::int64_t to, Share share, std::uint32_t probe, std::string cause
) {
    return {at(from), at(to), share, probe, std::move(cause)};
}

ProbeTimes answering(std::vector<KnownSpan> spans, std::size_t group = 0) {
    return {.group = group, .proven = at(-1000), .spans = std::move(spans)};
}

TEST(Partition, OfAProbeIsUpWhereNothingElseIsKnown) {
    ProbeTimes probe = answering(
        {span(20, 40, Share::down, "timeout"), span(30, 50, Share::unobserved, "a1 silent")}
    );
    probe.proven = at(10);
    const auto pieces = partition_probe(probe, at(0), at(100), at(80));
    ASSERT_EQ(pieces.size(), 6U);
    EXPECT_EQ(pieces[0].share, Share::unobserved);
    EXPECT_FALSE(pieces[0].in_force);
    EXPECT_EQ(pieces[1], piece(10, 20, Share::up, no_probe, ""));
    EXPECT_EQ(pieces[2], piece(20, 30, Share::down, no_probe, "timeout"));
    EXPECT_EQ(pieces[3], piece(30, 50, Share::unobserved, no_probe, "a1 silent"))
        << "what nobody saw is not down";
    EXPECT_EQ(pieces[4], piece(50, 80, Share::up, no_probe, ""));
    EXPECT_EQ(pieces[5], piece(80, 100, Share::unobserved, no_probe, "it is not over yet"));
}

TEST(Partition, OfACiIsDownWhileAnyOfItsProbesIs) {
    const std::vector<ProbeTimes> probes{
        answering({span(10, 20, Share::down, "timeout")}, 0),
        answering(
            {span(15, 30, Share::down, "refused"), span(50, 60, Share::unobserved, "gone")}, 1
        )
    };
    EXPECT_THAT(
        partition_ci(probes, {}, at(0), at(100), at(100)),
        ElementsAre(
            piece(0, 10, Share::up, no_probe, ""),
            piece(10, 20, Share::down, 0, "timeout"),
            piece(20, 30, Share::down, 1, "refused"),
            piece(30, 50, Share::up, no_probe, ""),
            piece(50, 60, Share::unobserved, 1, "gone"),
            piece(60, 100, Share::up, no_probe, "")
        )
    );
}

TEST(Partition, LeavesOutProbesThatNeverAnsweredWhileOthersHave) {
    ProbeTimes never;
    never.group = 1;
    const std::vector<ProbeTimes> probes{answering({}), never};
    EXPECT_THAT(
        partition_ci(probes, {}, at(0), at(10), at(10)),
        ElementsAre(piece(0, 10, Share::up, no_probe, ""))
    );
    const std::vector<ProbeTimes> alone{{.group = 0}};
    EXPECT_THAT(
        partition_ci(alone, {}, at(0), at(10), at(10)),
        ElementsAre(piece(0, 10, Share::unobserved, no_probe, "no probe has answered yet"))
    );
}

TEST(Partition, TakesAQuorumOfVantages) {
    std::vector<ProbeTimes> probes{
        answering({span(10, 40, Share::down, "timeout")}),
        answering({span(20, 30, Share::down, "timeout"), span(50, 60, Share::unobserved, "gone")}),
        answering({span(35, 45, Share::unobserved, "gone")})
    };
    for (ProbeTimes& probe : probes) {
        probe.quorum = 2;
    }
    EXPECT_THAT(
        partition_ci(probes, {}, at(0), at(100), at(100)),
        ElementsAre(
            piece(0, 20, Share::up, no_probe, ""),
            piece(20, 30, Share::down, 0, "timeout"),
            piece(30, 35, Share::up, no_probe, ""),
            piece(35, 40, Share::unobserved, 2, "gone"),
            piece(40, 100, Share::up, no_probe, "")
        )
    );
}

TEST(Partition, ExcludesAgreedWindowsBeforeAllElse) {
    const std::vector<ProbeTimes> probes{answering({span(10, 30, Share::down, "timeout")})};
    const std::vector<KnownSpan> windows{span(20, 40, Share::excluded, "WIN-1")};
    const auto pieces = partition_ci(probes, windows, at(0), at(100), at(100));
    EXPECT_THAT(
        pieces,
        ElementsAre(
            piece(0, 10, Share::up, no_probe, ""),
            piece(10, 20, Share::down, 0, "timeout"),
            piece(20, 40, Share::excluded, no_probe, "WIN-1"),
            piece(40, 100, Share::up, no_probe, "")
        )
    );
    const Availability sum = sum_of(pieces);
    EXPECT_EQ(sum.excluded, seconds(20));
    EXPECT_DOUBLE_EQ(*sum.lower(), 70.0 / 80.0);
}

TEST(Partition, HasNoBoundsWhereAllIsExcluded) {
    const std::vector<KnownSpan> windows{span(-5, 500, Share::excluded, "WIN-1")};
    const std::vector<ProbeTimes> probes{answering({})};
    const Availability sum = sum_of(partition_ci(probes, windows, at(0), at(100), at(100)));
    EXPECT_FALSE(sum.lower());
    EXPECT_FALSE(sum.upper());
    EXPECT_FALSE(sum.coverage());
}

/// Random probes, spans and windows; the same for the same seed.
struct RandomTimes {
    explicit RandomTimes(std::uint64_t seed) : random(seed) {
        const std::uint64_t count = random.below(5);
        for (std::uint64_t i = 0; i < count; ++i) {
            ProbeTimes probe;
            probe.group = random.below(3);
            probe.quorum = static_cast<std::uint32_t>(1 + random.below(3));
            if (random.below(4) != 0) {
                probe.proven = at(number() - 30);
            }
            spans(probe.spans, {Share::down, Share::unobserved, Share::down});
            probes.push_back(std::move(probe));
        }
        spans(windows, {Share::excluded, Share::excluded, Share::excluded});
    }

    std::int64_t number() { return static_cast<std::int64_t>(random.below(140)) - 20; }

    void spans(std::vector<KnownSpan>& into, std::array<Share, 3> shares) {
        const std::uint64_t count = random.below(12);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::int64_t from = number();
            const Share share = shares[random.below(3)];
            into.push_back(span(
                from,
                from + static_cast<std::int64_t>(random.below(40)),
                share,
                std::string(to_string(share))
            ));
        }
    }

    SeededRandom random;
    std::vector<ProbeTimes> probes;
    std::vector<KnownSpan> windows;
};

TEST(Partition, CoversTheWholeTimeOnceWithOrderedBounds) {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        const RandomTimes times(seed);
        const auto pieces = partition_ci(times.probes, times.windows, at(0), at(100), at(90));
        ASSERT_FALSE(pieces.empty()) << "seed " << seed;
        EXPECT_EQ(pieces.front().from, at(0)) << "seed " << seed;
        EXPECT_EQ(pieces.back().to, at(100)) << "seed " << seed;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            EXPECT_LT(pieces[i].from, pieces[i].to) << "seed " << seed;
            if (i > 0) {
                EXPECT_EQ(pieces[i - 1].to, pieces[i].from) << "seed " << seed;
            }
        }
        const Availability sum = sum_of(pieces);
        EXPECT_EQ(sum.up + sum.down + sum.excluded + sum.unobserved, seconds(100));
        if (sum.lower()) {
            EXPECT_LE(*sum.lower(), *sum.upper()) << "seed " << seed;
            EXPECT_LE(0.0, *sum.lower()) << "seed " << seed;
            EXPECT_LE(*sum.upper(), 1.0) << "seed " << seed;
            EXPECT_NEAR(*sum.upper() - *sum.lower(), 1.0 - *sum.coverage(), 1e-9)
                << "seed " << seed;
        }
    }
}

/// Only who decides may differ with the order; never what is true.
std::vector<std::pair<WallTime, Share>> shares_of(const std::vector<Piece>& pieces) {
    std::vector<std::pair<WallTime, Share>> out;
    for (const Piece& each : pieces) {
        if (out.empty() || out.back().second != each.share) {
            out.emplace_back(each.from, each.share);
        }
    }
    return out;
}

TEST(Partition, DoesNotDependOnTheOrderInWhichTimesBecameKnown) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        RandomTimes times(seed);
        const auto shares =
            shares_of(partition_ci(times.probes, times.windows, at(0), at(100), at(90)));
        std::ranges::reverse(times.windows);
        for (ProbeTimes& probe : times.probes) {
            std::ranges::reverse(probe.spans);
        }
        EXPECT_EQ(
            shares_of(partition_ci(times.probes, times.windows, at(0), at(100), at(90))), shares
        ) << "seed "
          << seed;
    }
}

TEST(Partition, KeepsABoundOnceItsTimeIsKnown) {
    // What becomes known later may only narrow the bounds: unobserved time turns out up or down.
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        RandomTimes times(seed);
        for (ProbeTimes& probe : times.probes) {
            probe.quorum = 1;
        }
        const Availability before =
            sum_of(partition_ci(times.probes, times.windows, at(0), at(100), at(90)));
        for (ProbeTimes& probe : times.probes) {
            std::erase_if(probe.spans, [](const KnownSpan& each) {
                return each.share == Share::unobserved;
            });
        }
        const Availability after =
            sum_of(partition_ci(times.probes, times.windows, at(0), at(100), at(90)));
        EXPECT_LE(before.down, after.down) << "seed " << seed;
        EXPECT_LE(before.up, after.up) << "seed " << seed;
    }
}

}  // namespace
}  // namespace muster::collector
