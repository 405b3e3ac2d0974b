// Rates, digests, routing and dead channels, as the brain decides them.
#include "base/random.hpp"
#include "brain_world.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::collector::brain_test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t outbox_id = 0;
constexpr std::size_t outbox_created = 4;
constexpr std::size_t outbox_payload = 5;
constexpr std::size_t outbox_state = 6;
constexpr std::size_t channel_state = 7;
constexpr std::size_t timeline_text = 6;

std::string hook(const std::string& name, const std::string& more = {}) {
    return "  - {name: " + name + ", url: \"https://127.0.0.1:1/secret-path\", secret: {file: /s}" +
           more + "}\n";
}

class Telling : public ::testing::Test {
  protected:
    void set_up(const std::string& channels, int targets = 3) {
        targets_ = targets;
        world_.start();
        agent_ = &world_.enrol("a1");
        world_.load_config(channels + simple_targets(targets));
        world_.connect(*agent_);
        measure(ok, targets_);
    }

    /// One result each of the first `count` targets, the others well.
    void measure(wire::ResultState state, int count) {
        std::vector<Said> results;
        for (int i = 1; i <= targets_; ++i) {
            results.push_back({"t" + std::to_string(i) + "/p", i <= count ? state : ok});
        }
        world_.advance(1s);
        world_.deliver(*agent_, std::move(results));
        world_.append(EntryKind::tick);
    }

    void fail(int count) {
        for (int i = 0; i < 10; ++i) {
            measure(critical, count);
        }
    }

    void mend() {
        for (int i = 0; i < 4; ++i) {
            measure(ok, targets_);
        }
    }

    boost::json::object payload_of(const std::string& id) {
        for (const auto& row : world_.rows("outbox")) {
            if (row[outbox_id] == id) {
                return boost::json::parse(row[outbox_payload]).as_object();
            }
        }
        return {};
    }

    std::string state_of(const std::string& channel) {
        for (const auto& row : world_.rows("channel")) {
            if (row[0] == channel) {
                return row[channel_state];
            }
        }
        return "absent";
    }

    /// Nothing happens but that the agent is there.
    void quiet(Duration span) {
        for (Duration left = span; left > 0s; left -= 10s) {
            world_.advance(10s);
            world_.alive(*agent_);
        }
    }

    /// Lets attempts at the first waiting message of the channel fail for that long.
    void refuse(const std::string& id, Duration span) {
        for (Duration left = span; left > 0s; left -= 30s) {
            world_.confirm(id, 503);
            for (int i = 0; i < 3; ++i) {
                world_.advance(10s);
                world_.alive(*agent_);
            }
        }
        world_.confirm(id, 503);
    }

    BrainWorld world_;
    TestAgent* agent_ = nullptr;
    int targets_ = 0;
};

TEST_F(Telling, MergesWhatIsBeyondTheRateIntoOneDigestWithReceipts) {
    set_up("channels:\n" + hook("ops", ", rate: {messages: 4, per: 1m}"), 10);
    fail(10);
    const std::vector<std::string> first = world_.outbox();
    EXPECT_EQ(first.size(), 2U) << "half of the rate goes at once";
    EXPECT_EQ(std::ranges::count(world_.column("receipt", receipt_reason), "merged"), 8);
    world_.pass(30s);
    const std::vector<std::string> all = world_.outbox();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[2], "digest/1/ops");
    const boost::json::object digest = payload_of(all[2]);
    EXPECT_EQ(digest.at("type"), "net.muster.incident.digest");
    const boost::json::object& data = digest.at("data").as_object();
    EXPECT_EQ(data.at("count"), 8);
    EXPECT_EQ(data.at("opened"), 8);
    EXPECT_EQ(data.at("items").as_array().size(), 8U);
}

