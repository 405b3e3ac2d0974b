// Lists as they were: GET /cis and /find with `at` and `known_at`.
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* second_2 = "at=1970-01-01T00:00:02Z";
constexpr const char* second_6 = "at=1970-01-01T00:00:06Z";

class ApiPast : public ApiTest {
  protected:
    ApiPast() {
        state_.ci(1, "web4");
        state_.ci(2, "eth0");
        state_.ci(3, "late");
        state_.ci(4, "gone");
        execute("UPDATE ci SET class = 'server' WHERE name IN ('web4', 'late', 'gone')");
        execute("UPDATE ci SET class = 'interface' WHERE name = 'eth0'");
        execute("UPDATE ci SET retired = 4000000000 WHERE name = 'gone'");
        // web4 was called old until 5 s, which was learnt at position 7; it moved from HQ to Branch then.
        value(1, "name", "old", "1000000000, NULL, 3, 7");
        value(1, "name", "old", "1000000000, 5000000000, 7, NULL");
        value(1, "name", "web4", "5000000000, NULL, 7, NULL");
        value(1, "site", "HQ", "1000000000, 5000000000, 7, NULL");
        value(1, "site", "Branch", "5000000000, NULL, 7, NULL");
        value(1, "serial", "S-1", "1000000000, NULL, 3, NULL");
        value(2, "name", "eth0", "1000000000, NULL, 3, NULL");
        value(2, "mac", "00:1a:2b:3c:4d:5e", "1000000000, 5000000000, 7, NULL");
        value(3, "name", "late", "5000000000, NULL, 7, NULL");
        value(4, "name", "gone", "1000000000, 4000000000, 6, NULL");
        execute(
            "INSERT INTO ci_relation VALUES ('a', 'host', 'contains', 'interface/eth0', "
            "x'00000000000000000000000000000001', x'00000000000000000000000000000002', "
            "1000000000, 5000000000, 7, NULL)"
        );
    }

    void execute(const std::string& sql) {
        const Status done = state_.database().execute(sql);
        ASSERT_TRUE(done) << done.error().text();
    }

    void value(int ci, const std::string& name, const std::string& what, const std::string& times) {
        execute(
            "INSERT INTO ci_attribute VALUES (x'0000000000000000000000000000000" +
            std::to_string(ci) + "', '" + name + "', '" + what + "', 'a', " + times + ")"
        );
    }

    std::vector<std::string> names(const std::string& target) {
        const HttpResponse response = get(target);
        EXPECT_EQ(response.status, 200) << response.body;
        std::vector<std::string> out;
        const auto body = body_of(response);
        for (const auto& item : body.at("items").as_array()) {
            out.emplace_back(item.at("name").as_string());
        }
        return out;
    }

    std::string refusal(const std::string& target) {
        const HttpResponse response = get(target);
        EXPECT_EQ(response.status, 400) << target << response.body;
        return response.body;
    }
};

TEST_F(ApiPast, ListsWhatWasThereWithItsValuesOfThen) {
    const std::string cis = "/api/v1/cis?";
    EXPECT_THAT(names(cis + second_2), ElementsAre("eth0", "gone", "old"));
    EXPECT_THAT(names(cis + second_6), ElementsAre("eth0", "late", "web4"));
    EXPECT_THAT(names(cis + second_6 + "&known_at=6"), ElementsAre("eth0", "old"))
        << "neither the new name nor the new one was known";
    EXPECT_THAT(names(cis + "at=1970-01-01T00:00:00Z"), IsEmpty());
    EXPECT_THAT(names(cis + second_2 + "&class=server"), ElementsAre("gone", "old"));
    EXPECT_THAT(names(cis + second_2 + "&site=HQ"), ElementsAre("old"));
    EXPECT_THAT(names(cis + second_6 + "&site=HQ"), IsEmpty());
    const auto item = body_of(get(cis + second_2 + "&site=HQ")).at("items").at(0);
    EXPECT_EQ(item.at("class"), "server");
    EXPECT_EQ(item.at("site"), "HQ");
    EXPECT_FALSE(item.as_object().contains("state")) << "what is known of now alone is left out";
}

