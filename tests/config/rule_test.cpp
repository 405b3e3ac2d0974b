#include "config/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace muster::config {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr MetricSpec ping_metrics[] = {
    {"rtt_avg", "ms", 3, "Mean round trip."}, {"loss", "%", 1, "Requests without a reply."}
};
constexpr MetricSpec web_metrics[] = {
    {"total", "ms", 3, "From first to last."}, {"certificate_days", "days", 0, "Still valid."}
};
constexpr ParamSpec web_params[] = {
    {.name = "url", .kind = ParamKind::url, .default_text = {}, .required = true},
};
constexpr ProbeSchema types[] = {{"icmp", {}, ping_metrics}, {"http", web_params, web_metrics}};

Result<Watch> parse(const std::string& text) {
    const std::vector<ConfigText> files{{"watch.yaml", text}};
    return parse_watch(files, types);
}

/// A target pinged every 10 s with this `breach:`, and more keys.
std::string pinged(const std::string& breach, const std::string& more = {}) {
    return "targets:\n  - name: a\n    address: 192.0.2.1\n    probes: [{type: icmp, interval: "
           "10s}]\n"
           "    breach: " +
           breach + "\n" + more;
}

std::string wrong(const std::string& text) {
    const auto watch = parse(text);
    return watch ? "accepted" : watch.error().text();
}

TEST(Rule, HasAnyOfItsConditions) {
    const auto watch = parse(pinged(
        "{any: [{failures: 4}, {availability: \"< 99.5%\", over: 1h, min_samples: 10}, "
        "{metric: rtt_avg, above: 200, clear: 150.5, for: 5}]}",
        "    recover: {successes: 3, availability: \">= 99.9%\"}\n    hold: 1s\n"
        "    flapping: {transitions: 7, over: 10m}\n"
    ));
    ASSERT_TRUE(watch) << watch.error().text();
    const Rule& rule = watch->targets[0].rule;
    EXPECT_EQ(rule.failures, 4U);
    EXPECT_EQ(rule.successes, 3U);
    EXPECT_EQ(rule.hold, 1s);
    EXPECT_EQ(rule.availability, (AvailabilityLimit{995'000, 999'000, 1h, 10}));
    ASSERT_EQ(rule.metrics.size(), 1U);
    const MetricLimit wanted{
        .probe_type = "icmp",
        .metric = "rtt_avg",
        .unit = "ms",
        .column = 0,
        .decimals = 3,
        .side = Side::above,
        .limit = 200'000,
        .clear = 150'500,
        .in_a_row = 5
    };
    EXPECT_EQ(rule.metrics[0], wanted);
    EXPECT_EQ(rule.flapping, (Flapping{7, 10min}));
}

TEST(Rule, JudgesFailuresAsShippedWhereOnlyMetricsAreNamed) {
    const auto watch = parse(pinged("{any: [{metric: loss, above: 50}]}"));
    ASSERT_TRUE(watch) << watch.error().text();
    EXPECT_EQ(watch->targets[0].rule.failures, 3U);
    EXPECT_EQ(watch->targets[0].rule.metrics[0].limit, 500);
    EXPECT_EQ(watch->targets[0].rule.metrics[0].clear, 500);
    EXPECT_EQ(watch->targets[0].rule.metrics[0].in_a_row, 3U);
}

TEST(Rule, DoesNotCountFailuresWhereAvailabilityAloneJudges) {
    const auto watch = parse(pinged("{any: [{availability: \"< 90%\", over: 15m}]}"));
    ASSERT_TRUE(watch) << watch.error().text();
    EXPECT_EQ(watch->targets[0].rule.failures, 0U);
}

TEST(Rule, KeepsComparisonsExactWhereTheMetricHasFewerDecimals) {
    const auto watch = parse(
        "targets:\n  - name: a\n    probes: [{type: http, url: \"https://192.0.2.1/\"}]\n"
        "    breach: {any: [{metric: certificate_days, below: 14.5}]}\n"
    );
    ASSERT_TRUE(watch) << watch.error().text();
    const MetricLimit& limit = watch->targets[0].rule.metrics.at(0);
    EXPECT_TRUE(limit.is_beyond(14));
    EXPECT_FALSE(limit.is_beyond(15));
    EXPECT_FALSE(limit.is_clear(14));
    EXPECT_TRUE(limit.is_clear(15));
}

TEST(Rule, NamesTheNearestMetricOfTheProbesItIsAbout) {
    EXPECT_EQ(
        wrong(pinged("{any: [{metric: rtt_agv, above: 200}]}")),
        "watch.yaml:5:29: metric: no probe of type icmp has \"rtt_agv\"; did you mean \"rtt_avg\"?"
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{metric: total, above: 200}]}")),
        HasSubstr("no probe of type icmp has \"total\", expected one of: rtt_avg, loss")
    );
}