TEST_F(Telling, TellsTheEndToWhomeverWasToldOfTheOpeningInADigest) {
    set_up("channels:\n" + hook("ops", ", rate: {messages: 2, per: 10m}"), 6);
    fail(6);
    mend();
    world_.pass(1h);
    std::set<std::string> told;
    for (const std::string& id : world_.outbox()) {
        if (!id.starts_with("digest/")) {
            told.insert(id);
            continue;
        }
        const boost::json::object digest = payload_of(id);
        for (const auto& item : digest.at("data").at("items").as_array()) {
            told.insert(
                std::string(item.at("number").as_string()) + "/" +
                std::string(item.at("transition").as_string()) + "/ops"
            );
        }
    }
    for (int i = 1; i <= 6; ++i) {
        EXPECT_THAT(told, Contains("INC-" + std::to_string(i) + "/opened/ops"));
        EXPECT_THAT(told, Contains("INC-" + std::to_string(i) + "/resolved/ops"));
    }
}

TEST_F(Telling, TellsOnceWhoCancelledAnIncidentAndWhyToWhomeverWasToldOfTheOpening) {
    set_up("channels:\n" + hook("ops") + hook("night", ", match: ci = t2"));
    fail(2);
    EXPECT_EQ(world_.command("incident.cancel", R"({"number":1,"text":"a test"})").status, 200);
    EXPECT_EQ(world_.command("incident.cancel", R"({"number":1,"text":"again"})").status, 409);
    mend();
    EXPECT_THAT(
        world_.outbox(),
        ElementsAre(
            "INC-1/opened/ops",
            "INC-2/opened/ops",
            "INC-2/opened/night",
            "INC-1/cancelled/ops",
            "INC-2/resolved/ops",
            "INC-2/resolved/night"
        )
    );
    const boost::json::object told = payload_of("INC-1/cancelled/ops");
    EXPECT_EQ(told.at("data").at("probe").at("target"), "127.0.0.1");
    EXPECT_EQ(told.at("type"), "net.muster.incident.cancelled");
    const boost::json::object& data = told.at("data").as_object();
    EXPECT_EQ(data.at("state"), "cancelled");
    EXPECT_EQ(data.at("closed_by"), "admin");
    EXPECT_EQ(data.at("resolution"), "a test");
    EXPECT_EQ(data.at("closed"), told.at("time"));
    EXPECT_FALSE(data.contains("resolved"));
    world_.confirm("INC-1/cancelled/ops");
    EXPECT_THAT(world_.column("incident_timeline", timeline_text), Contains("told ops: cancelled"));
}

TEST_F(Telling, CountsACancelledIncidentOfADigestAmongThoseThatAreOver) {
    set_up("channels:\n" + hook("ops", ", rate: {messages: 2, per: 1m}"), 3);
    fail(3);
    world_.command("incident.cancel", R"({"number":3,"text":"a test"})");
    world_.pass(1min);
    const boost::json::object digest = payload_of("digest/1/ops");
    const boost::json::object& data = digest.at("data").as_object();
    EXPECT_EQ(data.at("opened"), 2);
    EXPECT_EQ(data.at("resolved"), 1);
    EXPECT_EQ(data.at("reopened"), 0);
}

TEST_F(Telling, SaysWhatWasToldWithoutTheNumberOfItsRound) {
    set_up("channels:\n" + hook("ops"));
    fail(1);
    mend();
    fail(1);
    ASSERT_THAT(world_.outbox(), Contains("INC-1/reopened.2/ops"));
    for (const std::string& id : world_.outbox()) {
        world_.confirm(id);
    }
    EXPECT_THAT(world_.column("incident_timeline", timeline_text), Contains("told ops: reopened"));
}

TEST_F(Telling, NotesADeliveredDigestInEveryIncidentItSpokeOf) {
    set_up("channels:\n" + hook("ops", ", rate: {messages: 2, per: 1m}"), 3);
    fail(3);
    world_.pass(1min);
    ASSERT_THAT(world_.outbox(), Contains("digest/1/ops"));
    world_.confirm("digest/1/ops");
    const auto kinds = world_.column("incident_timeline", timeline_kind);
    EXPECT_EQ(std::ranges::count(kinds, "notified"), 2);
    EXPECT_THAT(
        world_.column("incident_timeline", timeline_text),
        Contains("told ops in one message with others")
    );
}

