#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

class ApiIncidents : public ApiTest {
  protected:
    /// anna, and the team network.
    void know_people() {
        state_.ci(200, "network");
        ASSERT_TRUE(state_.database().execute("UPDATE ci SET class = 'team' WHERE name = 'network'")
        );
        const HttpResponse made = post(
            "/api/v1/users",
            R"({"name":"anna","password":"correct horse battery","role":"operator","sites":[]})"
        );
        ASSERT_EQ(made.status, 201) << made.body;
    }

    static std::vector<std::int64_t> numbers_in(const HttpResponse& response) {
        std::vector<std::int64_t> numbers;
        const boost::json::value body = body_of(response);
        for (const boost::json::value& item : body.at("items").as_array()) {
            numbers.push_back(item.at("number").as_int64());
        }
        return numbers;
    }

    static std::string cursor_in(const HttpResponse& response) {
        const boost::json::value body = body_of(response);
        return body.at("next_cursor").is_null() ? ""
                                                : std::string(body.at("next_cursor").as_string());
    }
};

TEST_F(ApiIncidents, AreListedNewestFirst) {
    state_.ci(1, "intranet");
    state_.incident(1, 1, "resolved");
    state_.incident(2, 1);
    const HttpResponse response = get("/api/v1/incidents");
    EXPECT_THAT(numbers_in(response), ElementsAre(2, 1));
    const boost::json::value body = body_of(response);
    const boost::json::value& newest = body.at("items").at(0);
    EXPECT_EQ(newest.at("id"), "INC-2");
    EXPECT_EQ(newest.at("title"), "intranet is down");
    EXPECT_EQ(newest.at("ci").at("name"), "intranet");
    EXPECT_EQ(newest.at("ci").at("id").as_string(), id_text(1));
    EXPECT_EQ(newest.at("opened"), "1970-01-01T00:00:03.000Z");
    EXPECT_EQ(newest.at("detected_late"), false);
    EXPECT_TRUE(newest.at("acknowledged").is_null());
    EXPECT_EQ(newest.at("expected"), "HTTP 200");
    EXPECT_EQ(newest.at("seen"), "HTTP 503");
    EXPECT_TRUE(newest.at("probe").is_null());
    EXPECT_EQ(body.at("total_estimate"), 2);
}

TEST_F(ApiIncidents, AreFilteredByStateAndByCi) {
    state_.ci(1, "intranet");
    state_.ci(2, "switch");
    state_.incident(1, 1, "resolved");
    state_.incident(2, 1);
    state_.incident(3, 2, "in_progress");
    EXPECT_THAT(numbers_in(get("/api/v1/incidents?state=open")), ElementsAre(3, 2));
    EXPECT_THAT(numbers_in(get("/api/v1/incidents?state=resolved")), ElementsAre(1));
    EXPECT_THAT(numbers_in(get("/api/v1/incidents?ci=intranet")), ElementsAre(2, 1));
    EXPECT_THAT(numbers_in(get("/api/v1/cis/intranet/incidents?state=open")), ElementsAre(2));
    EXPECT_EQ(get("/api/v1/incidents?ci=nothing").status, 404);
}

TEST_F(ApiIncidents, AreFoundByAQuery) {
    state_.ci(1, "intranet");
    state_.ci(2, "switch");
    state_.incident(1, 1, "resolved");
    state_.incident(2, 1);
    state_.incident(3, 2, "in_progress");
    EXPECT_THAT(numbers_in(get("/api/v1/incidents?q=ci%20%3D%20intranet")), ElementsAre(2, 1));
    EXPECT_THAT(
        numbers_in(get("/api/v1/incidents?q=open%20%3D%20true%20and%20priority%20%3C%3D%202")),
        ElementsAre(3, 2)
    );
    EXPECT_THAT(
        numbers_in(get("/api/v1/incidents?state=resolved&q=ci%20%3D%20intranet")), ElementsAre(1)
    );
    EXPECT_THAT(
        numbers_in(get("/api/v1/cis/switch/incidents?q=acknowledged%20%3D%20false")), ElementsAre(3)
    );
    const HttpResponse wrong = get("/api/v1/incidents?q=prioritty%20%3D%201");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, ::testing::HasSubstr("did you mean \\\"priority\\\"?"));
}

