// What fails for another reason than at first says so: its probe at once, its incident within a minute, no channel.
#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t probe_reason = 14;
constexpr std::size_t probe_seen = 16;
constexpr std::size_t incident_reason = 13;
constexpr std::size_t timeline_text = 6;

const std::string with_channel =
    "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
    "/s}}\n";
const Said refused{"t1/p", critical, {}, "connection refused", {}, "refused"};
const Said answers_500{"t1/p", critical, {}, "HTTP 500", {}, "status"};
const Said fails_again{"t1/p", critical};

/// t1, watched by one agent, is well or not once a second.
struct Website {
    explicit Website(BrainOptions options = options_at()) : world(options) {
        world.start();
        agent = &world.enrol("a1");
        world.load_config(simple_targets(1, 1, with_channel));
        world.connect(*agent);
    }

    void say(const Said& result, int times = 1) {
        for (int i = 0; i < times; ++i) {
            world.advance(seconds(1));
            world.deliver(*agent, {result});
        }
    }

    /// Agents say what they saw with the first of such results alone.
    void fail(const Said& first, int times) {
        say(first);
        say(fails_again, times - 1);
    }

    void open_incident() {
        say({"t1/p", ok}, 2);
        fail(refused, 20);
        ASSERT_EQ(world.incidents("new"), 1U);
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (const BrainWorld::Row& row : world.rows("incident_timeline")) {
            if (row[timeline_kind] == "reason_changed") {
                all.push_back(row[timeline_text]);
            }
        }
        return all;
    }

    std::vector<std::string> probe() const {
        const BrainWorld::Row row = world.rows("probe").front();
        return {row[probe_reason], row[probe_seen]};
    }

    std::vector<std::string> incident() const {
        const BrainWorld::Row row = world.rows("incident").front();
        return {row[incident_reason], row[incident_seen]};
    }

    BrainWorld world;
    TestAgent* agent = nullptr;
};

TEST(Reasons, OfAnOpenIncidentFollowWhatIsSeenWithOneLineAndNoMessage) {
    Website site;
    site.open_incident();
    EXPECT_THAT(site.incident(), ElementsAre("refused", "connection refused"));
    site.fail(answers_500, 30);
    EXPECT_THAT(site.probe(), ElementsAre("status", "HTTP 500"));
    EXPECT_THAT(site.incident(), ElementsAre("status", "HTTP 500"));
    EXPECT_THAT(site.lines(), ElementsAre("now: HTTP 500"));
    EXPECT_THAT(site.world.outbox(), ElementsAre("INC-1/opened/ops"));
    EXPECT_THAT(site.world.column("incident", incident_title), ElementsAre(HasSubstr("refused")))
        << "what it opened with";
}

TEST(Reasons, ThatTakeTurnsHaveALineAMinuteAndTheLastOneHasIts) {
    Website site;
    site.open_incident();
    for (int turn = 0; turn < 4; ++turn) {
        site.fail(answers_500, 5);
        site.fail(refused, 5);
    }
    EXPECT_THAT(site.lines(), ElementsAre("now: HTTP 500"));
    EXPECT_THAT(site.incident(), ElementsAre("status", "HTTP 500"));
    EXPECT_THAT(site.probe(), ElementsAre("refused", "connection refused"));
    site.say(fails_again, 60);
    EXPECT_THAT(site.incident(), ElementsAre("refused", "connection refused"));
    EXPECT_THAT(site.lines(), ElementsAre("now: HTTP 500", "now: connection refused"));
    site.say(fails_again, 120);
    EXPECT_EQ(site.lines().size(), 2U);
}

TEST(Reasons, InNumbersOnlyHaveNoLine) {
    Website site;
    site.open_incident();
    site.say({"t1/p", critical, {}, "connection refused after 3 ms", {}, "refused"});
    EXPECT_THAT(site.probe(), ElementsAre("refused", "connection refused after 3 ms"));
    EXPECT_THAT(site.lines(), IsEmpty());
}

TEST(Reasons, OfAFaultThatIsNotOpenYetAreThoseItOpensWith) {
    Website site;
    site.say({"t1/p", ok}, 2);
    site.fail(refused, 4);
    site.fail(answers_500, 10);
    EXPECT_THAT(site.incident(), ElementsAre("status", "HTTP 500"));
    EXPECT_THAT(site.lines(), IsEmpty());
}

TEST(Reasons, AfterAnAnswerInBetweenAreTaken) {
    Website site;
    site.open_incident();
    site.say({"t1/p", ok});
    site.fail(answers_500, 5);
    EXPECT_THAT(site.lines(), ElementsAre("now: HTTP 500"));
}

TEST(Reasons, OfAProbeThatNeverAnsweredAreItsLatest) {
    Website site;
    site.fail(refused, 10);
    EXPECT_THAT(site.probe(), ElementsAre("refused", "connection refused"));
    site.fail(answers_500, 10);
    EXPECT_THAT(site.probe(), ElementsAre("status", "HTTP 500"));
    EXPECT_EQ(site.world.probe_state("t1/p"), "unproven");
    EXPECT_THAT(site.world.column("receipt", receipt_reason), ElementsAre("unproven"));
}

TEST(Reasons, OfAResolvedIncidentStayAsTheyWere) {
    Website site;
    site.open_incident();
    site.fail(answers_500, 2);
    site.fail(refused, 2);
    site.say({"t1/p", ok}, 3);
    site.world.pass(minutes(2));
    EXPECT_THAT(site.incident(), ElementsAre("status", "HTTP 500"));
    EXPECT_THAT(site.lines(), ElementsAre("now: HTTP 500"));
}

}  // namespace
}  // namespace muster::collector::brain_test