TEST_F(Telling, LetsNoMoreWaitForADeadReceiverThanItsRate) {
    set_up("channels:\n" + hook("ops", ", rate: {messages: 4, per: 10s}"), 3);
    for (int round = 0; round < 6; ++round) {
        fail(3);
        mend();
        world_.pass(1min);
    }
    const auto states = world_.column("outbox", outbox_state);
    EXPECT_EQ(std::ranges::count(states, "waiting"), 4);
    const std::vector<std::string> waiting = world_.outbox();
    for (const std::string& id : waiting) {
        world_.confirm(id);
    }
    world_.pass(1min);
    EXPECT_EQ(world_.outbox().size(), waiting.size() + 1);
    EXPECT_THAT(world_.outbox().back(), StartsWith("digest/"));
}

TEST_F(Telling, RoutesByWhatAChannelAsksFor) {
    set_up(
        "channels:\n" + hook("all") + hook("urgent", ", match: priority = 1") +
        hook("faults", ", match: \"kind = fault and ci = t1\"")
    );
    fail(2);
    EXPECT_THAT(
        world_.outbox(), ElementsAre("INC-1/opened/all", "INC-1/opened/faults", "INC-2/opened/all")
    );
}

TEST_F(Telling, LeavesAReceiptWhereNoChannelAsks) {
    set_up("channels:\n" + hook("urgent", ", match: priority = 1"));
    fail(1);
    EXPECT_THAT(world_.outbox(), IsEmpty());
    EXPECT_THAT(world_.column("receipt", receipt_reason), Contains("no channel matches"));
}

TEST_F(Telling, OpensOneIncidentOnTheOtherChannelWhenOneIsDead) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    world_.confirm("INC-1/opened/night");
    refuse("INC-1/opened/ops", 4min);
    EXPECT_EQ(state_of("ops"), "failing");
    EXPECT_THAT(world_.column("incident", incident_kind), Not(Contains("channel_dead")));
    refuse("INC-1/opened/ops", 3min);
    EXPECT_EQ(state_of("ops"), "dead");
    ASSERT_THAT(world_.column("incident", incident_kind), ElementsAre("fault", "channel_dead"));
    EXPECT_EQ(world_.column("incident", incident_title)[1], "channel ops takes no messages");
    EXPECT_EQ(world_.column("incident", incident_seen)[1], "HTTP 503");
    EXPECT_THAT(world_.outbox(), Contains("INC-2/opened/night"));
    EXPECT_THAT(world_.outbox(), Not(Contains("INC-2/opened/ops")));
    refuse("INC-1/opened/ops", 30min);
    EXPECT_EQ(world_.rows("incident").size(), 2U) << "one incident, however long it lasts";
    world_.confirm("INC-1/opened/ops");
    EXPECT_EQ(state_of("ops"), "working");
    EXPECT_EQ(world_.column("incident", incident_state)[1], "resolved");
    EXPECT_THAT(world_.outbox(), Contains("INC-2/resolved/night"));
    EXPECT_THAT(world_.outbox(), Not(Contains("INC-2/resolved/ops")));
}

