#include "brain_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::collector::brain_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// One host t1 pinged every 10 s, held 1 s, with these conditions and more keys of the target.
std::string watched(const std::string& any, const std::string& more = {}) {
    return "targets:\n  - name: t1\n    class: server\n    address: 127.0.0.1\n    hold: 1s\n"
           "    probes: [{type: icmp, name: p, interval: 10s, timeout: 2s}]\n    breach: {any: [" +
           any + "]}\n" + more;
}

struct Measured {
    explicit Measured(const std::string& yaml) {
        world.start();
        agent = &world.enrol("a1");
        world.load_config(yaml);
        world.connect(*agent);
    }

    /// One result of t1/p every 10 s.
    void say(wire::ResultState state, int times = 1, std::vector<std::int64_t> values = {}) {
        for (int i = 0; i < times; ++i) {
            world.advance(seconds(10));
            world.deliver(*agent, {{"t1/p", state, {}, state == ok ? "" : "no reply", values}});
        }
    }

    /// One result with this rtt_avg in ms.
    void rtt(std::int64_t value, int times = 1) { say(ok, times, {value * 1000, 0}); }

    /// A window over t1 from now on.
    void maintain(Duration length) {
        const Verdict made = world.command(
            "window.create",
            R"({"match":"name = t1","for_ns":)" + std::to_string(length.count()) +
                R"(,"reason":"upgrade"})"
        );
        ASSERT_EQ(made.status, 201) << made.body;
    }

    std::size_t open() { return world.incidents("new"); }

    BrainWorld world;
    TestAgent* agent = nullptr;
};

TEST(Limits, AMetricExceedsAfterSoManyResultsInARowAndRecoversBelowItsClearLimit) {
    Measured site(watched("{metric: rtt_avg, above: 200, clear: 150, for: 3}"));
    site.rtt(10, 5);
    site.rtt(250, 2);
    site.rtt(200, 1);
    site.rtt(250, 2);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 0U) << "200 is not above 200, and interrupts";
    site.rtt(250, 1);
    site.world.pass(seconds(3));
    ASSERT_EQ(site.open(), 1U);
    EXPECT_THAT(
        site.world.column("incident", incident_seen),
        ElementsAre("rtt_avg 250 ms, the 3. result in a row above")
    );
    EXPECT_THAT(
        site.world.column("incident", incident_title)[0],
        HasSubstr("t1: p exceeded: rtt_avg 250 ms")
    );
    EXPECT_EQ(site.world.ci_state("t1"), "degraded") << "it answers";
    EXPECT_THAT(site.world.column("incident", incident_kind), ElementsAre("degradation"));
    site.rtt(180, 10);
    EXPECT_EQ(site.open(), 1U) << "below the limit and not clear";
    site.rtt(150, 1);
    EXPECT_EQ(site.open(), 1U) << "one clear value is not a recovery";
    site.rtt(149, 1);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_EQ(site.world.ci_state("t1"), "up");
}

TEST(Limits, AValueThatIsAbsentNeitherCountsNorInterrupts) {
    Measured site(watched("{metric: rtt_avg, above: 200, for: 3}"));
    site.rtt(10, 2);
    site.rtt(300, 2);
    site.say(ok, 5, {wire::absent_value, 0});
    site.say(ok, 5);
    site.rtt(300, 1);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 1U);
}

TEST(Limits, AProbeThatFailsBesideItsLimitIsOneIncidentAndDown) {
    Measured site(watched("{failures: 3}, {metric: rtt_avg, above: 200, for: 2}"));
    site.rtt(10, 2);
    site.rtt(300, 2);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.world.ci_state("t1"), "degraded");
    site.say(critical, 3);
    EXPECT_EQ(site.world.ci_state("t1"), "down");
    site.rtt(300, 2);
    EXPECT_EQ(site.world.ci_state("t1"), "degraded") << "it answers, still slowly";
    EXPECT_EQ(site.open(), 1U);
    site.rtt(10, 2);
    EXPECT_EQ(site.world.ci_state("t1"), "up");
    EXPECT_EQ(site.world.rows("incident").size(), 1U);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
}

