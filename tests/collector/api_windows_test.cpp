#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::IsEmpty;

constexpr std::int64_t s = 1'000'000'000;

class ApiWindows : public ApiTest {
  protected:
    ApiWindows() {
        state_.ci(1, "web4", "up", "HQ");
        state_.ci(2, "db1", "up", "Depot");
    }

    void window(std::int64_t number, const std::string& state, const std::string& sites = "NULL") {
        const std::string sql =
            "INSERT INTO maintenance_window (number, scope, match, ci, sites, state, from_wall, "
            "to_wall, reason, created, created_by, ended, ended_by, version) VALUES (" +
            std::to_string(number) + ", 'class = server', 'class = server', NULL, " + sites +
            ", '" + state + "', 1000000000, 9000000000, 'upgrade', 0, 'admin', NULL, '', 7)";
        ASSERT_TRUE(state_.database().execute(sql));
    }

    void member(
        std::int64_t window, std::uint8_t ci, std::int64_t from, std::optional<std::int64_t> to
    ) {
        Statement row = *state_.database().prepare(
            "INSERT INTO maintenance_window_ci (window, ci, from_wall, to_wall, lsn, ordinal)"
            " VALUES (?1, ?2, ?3, ?4, ?3, 0)"
        );
        const std::string id = id_bytes(ci);
        row.bind(0, window).bind_blob(1, id).bind(2, from);
        if (to) {
            row.bind(3, *to);
        } else {
            row.bind_null(3);
        }
        ASSERT_TRUE(row.run());
    }

    std::size_t listed(const std::string& query) {
        return body_of(get("/api/v1/windows" + query)).at("items").as_array().size();
    }
};

TEST_F(ApiWindows, AreListedAndShownWithWhatIsInThem) {
    window(1, "ended");
    window(2, "active");
    member(2, 1, 1 * s, std::nullopt);
    EXPECT_EQ(listed(""), 2U);
    EXPECT_EQ(listed("?state=open"), 1U);
    EXPECT_EQ(listed("?ci=web4"), 1U);
    EXPECT_EQ(listed("?ci=db1"), 0U);
    const boost::json::value shown = body_of(get("/api/v1/windows/WIN-2"));
    EXPECT_EQ(shown.at("id"), "WIN-2");
    EXPECT_EQ(shown.at("state"), "active");
    EXPECT_EQ(shown.at("covers"), 1);
    EXPECT_EQ(shown.at("members").at(0).at("name"), "web4");
    EXPECT_TRUE(shown.at("members").at(0).at("to").is_null());
    EXPECT_EQ(get("/api/v1/windows/3").status, 404);
}

TEST_F(ApiWindows, ArePassedToTheBrainWithTheSitesOfTheirMaker) {
    around_.verdict = Verdict{201, R"({"number":1,"id":"WIN-1"})", "42"};
    EXPECT_EQ(
        post("/api/v1/windows", R"({"ci":"web4","for":"2h","reason":"upgrade"})").status, 201
    );
    const boost::json::value body = boost::json::parse(around_.commands.at(0).body);
    EXPECT_EQ(around_.commands[0].name, "window.create");
    EXPECT_EQ(body.at("ci").as_string(), id_text(1));
    EXPECT_EQ(body.at("for_ns"), 7'200 * s);
    EXPECT_EQ(body.as_object().if_contains("sites"), nullptr);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(
        post("/api/v1/windows", R"({"match":"class = server","for":"2h","reason":"x"})").status, 201
    );
    EXPECT_EQ(boost::json::parse(around_.commands.at(1).body).at("sites").at(0), "HQ");
    EXPECT_EQ(post("/api/v1/windows", R"({"ci":"db1","for":"2h","reason":"x"})").status, 404);
}

TEST_F(ApiWindows, RefuseFormsThatSayNothing) {
    for (const char* body :
         {R"({"for":"2h","reason":"x"})",
          R"({"ci":"web4","reason":"x"})",
          R"({"ci":"web4","for":"2h"})",
          R"({"ci":"web4","match":"name = web4","for":"2h","reason":"x"})",
          R"({"ci":"web4","for":"2h","to":"2026-12-01T00:00:00Z","reason":"x"})",
          R"({"ci":"web4","to":"tomorrow","reason":"x"})"}) {
        EXPECT_EQ(post("/api/v1/windows", body).status, 400) << body;
    }
    const HttpResponse one = post("/api/v1/windows", R"({"ci":"web4","for":"900d","reason":"x"})");
    EXPECT_EQ(body_of(one).at("errors").as_array().size(), 1U) << "one mistake is told once";
    EXPECT_THAT(around_.commands, IsEmpty());
}

TEST_F(ApiWindows, OfOtherSitesAreNeitherSeenNorCancelled) {
    window(1, "active");
    window(2, "active", "'[\"HQ\"]'");
    window(3, "active", "'[\"Depot\"]'");
    member(1, 2, 1 * s, std::nullopt);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(listed(""), 1U);
    EXPECT_EQ(get("/api/v1/windows/1").status, 404);
    EXPECT_EQ(get("/api/v1/windows/3").status, 404);
    EXPECT_EQ(post("/api/v1/windows/1/cancel", "").status, 404);
    EXPECT_EQ(post("/api/v1/windows/3/cancel", "").status, 404);
    EXPECT_EQ(post("/api/v1/windows/2/cancel", "").status, 200);
    around_.scope = ReadScope::everything();
    EXPECT_EQ(post("/api/v1/windows/1/cancel", "").status, 200);
}

}  // namespace
}  // namespace muster::collector::test