TEST_F(Telling, SaysThatTheOnlyChannelIsTheDeadOne) {
    constexpr std::size_t receipt_data = 6;
    set_up("channels:\n" + hook("ops"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    ASSERT_EQ(state_of("ops"), "dead");
    EXPECT_THAT(world_.column("receipt", receipt_reason), ElementsAre("no channel"));
    EXPECT_THAT(
        world_.column("receipt", receipt_data),
        ElementsAre(HasSubstr("the only channel that would be told is the dead one"))
    );
}

TEST_F(Telling, NeedsThreeFailuresBeforeAChannelIsDead) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    world_.confirm("INC-1/opened/ops", 503);
    quiet(10min);
    world_.confirm("INC-1/opened/ops", 503);
    quiet(10min);
    EXPECT_EQ(state_of("ops"), "failing");
    world_.confirm("INC-1/opened/ops", 503);
    EXPECT_EQ(state_of("ops"), "dead");
}

TEST_F(Telling, TellsADeadChannelToThoseWhoDidNotAskWhenNobodyDid) {
    set_up("channels:\n" + hook("ops") + hook("picky", ", match: kind = storm"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    EXPECT_THAT(world_.outbox(), Contains("INC-2/opened/picky"));
}

TEST_F(Telling, TriesADeadChannelThatHasNothingToSay) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    world_.confirm("INC-1/opened/ops", 422);
    quiet(16min);
    ASSERT_THAT(world_.outbox(), Contains("test/1/ops"));
    EXPECT_EQ(payload_of("test/1/ops").at("type"), "net.muster.test");
    world_.confirm("test/1/ops");
    EXPECT_EQ(state_of("ops"), "working");
    EXPECT_EQ(world_.column("incident", incident_state)[1], "resolved");
}

TEST_F(Telling, TakesATestThatArrivedForASignOfLife) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    const Verdict failed = world_.command(
        "channel.test", R"({"name":"ops","delivered":false,"status":503,"detail":"HTTP 503"})"
    );
    EXPECT_EQ(failed.status, 200);
    EXPECT_EQ(state_of("ops"), "dead");
    const Verdict passed = world_.command(
        "channel.test", R"({"name":"ops","delivered":true,"status":204,"detail":"HTTP 204"})"
    );
    EXPECT_THAT(passed.body, HasSubstr("\"delivered\":true"));
    EXPECT_EQ(state_of("ops"), "working");
    EXPECT_EQ(world_.command("channel.test", R"({"name":"none"})").status, 404);
}

TEST_F(Telling, CallsAChannelUntestedUntilSomethingWasDeliveredOrFailed) {
    constexpr std::size_t last_error = 10;
    set_up("channels:\n" + hook("ops"));
    EXPECT_EQ(state_of("ops"), "untested");
    const auto test = [this](bool delivered, const std::string& detail) {
        world_.command(
            "channel.test",
            std::string(R"({"name":"ops","delivered":)") + (delivered ? "true" : "false") +
                R"(,"status":0,"detail":")" + detail + "\"}"
        );
    };
    test(false, "connection refused");
    EXPECT_EQ(state_of("ops"), "untested") << "no message has failed";
    EXPECT_THAT(world_.column("channel", last_error), ElementsAre("connection refused"));
    test(true, "HTTP 204");
    EXPECT_EQ(state_of("ops"), "working");
    EXPECT_THAT(world_.column("channel", last_error), ElementsAre(""));
    test(false, "HTTP 503");
    EXPECT_EQ(state_of("ops"), "working");
    EXPECT_THAT(world_.column("channel", last_error), ElementsAre("HTTP 503"));
}

TEST_F(Telling, ReopensADeadChannelThatAPersonResolvedTooEarly) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    world_.command("incident.resolve", R"({"number":2,"text":"mended"})");
    quiet(11min);
    EXPECT_EQ(world_.column("incident", incident_state)[1], "new");
}

TEST_F(Telling, EndsTheIncidentOfAChannelThatIsTakenAway) {
    set_up("channels:\n" + hook("ops") + hook("night"));
    fail(1);
    refuse("INC-1/opened/ops", 6min);
    world_.load_config("channels:\n" + hook("night") + simple_targets(3));
    EXPECT_EQ(state_of("ops"), "absent");
    EXPECT_EQ(world_.column("incident", incident_state)[1], "resolved");
}

TEST_F(Telling, ShowsWhereAChannelLeadsWithoutWhatMayBeSecret) {
    set_up("channels:\n" + hook("ops"));
    EXPECT_EQ(world_.rows("channel")[0][3], "https://127.0.0.1:1");
}

