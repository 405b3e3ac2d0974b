#include "config/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace muster::config {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr ProbeSchema types[] = {{"icmp", {}}};

Result<Watch> parse(const std::string& text) {
    const std::vector<ConfigText> files{{"watch.yaml", text}};
    return parse_watch(files, types);
}

std::string target_from(const std::string& from) {
    return "targets:\n  - {name: a, address: 192.0.2.1, from: " + from +
           ", probes: [{type: icmp}]}\n";
}

TEST(From, TakesMoreThanHalfOfItsVantagesForAQuorum) {
    const auto five = parse(target_from("{any: 5}"));
    ASSERT_TRUE(five) << five.error().text();
    EXPECT_EQ(five->targets[0].from.any, 5U);
    EXPECT_EQ(five->targets[0].from.quorum, 3U);
    const auto one = parse(target_from("{site: HQ}"));
    ASSERT_TRUE(one) << one.error().text();
    EXPECT_EQ(one->targets[0].from.quorum, 1U);
    const auto two = parse(target_from("{site: HQ, any: 3, quorum: 1}"));
    ASSERT_TRUE(two) << two.error().text();
    EXPECT_EQ(two->targets[0].from.quorum, 1U);
}

TEST(From, RefusesAQuorumThatNobodyCanReach) {
    const auto more = parse(target_from("{any: 2, quorum: 3}"));
    ASSERT_FALSE(more);
    EXPECT_THAT(more.error().text(), HasSubstr("watch.yaml:2:"));
    EXPECT_THAT(more.error().text(), HasSubstr("quorum: 3 of 2"));
    const auto named = parse(target_from("{agent: a1, any: 2}"));
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().text(), HasSubstr("beside the name of one agent"));
}

TEST(HostWatch, HasItsOwnSectionOnceOverAllFiles) {
    const auto watch = parse(
        "host_watch: {interval: 2s, failures: 5, port: 22}\nstorm: {incidents: 7, within: 10s}\n"
    );
    ASSERT_TRUE(watch) << watch.error().text();
    EXPECT_TRUE(watch->host_watch.enabled);
    EXPECT_EQ(watch->host_watch.interval, 2s);
    EXPECT_EQ(watch->host_watch.failures, 5U);
    EXPECT_EQ(watch->host_watch.port, 22U);
    EXPECT_EQ(parse("host_watch: {interval: 2s}\n")->host_watch.port, 0U);
    EXPECT_EQ(watch->storm.incidents, 7U);
    EXPECT_EQ(watch->storm.within, 10s);
    const std::vector<ConfigText> two{
        {"a.yaml", "host_watch: {enabled: false}\n"}, {"b.yaml", "host_watch: {enabled: true}\n"}
    };
    const auto twice = parse_watch(two, types);
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().text(), HasSubstr("b.yaml:1:"));
}

TEST(HostWatch, RefusesWhatOneLostPingWouldSatisfy) {
    const auto one = parse("host_watch: {failures: 1}\n");
    ASSERT_FALSE(one);
    EXPECT_THAT(one.error().text(), HasSubstr("failures"));
}

}  // namespace
}  // namespace muster::config
