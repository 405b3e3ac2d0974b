// A spool's whole life in any order, with power cuts and kills in between (T-11 for the spool).
#include "agent/spool.hpp"
#include "tests/agent/spool_fixture.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/power_cut_files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr int instances = 5;

class PowerCut : public ::testing::TestWithParam<int> {
  protected:
    const char* wanted = std::getenv("MUSTER_TEST_POWER_CUTS");
    /// Of each instance; each loses power twice or more.
    const int seeds = wanted == nullptr ? 100 : std::atoi(wanted) / 2 / instances;

    struct World {
        explicit World(std::uint64_t seed) : random(seed) {}

        void start() {
            auto opened = open_spool(files, "/spool", random, options, now, wall);
            ASSERT_TRUE(opened);
            spool.emplace(std::move(*opened));
        }

        void stop_hard(bool with_power) {
            spool.reset();
            if (with_power) {
                files.cut(random);
                ++cuts;
            }
            start();
            const auto position = spool->position();
            ASSERT_GE(position.next_seq, sent + 1) << "a number that was sent is used again";
            book.crash(*spool->results_before(position.next_seq));
        }

        void step() {
            switch (random.below(16)) {
                case 0:
                case 1:
                    if (spool->sync() && spool->unsynced_bytes() == 0 &&
                        spool->untold().records == 0) {
                        book.promise();
                    }
                    break;
                case 2:
                    deliver(random.below(2000));
                    break;
                case 3:
                    spool->ack(book.committed());
                    break;
                case 4:
                    static_cast<void>(spool->save_acked());
                    break;
                case 5:
                    now += 1min;
                    spool->trim(now);
                    break;
                case 6:
                    if (random.below(4) == 0) {
                        stop_hard(random.below(3) != 0);
                    }
                    break;
                default:
                    static_cast<void>(spool->append(book.make(
                        static_cast<std::uint32_t>(1 + random.below(5)),
                        static_cast<wire::DropClass>(random.below(3)),
                        random.below(random.below(20) == 0 ? 3000 : 200)
                    )));
            }
        }

        void deliver(std::size_t bytes) {
            const auto part = spool->read(book.committed() + 1, bytes);
            ASSERT_TRUE(part);
            book.take(*part);
            if (!part->empty()) {
                sent = part->back().seq + part->back().record.span - 1;
                spool->sent(sent);
            }
        }

        void settle() {
            ASSERT_TRUE(spool->sync());
            ASSERT_TRUE(spool->sync());
            while (book.committed() + 1 < spool->position().next_seq) {
                deliver(100'000);
            }
            spool->ack(book.committed());
            ASSERT_EQ(book.problem(), "");
            const SpoolCounters& counters = spool->counters();
            EXPECT_EQ(
                counters.found_results + counters.appended_results + counters.refused_results,
                counters.acked_results + counters.all_gaps()
            );
        }

        SeededRandom random;
        test::PowerCutFiles files;
        SpoolOptions options{
            .limits = {.max_bytes = 12'000, .retain_acked = 2min, .retain_acked_bytes = 6'000},
            .segment_bytes = 1500,
            .memory_bytes = 1000,
            .unsynced_bytes = 5000,
        };
        MonoTime now = MonoTime(1h);
        WallTime wall = wall_from_ns(1'790'000'100'000'000'000);
        std::optional<Spool> spool;
        test::Ledger book;
        std::uint64_t sent = 0;
        int cuts = 0;
    };
};

TEST_P(PowerCut, NothingThatWasSyncedIsLostAndNothingIsCountedTwice) {
    int cuts = 0;
    for (int at = 0; at < seeds; ++at) {
        const auto seed = static_cast<std::uint64_t>(GetParam() * seeds + at);
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed);
        world.start();
        for (int step = 0; step < 400 && !HasFatalFailure(); ++step) {
            world.step();
            ASSERT_EQ(world.book.problem_so_far(), "") << "step " << step;
        }
        world.stop_hard(true);
        world.settle();
        ASSERT_FALSE(HasFatalFailure());
        cuts += world.cuts;
        if (wanted != nullptr) {
            std::cout << "seed " << seed << ": adds up\n";
        }
    }
    EXPECT_GT(cuts, seeds);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerCut, ::testing::Range(0, instances));

}  // namespace
}  // namespace muster::agent
