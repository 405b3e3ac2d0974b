// What is watched changes while results flow: nothing is lost, run twice, opened or told again; what is wrong changes nothing.
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int interval_ms = 200;

class Applied : public ::testing::Test {
  protected:
    void SetUp() override {
        write_text(site_.dir() / "hmac", "hook key");
        std::string watch = "channels:\n  - {name: ops, type: webhook, url: \"" + hook_.url() +
                            "\", secret: {file: " + (site_.dir() / "hmac") + "}}\ntargets:\n";
        // Addresses that differ: what shares one is probed one after the other.
        watch +=
            "  - {name: web1, class: server, address: 127.1.0.1}\n"
            "  - {name: web2, class: server, address: 127.0.0.1}\n";
        site_.configure(watch);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    }

    /// A file for `muster apply`: pings of both servers, and `probes`, judged as `rule` says, and `more` policies. Not of the machine
    /// the test runs on, which may have no address.
    std::string policies(
        const std::string& rule, const std::string& more = "", const std::string& probes = ""
    ) {
        const std::string path = site_.dir() / "watch.yaml";
        write_text(
            path,
            "policies:\n  - name: servers answer\n    match: name = web1 or name = web2\n    "
            "probes: [{type: icmp, count: 1, interval: " +
                std::to_string(interval_ms) + "ms, timeout: 150ms}" + probes + "]\n" + rule + more
        );
        return path;
    }

    CommandResult apply(const std::string& path, std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"apply", "-f", path};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return site_.muster(std::move(arguments));
    }

    /// Times of all results of a probe, or of those of one state, in ms.
    std::vector<std::int64_t> results_of(const std::string& probe, const std::string& state = "") {
        const ApiAnswer answer =
            site_.get("/probes/" + site_.probe_id(probe) + "/results?from=-10m");
        EXPECT_EQ(answer.status, 200);
        std::vector<std::int64_t> out;
        for (const auto& point : answer.body.at("points").as_array()) {
            if (!state.empty() && text_of(point, "state") != state) {
                continue;
            }
            const auto at = parse_rfc3339(std::string(point.at("at").as_string()));
            EXPECT_TRUE(at);
            out.push_back(to_ns(*at) / 1'000'000);
        }
        return out;
    }

    WebhookListener hook_;
    Site site_;
};

TEST_F(Applied, EditsLoseNothingDoubleNothingAndReopenNothing) {
    // Counts on its own how often it was probed, by web2: it is at that one's address.
    auto page = std::make_unique<WebhookListener>();
    const std::string pages =
        ", {type: http, url: \"" + page->url() +
        "\", expect: {status: 204}, interval: " + std::to_string(interval_ms) +
        "ms, timeout: 150ms}";
    const CommandResult first = apply(policies("    breach: {failures: 3}\n", "", pages));
    ASSERT_EQ(first.exit_code, 0) << first.output;
    EXPECT_THAT(first.output, HasSubstr("created"));
    ASSERT_TRUE(eventually(10s, [&] { return site_.probe_states()["web1 icmp"] == "ok"; }));
    const std::string id = site_.probe_id("web1 icmp");
    for (int edit = 0; edit < 25; ++edit) {
        const std::string rule = "    breach: {failures: " + std::to_string(2 + edit % 5) +
                                 "}\n    urgency: " + (edit % 2 == 0 ? "high" : "low") + "\n";
        // Every third edit brings or takes away another policy, which gives the agent another list.
        const std::string more =
            edit % 3 != 0 ? std::string()
                          : "  - name: second\n    match: name = web2\n    probes: [{type: icmp, "
                            "name: again, interval: 300ms, timeout: 150ms}]\n";
        const CommandResult done = apply(policies(rule, more, pages));
        ASSERT_EQ(done.exit_code, 0) << done.output;
        if (edit % 5 == 0) {
            site_.collector().signal(SIGHUP);
        }
    }
    EXPECT_EQ(site_.probe_id("web1 icmp"), id);
    const std::size_t now = results_of("web1 icmp").size();
    ASSERT_TRUE(eventually(15s, [&] { return results_of("web1 icmp").size() > now + 5; }));
    for (const char* probe : {"web1 icmp", "web2 icmp"}) {
        const std::vector<std::int64_t> times = results_of(probe);
        ASSERT_GT(times.size(), 10u);
        std::int64_t longest = 0;
        std::int64_t shortest = 1'000'000;
        for (std::size_t at = 1; at < times.size(); ++at) {
            longest = std::max(longest, times[at] - times[at - 1]);
            shortest = std::min(shortest, times[at] - times[at - 1]);
        }
        EXPECT_GT(shortest, interval_ms / 10) << probe << " ran twice at once";
        EXPECT_LT(longest, 6 * interval_ms) << probe << " missed runs";
    }
    // Every probe that ran has its result, but for what was under way at the end.
    const std::size_t answered = page->calls();
    page.reset();
    const auto stored = [&] { return results_of("web2 http", "ok").size(); };
    EXPECT_TRUE(eventually(10s, [&] { return stored() + 1 >= answered; }))
        << stored() << " results of " << answered;
    EXPECT_LE(stored(), answered + 1) << "one may have come after the count";
    EXPECT_GT(answered, 10u);
    EXPECT_TRUE(site_.incidents().empty());
    EXPECT_TRUE(hook_.received().empty());
}