TEST(Limits, ADegradationThatBecomesAFaultIsToldToWhoAsksForFaults) {
    const auto channel = [](const std::string& name, const std::string& kind) {
        return "  - {name: " + name +
               ", url: \"https://127.0.0.1:1/\", secret: {file: /s}, match: "
               "\"kind = " +
               kind + "\"}\n";
    };
    Measured site(
        watched("{failures: 3}, {metric: rtt_avg, above: 200, for: 2}") + "channels:\n" +
        channel("slow", "degradation") + channel("down", "fault")
    );
    site.rtt(10, 2);
    site.rtt(300, 2);
    site.world.pass(seconds(3));
    EXPECT_THAT(site.world.outbox(), ElementsAre("INC-1/opened/slow"));
    site.say(critical, 3);
    site.world.pass(seconds(3));
    EXPECT_THAT(site.world.column("incident", incident_kind), ElementsAre("fault"));
    EXPECT_THAT(site.world.column("incident", incident_title)[0], HasSubstr("p failed: no reply"));
    EXPECT_THAT(
        site.world.outbox(),
        ElementsAre("INC-1/opened/slow", "INC-1/worsened/slow", "INC-1/opened/down")
    );
    site.rtt(300, 2);
    EXPECT_THAT(site.world.column("incident", incident_kind), ElementsAre("fault")) << "it was one";
    site.rtt(10, 3);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_THAT(
        site.world.outbox(),
        ElementsAre(
            "INC-1/opened/slow",
            "INC-1/worsened/slow",
            "INC-1/opened/down",
            "INC-1/resolved/slow",
            "INC-1/resolved/down"
        )
    );
}

const std::string ninety = "{availability: \"< 90%\", over: 10m, min_samples: 10}";

TEST(Limits, AvailabilityIsJudgedOverTheWindowInEventTime) {
    Measured site(watched(ninety));
    site.say(ok, 60);
    site.say(critical, 3);
    site.say(ok, 10);
    site.say(critical, 2);
    site.say(ok, 1);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 0U) << "50 s of 10 min are down";
    site.say(critical, 1);
    site.say(ok, 1);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 0U) << "60 s: 90 % is not below 90 %";
    site.say(critical, 1);
    site.say(ok, 1);
    site.world.pass(seconds(3));
    ASSERT_EQ(site.open(), 1U);
    EXPECT_THAT(
        site.world.column("incident", incident_seen)[0],
        HasSubstr("available for at most 88.3334% of 10m: 1 min 10 s down")
    );
    site.say(ok, 40);
    EXPECT_EQ(site.open(), 1U) << "the first failures are still in the window";
    site.say(ok, 3);
    EXPECT_EQ(site.world.incidents("resolved"), 1U) << "they have left it";
}

TEST(Limits, AvailabilityNeedsItsSamples) {
    Measured site(watched(ninety));
    site.say(ok, 1);
    site.say(critical, 8);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 0U) << "nine results since it first answered";
    site.say(critical, 1);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 1U);
}

TEST(Limits, TimeThatNobodyObservedNeverCountsAsDown) {
    Measured site(watched(ninety));
    site.say(ok, 60);
    site.say(critical, 2);
    site.world.disconnect(*site.agent);
    site.world.pass(minutes(9));
    site.world.connect(*site.agent);
    site.say(critical, 1);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 0U) << "10 s and 12 s are known to be down, not nine minutes";
    site.say(critical, 11);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 1U);
}

TEST(Limits, TimeInAMaintenanceWindowIsNeitherUpNorDown) {
    Measured site(watched("{availability: \"< 90%\", over: 15m, min_samples: 10}"));
    site.say(ok, 60);
    site.maintain(minutes(10));
    site.say(critical, 58);
    site.say(ok, 60);
    site.world.pass(seconds(3));
    EXPECT_THAT(site.world.rows("incident"), IsEmpty()) << "580 s of the last 15 minutes failed";
    site.say(critical, 12);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 1U) << "two minutes of those outside the window";
}

TEST(Limits, AProbeThatIsDownByItsAvailabilityMakesItsCiDown) {
    Measured site(watched(ninety));
    site.say(ok, 60);
    site.say(critical, 9);
    EXPECT_EQ(site.world.ci_state("t1"), "down");
    site.say(ok, 1);
    EXPECT_EQ(site.world.ci_state("t1"), "degraded") << "it answers; the window is not well yet";
}

TEST(Limits, AChangedThresholdReopensNothingAndDoublesNothing) {
    Measured site(watched("{metric: rtt_avg, above: 200, for: 2}"));
    site.rtt(10, 2);
    site.rtt(300, 2);
    site.world.pass(seconds(3));
    ASSERT_EQ(site.open(), 1U);
    const std::uint32_t epoch = site.agent->epoch;
    site.world.load_config(watched("{metric: rtt_avg, above: 250, clear: 240, for: 2}"));
    EXPECT_EQ(site.agent->epoch, epoch) << "the agent need not know";
    site.rtt(300, 5);
    EXPECT_EQ(site.world.rows("incident").size(), 1U);
    EXPECT_EQ(site.open(), 1U);
    site.world.load_config(watched("{metric: rtt_avg, above: 400, for: 2}"));
    site.rtt(300, 2);
    EXPECT_EQ(site.world.incidents("resolved"), 1U) << "300 is clear now";
    EXPECT_EQ(site.world.rows("incident").size(), 1U);
}