TEST_F(Telling, SaysOnceWhetherAnybodyWouldBeTold) {
    world_.start();
    world_.enrol("a1");
    const auto said = [this](const std::string& channels) {
        world_.load_config(channels + simple_targets(1));
        world_.pass(1s);
        return world_.nobody_told();
    };
    EXPECT_EQ(said(""), "no channel is configured");
    EXPECT_EQ(said("channels:\n" + hook("ops")), "");
    EXPECT_EQ(
        said("channels:\n" + hook("ops", ", match: priority = 3")),
        "no channel that works is told of incidents of priority 1"
    );
    EXPECT_EQ(said("channels:\n" + hook("ops", ", match: site = HQ")), "");
}

/// As many messages as transitions.
std::string never_flapping(std::string targets) {
    constexpr std::string_view hold = "    hold: 5s\n";
    for (std::size_t at = targets.find(hold); at != std::string::npos;
         at = targets.find(hold, at + 1)) {
        targets.insert(at, "    flapping: {transitions: 100, over: 1s}\n");
        at = targets.find(hold, at);
    }
    return targets;
}

/// The promise of rates: whatever happens, no span of `per` holds more messages than allowed, and nothing is lost.
class TellingProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(TellingProperty, NeverExceedsTheRateAndLosesNothing) {
    SeededRandom random(GetParam());
    BrainWorld world;
    const std::uint64_t most = 1 + random.below(6);
    const std::int64_t per = 10 + static_cast<std::int64_t>(random.below(50));
    constexpr int targets = 8;
    world.start();
    TestAgent& agent = world.enrol("a1");
    world.load_config(
        "channels:\n" +
        hook(
            "ops",
            ", rate: {messages: " + std::to_string(most) + ", per: " + std::to_string(per) + "s}"
        ) +
        never_flapping(simple_targets(targets))
    );
    world.connect(agent);
    std::vector<bool> failing(targets, false);
    for (int second = 0; second < 400; ++second) {
        std::vector<Said> results;
        for (int i = 0; i < targets; ++i) {
            const auto at = static_cast<std::size_t>(i);
            failing[at] = random.below(12) == 0 ? !failing[at] : failing[at];
            results.push_back(
                {"t" + std::to_string(i + 1) + "/p", failing[at] && second > 0 ? critical : ok}
            );
        }
        world.advance(1s);
        world.deliver(agent, std::move(results));
        if (random.below(8) == 0) {
            for (const auto& row : world.rows("outbox")) {
                if (row[outbox_state] == "waiting" && random.below(3) != 0) {
                    world.confirm(row[outbox_id], random.below(4) == 0 ? 503 : 200);
                }
            }
        }
    }
    for (int i = 0; i < 200; ++i) {
        world.pass(10s);
        for (const auto& row : world.rows("outbox")) {
            if (row[outbox_state] == "waiting") {
                world.confirm(row[outbox_id]);
            }
        }
    }
    std::vector<std::int64_t> sent;
    std::uint64_t told = 0;
    for (const auto& row : world.rows("outbox")) {
        sent.push_back(std::stoll(row[outbox_created]));
        const auto event = boost::json::parse(row[outbox_payload]).as_object();
        told += row[outbox_id].starts_with("digest/")
                    ? event.at("data").at("count").to_number<std::uint64_t>()
                    : 1U;
    }
    std::ranges::sort(sent);
    for (std::size_t i = most; i < sent.size(); ++i) {
        EXPECT_GE(sent[i] - sent[i - most], per * 1'000'000'000);
    }
    std::uint64_t transitions = 0;
    for (const std::string& kind : world.column("incident_timeline", timeline_kind)) {
        transitions += kind == "opened" || kind == "resolved" || kind == "reopened" ? 1U : 0U;
    }
    EXPECT_EQ(told, transitions);
    EXPECT_GT(transitions, 10U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TellingProperty, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace muster::collector::brain_test