TEST_F(Applied, AnOpenIncidentStaysTheSameThroughEdits) {
    auto web = std::make_unique<WebhookListener>();
    const std::string page =
        "  - name: page\n    match: name = web2\n    breach: {failures: 2}\n    hold: 100ms\n    "
        "probes: [{type: http, url: \"" +
        web->url() + "\", expect: {status: 204}, interval: 200ms, timeout: 150ms}]\n";
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n", page)).exit_code, 0);
    ASSERT_TRUE(eventually(10s, [&] { return site_.probe_states()["web2 http"] == "ok"; }));
    web.reset();
    ASSERT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 1; }));
    ASSERT_TRUE(eventually(5s, [&] { return hook_.received().size() == 1; }));
    for (int edit = 0; edit < 10; ++edit) {
        const std::string urgency = edit % 2 == 0 ? "high" : "low";
        ASSERT_EQ(apply(policies("    urgency: " + urgency + "\n", page)).exit_code, 0);
    }
    // Its own policy with another threshold: still the same incident.
    std::string edited = page;
    edited.replace(edited.find("failures: 2"), 11, "failures: 4");
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n", edited)).exit_code, 0);
    EXPECT_EQ(site_.incidents().size(), 1u);
    EXPECT_EQ(site_.open_incidents(), 1u);
    EXPECT_EQ(hook_.received().size(), 1u);
    // Nobody watches it any more: that ends it, and whoever was told is told.
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n")).exit_code, 0);
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    EXPECT_TRUE(eventually(10s, [&] { return hook_.received().size() == 2; }));
}

TEST_F(Applied, WhatIsWrongIsToldWithItsPlaceAndChangesNothing) {
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n")).exit_code, 0);
    const std::string path = site_.dir() / "bad.yaml";

    struct Row {
        const char* yaml;
        const char* words;
    };

    for (const Row& row :
         {Row{"policies: [{name: p, match: clas = server, probes: [{type: icmp}]}]",
              "/bad.yaml:1:29: match: there is no field \"clas\"; did you mean \"class\"?"},
          Row{"policies: [{name: p, match: class = server, breach: {failures: 1}, probes: [{type: "
              "icmp}]}]",
              "allow_single"},
          Row{"targets: [{name: web1, address: 127.0.0.1}]",
              "/bad.yaml:1:18: a second target named \"web1\" (the other is at "},
          Row{"policies: [{name: servers answer, match: class = server, probes: [{type: icmp}]}]",
              "/bad.yaml:1:19: a second policy named \"servers answer\" (the other is at "
              "applied/watch.yaml:2:11)"},
          Row{"policies: [", "/bad.yaml:1:"},
          Row{"listen: {people: \"127.0.0.1:1\"}", "unknown key \"listen\""}}) {
        write_text(path, row.yaml);
        const CommandResult refused = apply(path);
        EXPECT_EQ(refused.exit_code, 1) << refused.output;
        EXPECT_THAT(refused.output, HasSubstr(row.words));
        EXPECT_THAT(refused.output, HasSubstr("nothing was applied"));
        EXPECT_THAT(refused.output, HasSubstr("\n  " + path + ":")) << "as it was given";
        EXPECT_EQ(refused.output.find("applied/bad.yaml"), std::string::npos) << refused.output;
    }
    EXPECT_THAT(site_.muster({"policy", "list"}).output, HasSubstr("servers answer"));
    EXPECT_EQ(site_.muster({"policy", "list"}).output.find("\np "), std::string::npos);
    const std::size_t now = results_of("web1 icmp").size();
    EXPECT_TRUE(eventually(10s, [&] { return results_of("web1 icmp").size() > now + 2; }))
        << "what ran before goes on";
}

TEST_F(Applied, ADryRunTellsWhatWouldMatchAndAPruneTakesAway) {
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n")).exit_code, 0);
    const std::string other = site_.dir() / "other.yaml";
    write_text(
        other,
        "policies: [{name: others, match: name ~ web*, probes: [{type: icmp, interval: 1s}]}]"
    );
    const CommandResult tested = site_.muster({"policy", "test", other});
    EXPECT_EQ(tested.exit_code, 0) << tested.output;
    EXPECT_THAT(tested.output, HasSubstr("+web1 +web2"));
    EXPECT_EQ(site_.muster({"policy", "list"}).output.find("others"), std::string::npos);
    const CommandResult pruned = apply(other, {"--prune"});
    EXPECT_EQ(pruned.exit_code, 0) << pruned.output;
    EXPECT_THAT(pruned.output, HasSubstr("removed"));
    const std::string listed = site_.muster({"policy", "list"}).output;
    EXPECT_THAT(listed, HasSubstr("others"));
    EXPECT_EQ(listed.find("servers answer"), std::string::npos);
    // What was applied runs after a restart too.
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_THAT(site_.muster({"policy", "show", "others"}).output, HasSubstr("applied/other.yaml"));
}

TEST_F(Applied, AStormOfReloadsIsHarmless) {
    ASSERT_EQ(apply(policies("    breach: {failures: 3}\n")).exit_code, 0);
    ASSERT_TRUE(eventually(10s, [&] { return site_.probe_states()["web1 icmp"] == "ok"; }));
    for (int times = 0; times < 1000; ++times) {
        site_.collector().signal(SIGHUP);
    }
    EXPECT_TRUE(eventually(10s, [&] { return site_.get("/policies").status == 200; }));
    EXPECT_TRUE(site_.collector().running());
    const std::size_t now = results_of("web1 icmp").size();
    EXPECT_TRUE(eventually(10s, [&] { return results_of("web1 icmp").size() > now + 3; }));
}

}  // namespace
}  // namespace muster::test
