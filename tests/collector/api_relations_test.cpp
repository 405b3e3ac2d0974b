#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApiRelations : public ApiTest {
  protected:
    ApiRelations() {
        state_.ci(1, "web1");
        state_.ci(2, "db1");
        state_.ci(3, "far", "up", "Branch");
        relation("agent/a", "depends_on", 1, 2, "2000000000, NULL");
        relation("manual", "depends_on", 1, 2, "1000000000, NULL");
        relation("manual", "connects_to", 1, 3, "1000000000, NULL");
        relation("manual", "depends_on", 2, 3, "1000000000, 5000000000");
    }

    void relation(
        const std::string& source,
        const std::string& type,
        int from,
        int to,
        const std::string& time
    ) {
        const auto blob = [](int number) {
            return "x'0000000000000000000000000000000" + std::to_string(number) + "'";
        };
        const Status done = state_.database().execute(
            "INSERT INTO ci_relation VALUES ('" + source + "', 'o" + std::to_string(from) + "', '" +
            type + "', 'o" + std::to_string(to) + "', " + blob(from) + ", " + blob(to) + ", " +
            time + ", 3, NULL)"
        );
        ASSERT_TRUE(done) << done.error().text();
    }

    std::vector<std::string> listed(const std::string& query) {
        const HttpResponse response = get("/api/v1/relations" + query);
        EXPECT_EQ(response.status, 200) << response.body;
        const boost::json::value page = body_of(response);
        std::vector<std::string> out;
        for (const boost::json::value& each : page.at("items").as_array()) {
            out.push_back(
                std::string(each.at("from").at("name").as_string()) + " " +
                std::string(each.at("type").as_string()) + " " +
                std::string(each.at("to").at("name").as_string())
            );
        }
        return out;
    }
};

TEST_F(ApiRelations, TellNamesakesOfAListApart) {
    state_.ci(4, "eth0");
    state_.ci(5, "eth0");
    relation("agent/a", "contains", 1, 4, "2000000000, NULL");
    relation("agent/b", "contains", 2, 5, "2000000000, NULL");
    const boost::json::value page = body_of(get("/api/v1/cis"));
    std::vector<std::string> places;
    for (const boost::json::value& each : page.at("items").as_array()) {
        if (each.at("name") == "eth0") {
            places.emplace_back(each.at("on").at("name").as_string());
        } else {
            EXPECT_TRUE(each.at("on").is_null());
        }
    }
    EXPECT_THAT(places, ElementsAre("web1", "db1"));
}

TEST_F(ApiRelations, AreListedOnceHoweverManySayThem) {
    EXPECT_THAT(listed(""), ElementsAre("web1 connects_to far", "web1 depends_on db1"));
    const boost::json::value page = body_of(get("/api/v1/relations?type=depends_on"));
    const boost::json::value& one = page.at("items").at(0);
    EXPECT_EQ(one.at("sources").as_array().size(), 2U);
    EXPECT_EQ(one.at("evidence"), "observed");
    EXPECT_EQ(one.at("since"), "1970-01-01T00:00:01.000Z") << "whoever said it first";
    EXPECT_TRUE(one.at("until").is_null());
    EXPECT_EQ(one.at("id").as_string(), "depends_on:" + id_text(1) + ":" + id_text(2));
    EXPECT_EQ(page.at("total_estimate"), 1);
}

TEST_F(ApiRelations, AreThoseOfACiAndOfAMoment) {
    EXPECT_THAT(listed("?ci=db1"), ElementsAre("web1 depends_on db1"));
    EXPECT_THAT(
        listed("?ci=db1&at=1970-01-01T00:00:03Z"),
        ElementsAre("web1 depends_on db1", "db1 depends_on far")
    );
    EXPECT_EQ(get("/api/v1/relations?ci=none").status, 404);
    const HttpResponse unknown = get("/api/v1/relations?type=likes");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_THAT(unknown.body, HasSubstr("depends_on, "));
}

TEST_F(ApiRelations, ComeOverPages) {
    const boost::json::value first = body_of(get("/api/v1/relations?limit=1"));
    EXPECT_EQ(first.at("items").as_array().size(), 1U);
    EXPECT_TRUE(first.at("total_estimate").is_null());
    const std::string cursor(first.at("next_cursor").as_string());
    EXPECT_THAT(listed("?limit=1&cursor=" + cursor), ElementsAre("web1 depends_on db1"));
}

TEST_F(ApiRelations, AreSeenWhereBothEndsAre) {
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_THAT(listed(""), ElementsAre("web1 depends_on db1"));
    EXPECT_EQ(
        post("/api/v1/relations", R"({"from":"web1","type":"depends_on","to":"far"})").status, 404
    );
    const std::string hidden = "/api/v1/relations/connects_to%3A" + id_text(1) + "%3A" + id_text(3);
    EXPECT_EQ(send("DELETE", hidden, "").status, 404);
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiRelations, AreStatedAndWithdrawnByCommandsThatNameIds) {
    (void)post("/api/v1/relations", R"({"from":"web1","type":"depends_on","to":"db1"})");
    ASSERT_EQ(around_.commands.size(), 1U);
    EXPECT_EQ(around_.commands[0].name, "relation.create");
    EXPECT_THAT(around_.commands[0].body, HasSubstr("\"to\":\"" + id_text(2) + "\""));
    const std::string id = "/api/v1/relations/depends_on%3A" + id_text(1) + "%3A" + id_text(2);
    (void)send("DELETE", id + "?dry_run=true", "");
    ASSERT_EQ(around_.commands.size(), 2U);
    EXPECT_EQ(around_.commands[1].name, "relation.delete");
    EXPECT_THAT(around_.commands[1].body, HasSubstr("\"type\":\"depends_on\""));
    EXPECT_THAT(around_.commands[1].body, HasSubstr("\"dry_run\":true"));
}

TEST_F(ApiRelations, AreRefusedWithAPointerWhereAMemberIsWrong) {
    const HttpResponse refused = post("/api/v1/relations", R"({"from":"web1","to":"db1"})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("\"pointer\":\"/type\""));
    for (const char* id : {"x", "a:b", "depends_on:1:2", "::"}) {
        EXPECT_EQ(send("DELETE", std::string("/api/v1/relations/") + id, "").status, 404) << id;
    }
    around_.granted = Permission::operate;
    EXPECT_EQ(post("/api/v1/relations", "{}").status, 403);
}

}  // namespace
}  // namespace muster::collector::test