TEST(Rule, RefusesWhatOneResultWouldSatisfyUnlessItIsMeant) {
    EXPECT_EQ(
        wrong(pinged("{any: [{metric: loss, above: 50, for: 1}]}")),
        "watch.yaml:5:51: for: 1 lets one result decide, expected 2 or more, or allow_single: true"
    );
    EXPECT_EQ(
        wrong(pinged("{any: [{metric: loss, above: 50, for: 1, allow_single: true}]}")), "accepted"
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{availability: \"< 90%\", over: 15m, min_samples: 1}]}")),
        HasSubstr("min_samples: 1 lets one failed result decide")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{availability: \"< 90%\", over: 2m}]}")),
        HasSubstr("one failed result of probe \"icmp\" (every 10s, up to 5s long) is less than 90% "
                  "of 2m")
    );
    EXPECT_EQ(
        wrong(pinged("{any: [{availability: \"< 90%\", over: 2m, allow_single: true}]}")),
        "accepted"
    );
    EXPECT_EQ(wrong(pinged("{any: [{availability: \"< 90%\", over: 151s}]}")), "accepted");
}

TEST(Rule, RefusesAWindowThatNeverHoldsEnoughResults) {
    EXPECT_THAT(
        wrong(pinged("{any: [{availability: \"< 50%\", over: 1m, min_samples: 10}]}")),
        HasSubstr("1m hold no 10 results of probe \"icmp\", which runs every 10s")
    );
}

TEST(Rule, RefusesConditionsThatMeanNothing) {
    EXPECT_THAT(wrong(pinged("{any: [{for: 3}]}")), HasSubstr("expected exactly one of"));
    EXPECT_THAT(
        wrong(pinged("{any: [{failures: 3, metric: loss, above: 1}]}")),
        HasSubstr("expected exactly one of")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{failures: 3, over: 5m}]}")),
        HasSubstr("over: it means nothing beside \"failures\"")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{metric: loss}]}")), HasSubstr("either \"above\" or \"below\"")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{metric: loss, above: 5, clear: 6}]}")),
        HasSubstr("clear: on the far side of the limit")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{metric: loss, above: much}]}")),
        HasSubstr("expected a number such as 200 or 0.5")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{availability: \"90%\", over: 15m}]}")),
        HasSubstr("expected a share of time such as \"< 90%\"")
    );
    EXPECT_THAT(
        wrong(pinged("{any: [{availability: \"< 90%\"}]}")),
        HasSubstr("expected \"over\" beside it")
    );
    EXPECT_THAT(
        wrong(pinged("{failures: 3}", "    recover: {availability: \">= 90%\"}\n")),
        HasSubstr("the breach beside it has no condition of it")
    );
}