TEST_F(ApiIncidents, OfAQueryComeInPages) {
    state_.ci(1, "intranet");
    state_.ci(2, "switch");
    for (std::int64_t number = 1; number <= 10; ++number) {
        state_.incident(number, number % 2 == 0 ? 1 : 2);
    }
    const HttpResponse first = get("/api/v1/incidents?limit=3&q=ci%20%3D%20intranet");
    EXPECT_THAT(numbers_in(first), ElementsAre(10, 8, 6));
    const HttpResponse second =
        get("/api/v1/incidents?limit=3&q=ci%20%3D%20intranet&cursor=" + cursor_in(first));
    EXPECT_THAT(numbers_in(second), ElementsAre(4, 2));
    EXPECT_EQ(cursor_in(second), "");
}

TEST_F(ApiIncidents, ShowWhatTheyAreLinkedToEitherWay) {
    state_.ci(1, "intranet");
    state_.incident(1, 1);
    state_.incident(2, 1, "pending");
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO incident_link (incident, type, other, actor, wall, lsn)"
        " VALUES (2, 'duplicate_of', 1, 'anna', 5, 5)"
    ));
    const boost::json::value to = body_of(get("/api/v1/incidents/2")).at("links").at(0);
    EXPECT_EQ(to.at("type"), "duplicate_of");
    EXPECT_EQ(to.at("direction"), "to");
    EXPECT_EQ(to.at("incident"), "INC-1");
    const boost::json::value from = body_of(get("/api/v1/incidents/1")).at("links").at(0);
    EXPECT_EQ(from.at("direction"), "from");
    EXPECT_EQ(from.at("incident"), "INC-2");
    EXPECT_EQ(from.at("state"), "pending");
}

TEST_F(ApiIncidents, AreGivenToPeopleAndTeamsThatAreKnown) {
    state_.ci(1, "intranet");
    state_.incident(1, 1);
    know_people();
    const auto flaws = [](const HttpResponse& refused) {
        EXPECT_EQ(refused.status, 400) << refused.body;
        return body_of(refused).at("errors").as_array();
    };
    const auto unknown =
        flaws(post("/api/v1/incidents/1/assign", R"({"assignee":"ana","team":"netwerk"})"));
    ASSERT_EQ(unknown.size(), 2U);
    EXPECT_EQ(unknown[0].at("pointer"), "/assignee");
    EXPECT_EQ(unknown[0].at("detail"), "there is no user \"ana\"; did you mean \"anna\"?");
    EXPECT_EQ(unknown[1].at("pointer"), "/team");
    EXPECT_EQ(unknown[1].at("detail"), "there is no team \"netwerk\"; did you mean \"network\"?");
    flaws(
        post("/api/v1/incidents/actions", R"({"action":"assign","q":"open = true","assignee":"x"})")
    );
    flaws(post("/api/v1/incidents", R"({"title":"mail is slow","team":"nobody at all"})"));
    EXPECT_TRUE(around_.commands.empty()) << "nothing of it reached the journal";
    EXPECT_EQ(
        post("/api/v1/incidents/1/assign", R"({"assignee":"anna","team":"network"})").status, 200
    );
    EXPECT_EQ(post("/api/v1/incidents/1/assign", R"({"assignee":"admin"})").status, 200)
        << "the caller";
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", R"({"disabled":true})").status, 200);
    flaws(post("/api/v1/incidents/1/assign", R"({"assignee":"anna"})"));
}