TEST(Limits, AConditionThatIsTakenAwayIsOverWithTheNextResult) {
    Measured site(watched("{failures: 3}, {metric: rtt_avg, above: 200, for: 2}"));
    site.rtt(10, 2);
    site.rtt(300, 2);
    site.world.pass(seconds(3));
    ASSERT_EQ(site.open(), 1U);
    site.world.load_config(watched("{failures: 3}"));
    EXPECT_EQ(site.open(), 1U);
    site.rtt(300, 1);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_EQ(site.world.ci_state("t1"), "up");
}

TEST(Limits, AThresholdChangesTheRuleOfTheProbesItIsAbout) {
    const std::string policy =
        "targets:\n  - {name: t1, class: server, site: HQ, address: 127.0.0.1}\n"
        "  - {name: t2, class: server, site: Lhasa, address: 127.0.0.2}\n"
        "policies:\n  - name: slow\n    match: class = server\n    hold: 1s\n"
        "    probes: [{type: icmp, name: p, interval: 10s, timeout: 2s}]\n"
        "    breach: {any: [{metric: rtt_avg, above: 200, for: 2}]}\n"
        "thresholds:\n  - name: far\n    match: site = Lhasa\n"
        "    breach: {any: [{metric: rtt_avg, above: 400, for: 2}]}\n";
    Measured site(policy);
    const auto both = [&](std::int64_t ms) {
        site.world.advance(seconds(10));
        site.world.deliver(
            *site.agent,
            {{"t1/p", ok, {}, "", {ms * 1000, 0}}, {"t2/p", ok, {}, "", {ms * 1000, 0}}}
        );
    };
    both(10);
    both(300);
    both(300);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.world.ci_state("t1"), "degraded");
    EXPECT_EQ(site.world.ci_state("t2"), "up");
}

TEST(Limits, FlappingIsAStateOfOneOpenIncident) {
    Measured site(
        watched(
            "{failures: 2}",
            "    flapping: {transitions: 5, over: 10m}\n    recover: {successes: 1}\n"
        ) +
        "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
        "/s}}\n"
    );
    site.say(ok, 2);
    for (int i = 0; i < 20; ++i) {
        site.say(critical, 3);
        site.say(ok, 2);
    }
    EXPECT_THAT(
        site.world.outbox(),
        ElementsAre(
            "INC-1/opened/ops",
            "INC-1/resolved/ops",
            "INC-1/reopened.2/ops",
            "INC-1/resolved.2/ops",
            "INC-1/reopened.3/ops",
            "INC-1/flapping.3/ops"
        )
    );
    EXPECT_EQ(site.open(), 1U);
    EXPECT_EQ(site.world.column("incident", incident_transitions)[0], "40")
        << "all transitions within, and since";
    site.say(ok, 61);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
    EXPECT_EQ(site.world.outbox().back(), "INC-1/resolved.3/ops");
    EXPECT_EQ(site.world.outbox().size(), 7U);
    EXPECT_EQ(site.world.column("incident", incident_flapping_since)[0], "-");
    const auto kinds = site.world.column("incident_timeline", timeline_kind);
    EXPECT_EQ(std::ranges::count(kinds, "flapping"), 1);
    EXPECT_EQ(std::ranges::count(kinds, "calmed"), 1);
}

TEST(Limits, WhatComesAndGoesInsideAMaintenanceWindowDoesNotFlapAfterIt) {
    Measured site(watched(
        "{failures: 2}", "    flapping: {transitions: 3, over: 30m}\n    recover: {successes: 1}\n"
    ));
    site.say(ok, 2);
    site.maintain(minutes(5));
    for (int i = 0; i < 4; ++i) {
        site.say(critical, 3);
        site.say(ok, 2);
    }
    site.say(ok, 15);
    EXPECT_THAT(site.world.rows("incident"), IsEmpty());
    site.say(critical, 3);
    site.world.pass(seconds(3));
    EXPECT_EQ(site.open(), 1U);
    EXPECT_EQ(site.world.column("incident", incident_flapping_since)[0], "-");
    site.say(ok, 2);
    EXPECT_EQ(site.world.incidents("resolved"), 1U);
}

TEST(Limits, WhatFlapsAndThenFailsForGoodIsToldToBeCalm) {
    Measured site(
        watched(
            "{failures: 2}",
            "    flapping: {transitions: 3, over: 5m}\n    recover: {successes: 1}\n"
        ) +
        "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
        "/s}}\n"
    );
    site.say(ok, 2);
    for (int i = 0; i < 2; ++i) {
        site.say(critical, 3);
        site.say(ok, 2);
    }
    EXPECT_EQ(site.world.outbox().back(), "INC-1/flapping.2/ops");
    site.say(critical, 40);
    EXPECT_EQ(site.world.outbox().back(), "INC-1/calmed.2/ops");
    EXPECT_EQ(site.open(), 1U);
    site.say(ok, 2);
    EXPECT_EQ(site.world.outbox().back(), "INC-1/resolved.2/ops");
}

}  // namespace
}  // namespace muster::collector::brain_test
