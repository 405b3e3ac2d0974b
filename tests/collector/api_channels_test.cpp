#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::HasSubstr;

class ApiChannels : public ApiTest {
  protected:
    ApiChannels() {
        EXPECT_TRUE(state_.database().execute(
            "INSERT INTO channel (name, position, type, target, match, rate_messages, rate_per_ms, "
            "state, "
            "state_since, failures, last_error, delivered, waiting, merged) VALUES "
            "('ops', 1, 'webhook', 'https://hooks.example.net', '', 600, 60000, 'working', 1, 0, "
            "'', 2, 0, 0), "
            "('mail', 0, 'smtp', 'mail:25 to a@b', 'priority = 1', 60, 3600000, 'dead', 1, 7, "
            "'HTTP 503', NULL, 3, 4)"
        ));
    }
};

TEST_F(ApiChannels, AreListedInTheOrderOfTheConfiguration) {
    const boost::json::value body = body_of(get("/api/v1/channels"));
    const boost::json::array& items = body.at("items").as_array();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].at("name"), "mail");
    EXPECT_EQ(items[0].at("state"), "dead");
    EXPECT_EQ(items[0].at("last_error"), "HTTP 503");
    EXPECT_EQ(items[0].at("rate").at("per"), "1h");
    EXPECT_TRUE(items[0].at("last_delivered").is_null());
    EXPECT_TRUE(body.at("nobody_told").is_null());
    around_.nobody_told = "every channel is dead";
    EXPECT_EQ(body_of(get("/api/v1/channels")).at("nobody_told"), "every channel is dead");
}

TEST_F(ApiChannels, AreShownByName) {
    EXPECT_EQ(body_of(get("/api/v1/channels/ops")).at("target"), "https://hooks.example.net");
    EXPECT_EQ(get("/api/v1/channels/none").status, 404);
}

TEST_F(ApiChannels, AreTestedAtOnceAndTheJournalHearsOfIt) {
    EXPECT_EQ(post("/api/v1/channels/none/test", "{}").status, 404);
    EXPECT_TRUE(around_.commands.empty());
    around_.channel_test = ChannelTest{false, 503, "HTTP 503"};
    (void)post("/api/v1/channels/ops/test", "{}");
    ASSERT_EQ(around_.commands.size(), 1U);
    EXPECT_EQ(around_.commands[0].name, "channel.test");
    EXPECT_THAT(around_.commands[0].body, HasSubstr("\"delivered\":false"));
    EXPECT_THAT(around_.commands[0].body, HasSubstr("\"detail\":\"HTTP 503\""));
}

}  // namespace
}  // namespace muster::collector::test