TEST_F(ApiIncidents, TakeEveryCommandOfTheRecord) {
    know_people();
    const std::vector<std::pair<std::string, std::string>> asked{
        {"assign", R"({"assignee":"anna","team":"network"})"},
        {"take", ""},
        {"pending", R"({"reason":"supplier"})"},
        {"resume", "{}"},
        {"reopen", ""},
        {"cancel", R"({"text":"none"})"},
        {"close", ""},
        {"links", R"({"type":"parent","to":"INC-2"})"}
    };
    for (const auto& [path, body] : asked) {
        EXPECT_EQ(post("/api/v1/incidents/1/" + path, body).status, 200) << path;
    }
    EXPECT_EQ(send("PATCH", "/api/v1/incidents/1", R"({"urgency":"low"})").status, 200);
    std::vector<std::string> names;
    for (const Command& command : around_.commands) {
        names.push_back(command.name);
        EXPECT_EQ(boost::json::parse(command.body).at("number"), 1);
    }
    EXPECT_THAT(
        names,
        ElementsAre(
            "incident.assign",
            "incident.take",
            "incident.pending",
            "incident.resume",
            "incident.reopen",
            "incident.cancel",
            "incident.close",
            "incident.link",
            "incident.edit"
        )
    );
    EXPECT_EQ(boost::json::parse(around_.commands[7].body).at("to"), 2);
}

TEST_F(ApiIncidents, RefuseFormsThatSayNothing) {
    for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
             {"/1/assign", "{}"},
             {"/1/pending", R"({"reason":"weather"})"},
             {"/1/cancel", "{}"},
             {"/1/links", R"({"type":"parent","to":"x"})"},
             {"/1/links", R"({"type":"enemy","to":"2"})"},
             {"/actions", R"({"action":"take"})"},
             {"/actions", R"({"action":"take","ids":["1"],"q":"open = true"})"},
             {"/actions", R"({"action":"dance","ids":["1"]})"},
             {"", R"({"kind":"reported"})"},
             {"", R"({"title":"x","kind":"storm"})"}
         }) {
        EXPECT_EQ(post("/api/v1/incidents" + path, body).status, 400) << path << body;
    }
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiIncidents, AreReportedWithTheIdOfWhatTheyAreAbout) {
    state_.ci(1, "intranet");
    around_.verdict = Verdict{201, R"({"number":1,"id":"INC-1"})", "42"};
    const HttpResponse made =
        post("/api/v1/incidents", R"({"title":"slow","ci":"intranet","kind":"complaint"})");
    EXPECT_EQ(made.status, 201);
    const boost::json::value body = boost::json::parse(around_.commands.at(0).body);
    EXPECT_EQ(body.at("ci").as_string(), id_text(1));
    EXPECT_EQ(post("/api/v1/incidents", R"({"title":"slow","ci":"nowhere"})").status, 404);
    EXPECT_EQ(around_.commands.size(), 1U);
}

TEST_F(ApiIncidents, OfOtherSitesAreOutOfReachOfEveryCommand) {
    state_.ci(1, "intranet", "up", "HQ");
    state_.ci(2, "far", "up", "Depot");
    state_.incident(1, 1);
    state_.incident(2, 2);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(post("/api/v1/incidents/2/take", "").status, 404);
    EXPECT_EQ(post("/api/v1/incidents/1/links", R"({"type":"related","to":"2"})").status, 404);
    EXPECT_EQ(
        post(
            "/api/v1/incidents/actions",
            R"({"action":"link","ids":["1"],"type":"related","to":"2"})"
        )
            .status,
        404
    ) << "nor many at once";
    EXPECT_EQ(post("/api/v1/incidents", R"({"title":"x","ci":"far"})").status, 404);
    EXPECT_EQ(post("/api/v1/incidents", R"({"title":"x","site":"Depot"})").status, 400);
    EXPECT_EQ(post("/api/v1/incidents", R"({"title":"x"})").status, 400) << "at no site";
    EXPECT_TRUE(around_.commands.empty());
    EXPECT_EQ(
        post("/api/v1/incidents/actions", R"({"action":"take","q":"open = true"})").status, 200
    );
    const boost::json::value body = boost::json::parse(around_.commands.at(0).body);
    EXPECT_EQ(body.at("sites").as_array().size(), 1U);
    EXPECT_EQ(body.at("sites").at(0), "HQ");
}

