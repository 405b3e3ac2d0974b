// A collector whose brain does not keep up: agents are told to send less, and keep what they have.
#include "collector/intake/intake.hpp"
#include "tests/e2e/scripted_site.hpp"
#include "tests/support/halted_thread.hpp"

namespace muster::test {
namespace {

class SlowBrain : public ScriptedSite {
  protected:
    std::uint64_t number(const std::string& series) {
        return std::strtoull(site_.metric(series).c_str(), nullptr, 10);
    }

    std::string credit() { return site_.metric("muster_link_credit_bytes"); }

    /// Records that wait in the agent's spool, as it last said.
    std::uint64_t waiting() {
        return number("muster_agent_spool_waiting_results{agent=\"agent1\"}") / script_.probes;
    }
};

TEST_F(SlowBrain, LetsTheCreditFallSoThatAgentsKeepWhatTheyHaveUntilItRecovers) {
    const std::string full = std::to_string(wire::LinkServerOptions{}.credit_bytes);
    ASSERT_EQ(credit(), full);
    const std::uint64_t memory = number("process_resident_memory_bytes");
    {
        const HaltedThread brain(site_.collector().pid(), "brain");
        ASSERT_EQ(brain.complaint(), "");
        EXPECT_TRUE(eventually(15s, [&] { return credit() == "0"; })) << credit();
        // Two records are a tenth of a second of the script: what is sent without credit is a try now and then.
        const std::uint64_t before = number("muster_journal_entries_total");
        EXPECT_TRUE(eventually(20s, [&] { return waiting() > 100; })) << waiting();
        EXPECT_EQ(number("muster_link_sessions"), 1U) << "the agent stays";
        EXPECT_EQ(credit(), "0");
        EXPECT_GT(number("muster_fold_lag_entries{fold=\"brain\"}"), 0U);
        EXPECT_GT(number("muster_journal_entries_total"), before) << "what is tried is stored";
        EXPECT_LT(number("muster_fold_waiting_bytes{fold=\"brain\"}"), 64U << 20U);
        EXPECT_LT(number("process_resident_memory_bytes"), memory + (64U << 20U));
    }
    EXPECT_TRUE(eventually(10s, [&] { return credit() == full; })) << credit();
    EXPECT_TRUE(eventually(20s, [&] { return waiting() < 20; })) << waiting();
    expect_the_script(finish());
}

}  // namespace
}  // namespace muster::test
