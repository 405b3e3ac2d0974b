// What agents say is lost, and machines that live twice.
#include "brain_world.hpp"
#include "collector/journal/entries.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* watch =
    "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
    "/s}}\n";

std::string copied(
    const TestAgent& agent,
    const std::string& address = "192.0.2.9:40001",
    const std::string& hostname = "a1-clone"
) {
    proto::AgentCopied body;
    body.set_agent_id(std::string(agent.id.raw()));
    body.set_address(address);
    body.set_hostname(hostname);
    body.set_other_address("192.0.2.1:40000");
    return body.SerializeAsString();
}

TEST(CopiedAgents, AreOneIncidentUntilTheCopyHasNotCalledForTenMinutes) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(watch);
    world.connect(agent);
    world.append(EntryKind::agent_copied, copied(agent));
    const auto live = [&](int minutes_long) {
        for (int beat = 0; beat < 6 * minutes_long; ++beat) {
            world.alive(agent);
            world.pass(seconds(10));
        }
    };
    live(9);
    world.append(EntryKind::agent_copied, copied(agent));
    live(9);
    EXPECT_THAT(
        world.column("incident", incident_title),
        ElementsAre(HasSubstr("agent a1 lives twice: a copy of its machine calls from 192.0.2.9"))
    );
    EXPECT_EQ(world.incidents("resolved"), 0U);
    live(2);
    EXPECT_EQ(world.incidents("resolved"), 1U);
    EXPECT_THAT(world.outbox(), ElementsAre("INC-1/opened/ops", "INC-1/resolved/ops"));
}

TEST(CopiedAgents, SayWhereTheCopyWasSeenLast) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(watch);
    world.connect(agent);
    world.append(EntryKind::agent_copied, copied(agent));
    EXPECT_THAT(
        world.column("incident", incident_seen),
        ElementsAre("one at 192.0.2.1, one at 192.0.2.9 (a1-clone)")
    );
    world.append(EntryKind::agent_copied, copied(agent, "198.51.100.7:40002", "a1-elsewhere"));
    EXPECT_THAT(
        world.column("incident", incident_seen),
        ElementsAre("one at 192.0.2.1, one at 198.51.100.7 (a1-elsewhere)")
    );
    EXPECT_THAT(
        world.column("incident", incident_title),
        ElementsAre(HasSubstr("a copy of its machine calls from 192.0.2.9"))
    );
    EXPECT_THAT(world.outbox(), ElementsAre("INC-1/opened/ops"));
}

TEST(LostResults, AreKeptWithWhatHowManyWhenAndWhyAndCountAsUnobserved) {
    BrainWorld world;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(watch + simple_targets(1));
    world.connect(agent);
    world.pass(minutes(1));
    const WallTime from = world.now() - seconds(50);
    world.lose(
        agent,
        {.reason = wire::GapReason::damaged,
         .drop_class = wire::DropClass::results,
         .from = from,
         .to = from + seconds(20)},
        3,
        120
    );
    const auto gaps = world.rows("agent_gap");
    ASSERT_THAT(gaps, SizeIs(1));
    EXPECT_EQ(gaps.front().at(5), "3") << "records";
    EXPECT_EQ(gaps.front().at(6), "120") << "results";
    EXPECT_EQ(gaps.front().at(7), "damaged");
    EXPECT_THAT(world.column("agent_unobserved", 3), testing::Contains("results lost"));
    for (const auto& row : world.rows("agent_unobserved")) {
        if (row.at(3) == "results lost") {
            EXPECT_EQ(row.at(1), std::to_string(to_ns(from)));
            EXPECT_EQ(row.at(2), std::to_string(to_ns(from + seconds(20))));
        }
    }
}

constexpr std::size_t agent_enrolled = 9;  // column of the table

/// A world with one agent that has results to lose.
class ManyGaps : public ::testing::Test {
  protected:
    ManyGaps() {
        world_.start();
        agent_ = &world_.enrol("a1");
        world_.load_config(watch + simple_targets(1));
        world_.connect(*agent_);
        world_.pass(minutes(60));
    }

    void lose(WallTime from, WallTime to) {
        world_.lose(*agent_, {.reason = wire::GapReason::full, .from = from, .to = to}, 1, 5);
    }

    /// "from-to" of each, in seconds after `begin`.
    std::vector<std::string> lost_after(WallTime begin) {
        std::vector<std::string> out;
        for (const auto& row : world_.rows("agent_unobserved")) {
            if (row.at(3) == "results lost") {
                const auto after = [&](const std::string& ns) {
                    return std::to_string((std::stoll(ns) - to_ns(begin)) / 1'000'000'000);
                };
                out.push_back(after(row.at(1)) + "-" + after(row.at(2)));
            }
        }
        return out;
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
};

TEST_F(ManyGaps, ThatTouchAreOneTime) {
    const WallTime begin = world_.now() - minutes(50);
    lose(begin, begin + seconds(10));
    lose(begin + seconds(10), begin + seconds(20));
    lose(begin + seconds(5), begin + seconds(15));
    lose(begin + seconds(100), begin + seconds(110));
    EXPECT_THAT(lost_after(begin), ElementsAre("0-20", "100-110"));
    EXPECT_THAT(world_.rows("agent_gap"), SizeIs(4));
}

/// An agent's word would else make everything unobserved that there ever was.
TEST_F(ManyGaps, ReachBackToTheEnrolmentOfTheAgentAtMost) {
    const WallTime begin = world_.now() - minutes(50);
    lose(wall_from_ns(1), begin);
    const WallTime enrolled =
        wall_from_ns(std::stoll(world_.column("agent", agent_enrolled).at(0)));
    EXPECT_GT(enrolled, world_.now() - minutes(70));
    ASSERT_THAT(lost_after(enrolled), SizeIs(1));
    EXPECT_THAT(lost_after(enrolled).front(), testing::StartsWith("0-"));
    lose(wall_from_ns(1), wall_from_ns(2));
    EXPECT_THAT(lost_after(enrolled), SizeIs(1));
    EXPECT_THAT(world_.rows("agent_gap"), SizeIs(2)) << "what it said stays on record";
}

TEST_F(ManyGaps, OfOneAgentAreKeptUpToAThousandTheNewest) {
    const WallTime begin = world_.now() - minutes(50);
    for (int at = 0; at < 1005; ++at) {
        lose(begin + seconds(2 * at), begin + seconds(2 * at + 1));
    }
    const auto gaps = world_.rows("agent_gap");
    ASSERT_THAT(gaps, SizeIs(1000));
    EXPECT_EQ(gaps.front().at(8), std::to_string(to_ns(begin + seconds(10))));
    const auto lost = lost_after(begin);
    ASSERT_THAT(lost, SizeIs(1000));
    EXPECT_EQ(lost.front(), "10-11");
    EXPECT_EQ(lost.back(), "2008-2009");
}

}  // namespace
}  // namespace muster::collector::brain_test