TEST_F(ApiPast, TakesQueriesOverWhatWasSo) {
    const std::string cis = "/api/v1/cis?";
    EXPECT_THAT(names(cis + second_2 + "&q=serial%20%3D%20S-1"), ElementsAre("old"));
    EXPECT_THAT(names(cis + second_2 + "&q=name%20%3D%20web4"), IsEmpty());
    EXPECT_THAT(names(cis + second_2 + "&q=class%20%3D%20hardware"), ElementsAre("gone", "old"));
}

TEST_F(ApiPast, GivesAllPagesOfOneMoment) {
    const auto first = body_of(get(std::string("/api/v1/cis?limit=2&") + second_2));
    EXPECT_EQ(first.at("total_estimate"), 3);
    const std::string cursor(first.at("next_cursor").as_string());
    // Whatever the next call says: relative times would be later ones.
    EXPECT_THAT(names("/api/v1/cis?limit=2&at=-1s&cursor=" + cursor), ElementsAre("old"));
    EXPECT_EQ(get("/api/v1/cis?cursor=" + cursor).status, 400) << "a cursor of the past";
}

TEST_F(ApiPast, RefusesWhatIsKnownOfNowAlone) {
    const std::string cis = std::string("/api/v1/cis?") + second_2;
    EXPECT_THAT(refusal(cis + "&state=up"), HasSubstr("known of now alone"));
    EXPECT_THAT(refusal(cis + "&q=state%20%3D%20up"), HasSubstr("known of now alone"));
    EXPECT_THAT(refusal(cis + "&q=open_incidents%20%3E%200"), HasSubstr("known of now alone"));
    EXPECT_THAT(refusal(cis + "&q=nosuch%20%3D%201"), HasSubstr("no field"));
    EXPECT_THAT(refusal("/api/v1/cis?at=soon"), HasSubstr("?at"));
    EXPECT_THAT(refusal("/api/v1/cis?known_at=soon"), HasSubstr("?known_at"));
    EXPECT_THAT(
        refusal(std::string("/api/v1/find?q=INC-3&") + second_2), HasSubstr("times of its own")
    );
    EXPECT_EQ(get(std::string("/api/v1/duplicates?") + second_2).status, 400);
}

TEST_F(ApiPast, FindsWhereAValueWas) {
    const std::string find = "/api/v1/find?q=00-1A-2B-3C-4D-5E&";
    const auto found = body_of(get(find + second_2));
    ASSERT_EQ(found.at("items").as_array().size(), 1U);
    const auto hit = found.at("items").at(0);
    EXPECT_EQ(hit.at("name"), "eth0");
    EXPECT_EQ(hit.at("matched").at(0), "mac");
    EXPECT_TRUE(hit.at("state").is_null());
    EXPECT_EQ(hit.at("path").at(0).at("name"), "old") << "as its machine was called then";
    EXPECT_THAT(names(find + second_6), IsEmpty());
    EXPECT_THAT(names(find + second_2 + "&known_at=6"), IsEmpty());
    EXPECT_THAT(names(std::string("/api/v1/find?q=old&") + second_6), IsEmpty());
    EXPECT_THAT(names(std::string("/api/v1/find?q=old&") + second_2), ElementsAre("old"));
}

TEST_F(ApiPast, ShowsWhoeverIsLimitedToSitesWhatIsThereNow) {
    execute("UPDATE ci SET site = 'Branch' WHERE name = 'web4'");
    around_.scope = ReadScope::of_sites({"Branch"});
    EXPECT_THAT(names(std::string("/api/v1/cis?") + second_2), ElementsAre("old"));
    EXPECT_THAT(names(std::string("/api/v1/find?q=gone&") + second_2), IsEmpty());
}

}  // namespace
}  // namespace muster::collector::test