TEST(Rule, IsWrittenAsPeopleReadIt) {
    EXPECT_EQ(percent_text(999'950), "99.995%");
    EXPECT_EQ(percent_text(900'000), "90%");
    EXPECT_EQ(value_text(231'400, 3, "ms"), "231.4 ms");
    EXPECT_EQ(value_text(-5, 1, "%"), "-0.5%");
    EXPECT_EQ(value_text(200, 0, "count"), "200");
    EXPECT_EQ(
        availability_text({900'000, 950'000, 15min, 10}),
        "availability < 90% over 15m of at least 10 results, until 95%"
    );
}

TEST(Thresholds, AreReadByQueryOrPin) {
    const auto watch = parse(R"(
policies:
  - {name: p, match: class = server, probes: [{type: icmp, interval: 10s}]}
thresholds:
  - name: far sites
    match: site = Lhasa
    probe: {type: icmp}
    breach: {any: [{metric: rtt_avg, above: 400}]}
  - {name: the old one, pin: web4, hold: 1m}
)");
    ASSERT_TRUE(watch) << watch.error().text();
    ASSERT_EQ(watch->thresholds.size(), 2U);
    EXPECT_EQ(watch->thresholds[0].match.text(), "site = Lhasa");
    EXPECT_EQ(watch->thresholds[0].probe_type, "icmp");
    EXPECT_EQ(watch->thresholds[0].parts.metrics.size(), 1U);
    EXPECT_EQ(watch->thresholds[1].pin, "web4");
    EXPECT_EQ(watch->thresholds[1].parts.hold, 1min);
}

TEST(Thresholds, AreRefusedWithTheirPlace) {
    EXPECT_THAT(
        wrong("thresholds:\n  - {name: t, hold: 1s}\n"),
        HasSubstr("watch.yaml:2:12: expected either \"match\", a query, or \"pin\"")
    );
    EXPECT_THAT(
        wrong("thresholds:\n  - {name: t, pin: a, match: class = server, hold: 1s}\n"),
        HasSubstr("expected either \"match\"")
    );
    EXPECT_THAT(wrong("thresholds:\n  - {name: t, pin: a}\n"), HasSubstr("it says nothing"));
    EXPECT_THAT(
        wrong("thresholds:\n  - {name: t, pin: a, probe: {type: imcp}, hold: 1s}\n"),
        HasSubstr("type: \"imcp\", expected one of: icmp, http")
    );
    EXPECT_THAT(
        wrong("thresholds:\n  - {name: t, pin: a, probe: {type: http}, breach: {any: [{metric: "
              "rtt_avg, above: 1}]}}\n"),
        HasSubstr("no probe of type http has \"rtt_avg\"")
    );
    EXPECT_THAT(
        wrong("thresholds:\n  - {name: t, pin: a, hold: 1s}\n  - {name: t, pin: b, hold: 1s}\n"),
        HasSubstr("a second threshold named \"t\"")
    );
}

TEST(Thresholds, AreCheckedAgainstTheSlowestProbeTheyAreAbout) {
    const std::string threshold =
        "thresholds:\n  - {name: t, pin: a, breach: {any: [{availability: \"< 90%\", over: "
        "5m}]}}\n";
    EXPECT_EQ(wrong(threshold + pinged("{failures: 3}")), "accepted");
    EXPECT_THAT(
        wrong(
            threshold + "policies:\n  - {name: p, match: class = server, probes: [{type: icmp, "
                        "interval: 1m}]}\n"
        ),
        HasSubstr("watch.yaml:2:53: availability: one failed result of probe \"icmp\" (every 1m")
    );
}

// --- which of several wins ---

Threshold threshold(const std::string& name, const std::string& match, Duration hold) {
    Threshold out;
    out.name = name;
    if (match.starts_with("pin ")) {
        out.pin = match.substr(4);
    } else {
        out.match = *Query::parse(match);
    }
    out.parts.hold = hold;
    return out;
}

TEST(Thresholds, WinByPinThenLabelThenSiteThenClassThenPolicy) {
    const std::vector<Threshold> all{
        threshold("c", "class = server", 1s),
        threshold("s", "site = HQ and class = server", 2s),
        threshold("l", "label.role = db", 3s),
        threshold("p", "pin web4", 4s),
    };
    RuleParts policy;
    policy.hold = 9s;
    std::vector<Candidate> candidates{
        {.origin = "policy web", .specificity = Specificity::policy, .parts = &policy}
    };
    std::vector<Duration> winners{resolve(candidates, "icmp").hold};
    for (const Threshold& each : all) {
        candidates.push_back(candidate_of(each));
        rank(candidates);
        winners.push_back(resolve(candidates, "icmp").hold);
    }
    EXPECT_THAT(winners, testing::ElementsAre(9s, 1s, 2s, 3s, 4s));
    std::vector<std::string_view> ranks;
    for (const Candidate& each : candidates) {
        ranks.push_back(to_string(each.specificity));
    }
    EXPECT_THAT(ranks, testing::ElementsAre("pin", "label", "site", "class", "policy"));
}

TEST(Thresholds, OfEqualRankAreOrderedByFieldsThenByNameWhateverTheirOrder) {
    std::vector<Threshold> all{
        threshold("b", "label.role = db", 1s),
        threshold("a", "label.role = db", 2s),
        threshold("z", "label.role = db and site = HQ", 3s),
    };
    do {
        std::vector<Candidate> candidates;
        for (const Threshold& each : all) {
            candidates.push_back(candidate_of(each));
        }
        rank(candidates);
        EXPECT_EQ(candidates[0].origin, "threshold z");
        EXPECT_EQ(candidates[1].origin, "threshold a");
        EXPECT_EQ(candidates[2].origin, "threshold b");
    } while (std::ranges::next_permutation(all, {}, &Threshold::name).found);
}

TEST(Thresholds, ReplaceOnlyThePiecesTheyName) {
    const auto watch = parse(R"(
policies:
  - name: p
    match: class = server
    probes: [{type: icmp, interval: 10s}]
    breach: {any: [{failures: 4}, {metric: rtt_avg, above: 200}, {metric: loss, above: 20}]}
    recover: {successes: 3}
thresholds:
  - {name: t, match: class = server, breach: {any: [{metric: rtt_avg, above: 400}]}}
)");
    ASSERT_TRUE(watch) << watch.error().text();
    std::vector<Candidate> candidates{
        {.origin = "policy p",
         .specificity = Specificity::policy,
         .parts = &watch->policies[0].parts},
        candidate_of(watch->thresholds[0])
    };
    rank(candidates);
    const Rule rule = resolve(candidates, "icmp");
    EXPECT_EQ(rule.failures, 4U);
    EXPECT_EQ(rule.successes, 3U);
    ASSERT_EQ(rule.metrics.size(), 2U);
    EXPECT_EQ(rule.metrics[0].metric, "rtt_avg");
    EXPECT_EQ(rule.metrics[0].limit, 400'000);
    EXPECT_EQ(rule.metrics[1].metric, "loss");
}

}  // namespace
}  // namespace muster::config
