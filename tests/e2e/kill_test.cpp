// kill -9 at random moments and at every failpoint (T-01, T-02, T-03): what was produced is stored once, in order, unaltered, and
// the incidents and messages are those of an undisturbed run. The results follow a script, so what must come out is computed, not
// remembered. 65 kills; a long run does it all again and again, from other seeds.
#include "tests/e2e/scripted_site.hpp"
#include "tests/support/packet_faults.hpp"
#include "tests/support/seed.hpp"

namespace muster::test {
namespace {

constexpr const char* failpoints[] = {
    "journal.before_commit",
    "journal.after_commit",
    "brain.before_commit",
    "brain.after_commit",
    "brain.before_snapshot",
    "brain.mid_snapshot",
    "brain.after_snapshot",
    "history.mid_block",
    "history.after_block",
    "notify.after_send",
};

using Killed = ScriptedSite;

TEST_F(Killed, NotAtAllIsWhatTheOthersAreComparedWith) {
    EXPECT_TRUE(eventually(30s, [&] { return produced() > 300; }));
    expect_the_script(finish());
}

TEST_F(Killed, T01_TheAgentTwentyTimesAtRandomMomentsChangesNothing) {
    SeededRandom random(usual_seed(20261201));
    for (int kill = 0; kill < 20; ++kill) {
        let_run(random, 600ms);
        kill_agent();
    }
    expect_the_script(finish());
}

TEST_F(Killed, T02_TheCollectorAtEveryFailpointChangesNothing) {
    SeededRandom random(usual_seed(20261202));
    for (const char* failpoint : failpoints) {
        SCOPED_TRACE(failpoint);
        for (const std::uint64_t pass : {std::uint64_t{1}, 2 + random.below(3)}) {
            ASSERT_NO_FATAL_FAILURE(kill_collector(
                {{"MUSTER_FAILPOINT", std::string(failpoint) + ":" + std::to_string(pass)}}
            ));
            EXPECT_TRUE(eventually(30s, [&] { return !site_.collector().running(); }))
                << "never reached";
        }
    }
    ASSERT_NO_FATAL_FAILURE(kill_collector());
    expect_the_script(finish());
}

TEST_F(Killed, T03_BothByTurnsWhereEachTenthPacketIsLostChangesNothing) {
    ASSERT_EQ(lose_packets(site_.agents_port(), 10), "");
    SeededRandom random(usual_seed(20261122));
    kill_both_by_turns(random, 20);
    SeededRandom fresh(fresh_seed());
    kill_both_by_turns(fresh, 5);
    EXPECT_GT(packets_lost(), 20U);
    expect_the_script(finish());
}

}  // namespace
}  // namespace muster::test