TEST_F(ApiIncidents, ComeInPagesThatNeitherRepeatNorLeaveOut) {
    state_.ci(1, "intranet");
    for (std::int64_t number = 1; number <= 7; ++number) {
        state_.incident(number, 1);
    }
    std::vector<std::int64_t> all;
    std::string cursor;
    int pages = 0;
    do {
        const HttpResponse response =
            get("/api/v1/incidents?limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor));
        for (const std::int64_t number : numbers_in(response)) {
            all.push_back(number);
        }
        cursor = cursor_in(response);
        ++pages;
    } while (!cursor.empty());
    EXPECT_THAT(all, ElementsAre(7, 6, 5, 4, 3, 2, 1));
    EXPECT_EQ(pages, 3);
}

TEST_F(ApiIncidents, RefuseTheCursorOfAnotherList) {
    state_.ci(1, "a");
    state_.ci(2, "b");
    const std::string cursor = cursor_in(get("/api/v1/cis?limit=1"));
    ASSERT_FALSE(cursor.empty());
    EXPECT_EQ(get("/api/v1/cis?limit=1&cursor=" + cursor).status, 200);
    EXPECT_EQ(get("/api/v1/incidents?cursor=" + cursor).status, 400);
}

TEST_F(ApiIncidents, AreFoundByNumberInEitherForm) {
    state_.ci(1, "intranet");
    state_.incident(31, 1);
    EXPECT_EQ(body_of(get("/api/v1/incidents/31")).at("number"), 31);
    const HttpResponse response = get("/api/v1/incidents/INC-31");
    EXPECT_EQ(body_of(response).at("number"), 31);
    EXPECT_THAT(response.headers, Contains(Pair("ETag", "\"310\"")));
    for (const char* other : {"32", "INC-", "x", "-1", "99999999999999999999", "31x"}) {
        EXPECT_EQ(get(std::string("/api/v1/incidents/") + other).status, 404) << other;
    }
}

TEST_F(ApiIncidents, TellWhatHappenedAndWhy) {
    state_.ci(1, "intranet");
    state_.incident(1, 1);
    state_.timeline(1, 10, "opened");
    state_.timeline(1, 12, "notified");
    state_.message(10, 1, "ops");
    const boost::json::value timeline = body_of(get("/api/v1/incidents/1/timeline"));
    ASSERT_EQ(timeline.at("items").as_array().size(), 2U);
    EXPECT_EQ(timeline.at("items").at(0).at("kind"), "opened");
    EXPECT_EQ(timeline.at("items").at(1).at("id"), "12.0");
    const boost::json::value why = body_of(get("/api/v1/incidents/1/why"));
    EXPECT_EQ(why.at("why").at("rule"), "3 in a row");
    EXPECT_EQ(why.at("incident").at("number"), 1);
    EXPECT_EQ(why.at("told").at(0).at("channel"), "ops");
    EXPECT_EQ(why.at("told").at(0).at("state"), "waiting");
    EXPECT_EQ(get("/api/v1/incidents/2/why").status, 404);
}

TEST_F(ApiIncidents, ShowWhatDevicesSaidWithoutItsTricks) {
    state_.ci(1, "intranet");
    state_.incident(1, 1);
    Statement hostile = *state_.database().prepare("UPDATE incident SET seen = CAST(?1 AS TEXT)");
    const std::string seen =
        "\xff\x1b[31m<script>\n\xe2\x80\xae"
        "end";
    hostile.bind_blob(0, seen);
    ASSERT_TRUE(hostile.run());
    const boost::json::value incident = body_of(get("/api/v1/incidents/1"));
    const std::string shown(incident.at("seen").as_string());
    EXPECT_EQ(
        shown,
        "\xef\xbf\xbd\xef\xbf\xbd[31m<script>\n\xef\xbf\xbd"
        "end"
    );
}

TEST_F(ApiIncidents, PassCommandsToTheBrainWithWhoAndUnderWhichKey) {
    const HttpResponse response = post(
        "/api/v1/incidents/INC-31/comments",
        R"({"text":"on it"})",
        {{"idempotency-key", "k1"}, {"if-match", "\"310\""}}
    );
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"ok":true})");
    EXPECT_THAT(response.headers, Contains(Pair("ETag", "\"42\"")));
    ASSERT_EQ(around_.commands.size(), 1U);
    const Command& command = around_.commands[0];
    EXPECT_EQ(command.name, "incident.comment");
    EXPECT_EQ(command.actor, "admin");
    EXPECT_EQ(command.idempotency_key, "k1");
    EXPECT_EQ(command.if_match, "310");
    EXPECT_FALSE(command.request_id.empty());
    EXPECT_THAT(response.headers, Contains(Pair("Request-Id", command.request_id)));
    EXPECT_EQ(boost::json::parse(command.body).at("number"), 31);
    EXPECT_EQ(boost::json::parse(command.body).at("text"), "on it");
}

