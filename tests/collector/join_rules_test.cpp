#include "collector/enrolment/join_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using testing::HasSubstr;

TEST(JoinRules, APatternStandsForTheNamesThatFitIt) {
    EXPECT_TRUE(fits_pattern("edge-*", "edge-1"));
    EXPECT_TRUE(fits_pattern("edge-*", "edge-"));
    EXPECT_FALSE(fits_pattern("edge-*", "edge"));
    EXPECT_FALSE(fits_pattern("edge-*", "my-edge-1"));
    EXPECT_TRUE(fits_pattern("*", "anything"));
    EXPECT_TRUE(fits_pattern("*.north.example", "a.b.north.example"));
    EXPECT_FALSE(fits_pattern("*.north.example", "a.south.example"));
    EXPECT_TRUE(fits_pattern("edge-??", "edge-12"));
    EXPECT_FALSE(fits_pattern("edge-??", "edge-1"));
    EXPECT_FALSE(fits_pattern("edge-??", "edge-123"));
    EXPECT_TRUE(fits_pattern("a*b*c", "a-b-b-c"));
    EXPECT_FALSE(fits_pattern("a*b*c", "a-c-b"));
    EXPECT_TRUE(fits_pattern("edge-1", "edge-1"));
    EXPECT_FALSE(fits_pattern("edge-1", "Edge-1")) << "names are told apart by case";
    EXPECT_FALSE(fits_pattern("edge.1", "edge-1")) << "a dot is a dot";
}

TEST(JoinRules, APatternThatAlmostFitsIsNoLongWork) {
    std::string stars;
    for (int i = 0; i < 60; ++i) {
        stars += "*a";
    }
    EXPECT_FALSE(fits_pattern(stars + "b", std::string(128, 'a')));
}

TEST(JoinRules, TellWhatANameMayBeMadeOf) {
    for (const std::string good : {"", "edge-1", "edge-*", "e?", "*"}) {
        EXPECT_TRUE(check_token_name(good)) << good;
    }
    for (const std::string wrong : {"two words", "edge-[12]", "caf\xc3\xa9", "a\nb", "a/b"}) {
        EXPECT_EQ(check_token_name(wrong).error().kind(), ErrorKind::invalid) << wrong;
    }
    EXPECT_FALSE(check_token_name(std::string(129, 'a')));
    EXPECT_TRUE(is_name_pattern("edge-*"));
    EXPECT_FALSE(is_name_pattern("edge-1"));
    EXPECT_FALSE(is_good_agent_name("edge-*")) << "no agent is called so";
}

TEST(JoinRules, ReadNetworksOfBothFamilies) {
    EXPECT_EQ(read_source_range("10.0.0.0/8").value(), "10.0.0.0/8");
    EXPECT_EQ(read_source_range("192.0.2.7").value(), "192.0.2.7/32");
    EXPECT_EQ(read_source_range("0.0.0.0/0").value(), "0.0.0.0/0");
    EXPECT_EQ(read_source_range("2001:DB8::/32").value(), "2001:db8::/32");
    EXPECT_EQ(read_source_range("::1").value(), "::1/128");
    EXPECT_THAT(
        read_source_range("10.1.2.3/8").error().what(),
        HasSubstr("this network is written 10.0.0.0/8")
    );
    EXPECT_THAT(read_source_range("2001:db8::1/33").error().what(), HasSubstr("2001:db8::/33"));
    for (const std::string wrong :
         {"",
          "/8",
          "10.0.0.0/",
          "10.0.0.0/33",
          "10.0.0/8",
          "10.0.0.0/8 ",
          "10.0.0.0/-1",
          "::/129",
          "fe80::1%eth0",
          "example.net",
          "10.0.0.0/08x"}) {
        const auto range = read_source_range(wrong);
        ASSERT_FALSE(range) << wrong;
        EXPECT_EQ(range.error().kind(), ErrorKind::invalid);
    }
}

TEST(JoinRules, TellWhoComesFromWhere) {
    const std::vector<std::string> both{"10.0.0.0/8", "2001:db8:1::/48"};
    EXPECT_TRUE(comes_from(both, "10.255.0.1:40000"));
    EXPECT_FALSE(comes_from(both, "11.0.0.1:40000"));
    EXPECT_TRUE(comes_from(both, "[2001:db8:1:ffff::9]:40000"));
    EXPECT_FALSE(comes_from(both, "[2001:db8:2::9]:40000"));
    EXPECT_TRUE(comes_from(both, "[::ffff:10.0.0.9]:40000")) << "the same client, said otherwise";
    EXPECT_FALSE(comes_from(both, ""));
    EXPECT_FALSE(comes_from(both, "somebody"));
    EXPECT_TRUE(comes_from({}, "192.0.2.1:1"));
    EXPECT_TRUE(comes_from({"192.0.2.128/25"}, "192.0.2.128:1"));
    EXPECT_FALSE(comes_from({"192.0.2.128/25"}, "192.0.2.127:1"));
    EXPECT_FALSE(comes_from({"0.0.0.0/0"}, "[2001:db8::1]:1"));
}

}  // namespace
}  // namespace muster::collector