TEST_F(ApiIncidents, AreAcknowledgedAndResolved) {
    EXPECT_EQ(post("/api/v1/incidents/1/acknowledge", "").status, 200);
    EXPECT_EQ(
        post("/api/v1/incidents/1/resolve", R"({"text":"cable","code":"fixed"})").status, 200
    );
    ASSERT_EQ(around_.commands.size(), 2U);
    EXPECT_EQ(around_.commands[0].name, "incident.acknowledge");
    EXPECT_EQ(around_.commands[1].name, "incident.resolve");
    EXPECT_EQ(boost::json::parse(around_.commands[1].body).at("code"), "fixed");
}

TEST_F(ApiIncidents, AnswerTheVerdictAsItIs) {
    around_.verdict = Verdict{409, R"({"title":"Conflict","status":409})", ""};
    const HttpResponse response = post("/api/v1/incidents/1/resolve", "{}");
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/problem+json");
    around_.verdict = failure(ErrorKind::timeout, "no verdict within 2s");
    const HttpResponse late = post("/api/v1/incidents/1/resolve", "{}");
    EXPECT_EQ(late.status, 503);
    EXPECT_THAT(late.headers, Contains(Pair("Retry-After", "1")));
}

TEST_F(ApiIncidents, SayEverythingThatIsWrongWithABody) {
    const HttpResponse response =
        post("/api/v1/incidents/1/resolve", R"({"text":7,"code":"a\u0007","more":1})");
    EXPECT_EQ(response.status, 400);
    const boost::json::value body = body_of(response);
    std::vector<std::string> pointers;
    for (const boost::json::value& flaw : body.at("errors").as_array()) {
        pointers.emplace_back(flaw.at("pointer").as_string());
    }
    EXPECT_THAT(pointers, ElementsAre("/text", "/code", "/more"));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "[";
    }
    for (const std::string& bad :
         {std::string("{"), std::string("[]"), std::string("\xff"), std::string("1e999"), deep}) {
        EXPECT_EQ(post("/api/v1/incidents/1/resolve", bad).status, 400) << bad.substr(0, 10);
    }
    EXPECT_EQ(post("/api/v1/incidents/1/comments", "{}").status, 400);
    EXPECT_EQ(
        post("/api/v1/incidents/1/comments", R"({"text":"x"})", {{"idempotency-key", "\x01"}})
            .status,
        400
    );
    EXPECT_TRUE(around_.commands.empty());
}

}  // namespace
}  // namespace muster::collector::test
