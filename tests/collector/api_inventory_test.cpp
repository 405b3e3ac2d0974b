#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;

class ApiInventory : public ApiTest {
  protected:
    /// A text member of every item, over all pages.
    std::vector<std::string> all(const std::string& path, const std::string& member) {
        std::vector<std::string> found;
        std::string cursor;
        const char* const join = path.find('?') == std::string::npos ? "?" : "&";
        do {
            const HttpResponse response =
                get(path + join + "limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
            EXPECT_EQ(response.status, 200) << response.body;
            const boost::json::value body = body_of(response);
            for (const boost::json::value& item : body.at("items").as_array()) {
                found.emplace_back(item.at(member).as_string());
            }
            const boost::json::value& next = body.at("next_cursor");
            cursor = next.is_null() ? "" : std::string(next.as_string());
        } while (!cursor.empty());
        return found;
    }
};

TEST_F(ApiInventory, ListsCisByNameEvenWhereNamesRepeat) {
    state_.ci(3, "b");
    state_.ci(1, "a");
    state_.ci(2, "b");
    state_.ci(4, "b");
    state_.ci(5, "ü c");
    EXPECT_THAT(
        all("/api/v1/cis", "id"),
        ElementsAre(id_text(1), id_text(2), id_text(3), id_text(4), id_text(5))
    );
    EXPECT_THAT(all("/api/v1/cis?class=server", "id"), ElementsAre());
    EXPECT_THAT(all("/api/v1/cis?site=HQ&class=application_endpoint", "name").size(), 5U);
}

TEST_F(ApiInventory, RefusesAStateThatIsNone) {
    for (const char* list : {"cis", "probes", "agents", "incidents"}) {
        const std::string path = std::string("/api/v1/") + list;
        EXPECT_EQ(get(path + "?state=bogus").status, 400) << list;
    }
    EXPECT_EQ(get("/api/v1/probes?state=critical").status, 200);
    EXPECT_EQ(get("/api/v1/incidents?state=open").status, 200);
}

TEST_F(ApiInventory, FindsACiByIdOrNaturalName) {
    state_.ci(1, "intranet");
    state_.ci(2, "web/1 ü");
    state_.ci(3, "twin");
    state_.ci(4, "twin");
    EXPECT_EQ(body_of(get("/api/v1/cis/intranet")).at("id").as_string(), id_text(1));
    EXPECT_EQ(body_of(get("/api/v1/cis/" + id_text(1))).at("name"), "intranet");
    EXPECT_EQ(body_of(get("/api/v1/cis/web%2F1%20%C3%BC")).at("id").as_string(), id_text(2));
    EXPECT_EQ(get("/api/v1/cis/twin").status, 409);
    EXPECT_EQ(get("/api/v1/cis/nothing").status, 404);
    EXPECT_EQ(get("/api/v1/cis/" + id_text(9)).status, 404);
}

TEST_F(ApiInventory, ShowsWhatHoldsOfACiNow) {
    state_.ci(1, "intranet");
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO ci_attribute VALUES (x'00000000000000000000000000000001', 'url', 'https://a', "
        "'configuration', 1, 5, 1, NULL);"
        "INSERT INTO ci_attribute VALUES (x'00000000000000000000000000000001', 'url', 'https://b', "
        "'configuration', 5, NULL, 2, NULL);"
        "INSERT INTO ci_key VALUES ('configuration', 'name', 'intranet', "
        "x'00000000000000000000000000000001', 'active')"
    ));
    const boost::json::value ci = body_of(get("/api/v1/cis/intranet"));
    ASSERT_EQ(ci.at("attributes").as_array().size(), 1U);
    EXPECT_EQ(ci.at("attributes").at(0).at("value"), "https://b");
    EXPECT_EQ(ci.at("keys").at(0).at("value"), "intranet");
    EXPECT_EQ(ci.at("state"), "up");
}

TEST_F(ApiInventory, CallsUnobservedWhatNobodyWatches) {
    state_.ci(1, "watched", "down");
    state_.ci(2, "unwatched");
    state_.ci(3, "half");
    state_.ci(4, "new", "unproven");
    state_.agent(1, "agent1");
    state_.agent(2, "agent2", "silent");
    state_.unobserved(1, 10, 20);
    state_.unobserved(2, 1'000'000'000);
    state_.probe(1, 1, 1, "icmp", "critical");
    state_.probe(2, 2, 2, "icmp", "ok");
    state_.probe(3, 3, 1, "http", "ok");
    state_.probe(4, 3, 2, "icmp", "ok");
    state_.probe(5, 4, 2, "icmp", "unproven");

    EXPECT_THAT(
        all("/api/v1/probes", "state"),
        ElementsAre("ok", "unobserved", "unproven", "unobserved", "critical")
    );
    EXPECT_THAT(
        all("/api/v1/probes?state=unobserved", "ci_name"), ElementsAre("half", "unwatched")
    );
    EXPECT_THAT(all("/api/v1/cis", "state"), ElementsAre("up", "unproven", "unobserved", "down"));
    EXPECT_THAT(all("/api/v1/cis?state=unobserved", "name"), ElementsAre("unwatched"));
    const boost::json::value probe = body_of(get("/api/v1/probes/" + id_text(2)));
    EXPECT_EQ(probe.at("state"), "unobserved");
    EXPECT_EQ(probe.at("last_state"), "ok");
    EXPECT_EQ(probe.at("state_since"), "1970-01-01T00:00:01.000Z");
}

TEST_F(ApiInventory, ListsProbesByCiThenName) {
    state_.ci(1, "b");
    state_.ci(2, "a");
    state_.ci(3, "a");
    state_.agent(1, "agent1");
    state_.probe(1, 1, 1, "z", "ok");
    state_.probe(2, 1, 1, "y", "ok");
    state_.probe(3, 2, 1, "x", "ok");
    state_.probe(4, 3, 1, "w", "ok");
    state_.probe(5, 3, 1, "w", "ok");
    EXPECT_THAT(all("/api/v1/probes", "name"), ElementsAre("x", "w", "w", "y", "z"));
    EXPECT_THAT(all("/api/v1/probes?ci=b", "name"), ElementsAre("y", "z"));
    EXPECT_THAT(all("/api/v1/cis/b/probes", "id"), ElementsAre(id_text(2), id_text(1)));
    const boost::json::value page = body_of(get("/api/v1/probes"));
    EXPECT_EQ(page.at("total_estimate"), 5);
    EXPECT_EQ(page.at("items").at(0).at("interval"), "10s");
    EXPECT_EQ(page.at("items").at(0).at("agent").at("name"), "agent1");
}

TEST_F(ApiInventory, ShowsOneProbeWithItsRuleAndWhenItFailed) {
    state_.ci(1, "intranet");
    state_.agent(1, "agent1");
    state_.probe(1, 1, 1, "icmp", "ok");
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO probe_interval VALUES (x'00000000000000000000000000000001', 1000000000, "
        "2000000000, 'critical', 5, 0)"
    ));
    const boost::json::value probe = body_of(get("/api/v1/probes/" + id_text(1)));
    EXPECT_EQ(probe.at("params").at("count"), "3");
    EXPECT_EQ(probe.at("rule").at("failures"), 3);
    EXPECT_EQ(probe.at("intervals").at(0).at("to"), "1970-01-01T00:00:02.000Z");
    EXPECT_EQ(get("/api/v1/probes/" + id_text(2)).status, 404);
    EXPECT_EQ(get("/api/v1/probes/icmp").status, 404);
}

TEST_F(ApiInventory, ShowsAgents) {
    state_.agent(2, "b", "silent");
    state_.agent(1, "a");
    state_.unobserved(2, 1'000'000'000);
    EXPECT_THAT(all("/api/v1/agents", "name"), ElementsAre("a", "b"));
    EXPECT_THAT(all("/api/v1/agents?state=silent", "name"), ElementsAre("b"));
    const boost::json::value agent = body_of(get("/api/v1/agents/b"));
    EXPECT_EQ(agent.at("assignment_epoch"), 7);
    EXPECT_EQ(agent.at("unobserved").at(0).at("reason"), "silent");
    EXPECT_EQ(agent.at("unobserved_since"), "1970-01-01T00:00:01.000Z");
    EXPECT_EQ(body_of(get("/api/v1/agents/" + id_text(1))).at("name"), "a");
    EXPECT_EQ(get("/api/v1/agents/c").status, 404);
}

TEST_F(ApiInventory, MakesJoinTokensShownOnce) {
    const HttpResponse response =
        post("/api/v1/join-tokens", R"({"ttl":"2h","max_uses":5,"site":"HQ"})");
    EXPECT_EQ(response.status, 201);
    EXPECT_TRUE(body_of(response).at("token").as_string().starts_with("jt1."));
    EXPECT_EQ(body_of(response).at("max_uses"), 5);
    EXPECT_EQ(post("/api/v1/join-tokens", R"({"ttl":"9999d"})").status, 400);
    EXPECT_EQ(post("/api/v1/join-tokens", R"({"max_uses":0})").status, 400);
    const HttpResponse list = get("/api/v1/join-tokens");
    EXPECT_EQ(body_of(list).at("items").at(0).at("id"), body_of(response).at("id"));
    EXPECT_EQ(list.body.find("token\":"), std::string::npos);
}

TEST_F(ApiInventory, MakesJoinTokensForNamesThatFitAndForNetworks) {
    const HttpResponse bound =
        post("/api/v1/join-tokens", R"({"name":"edge-*","max_uses":5,"from":["10.0.0.0/8"]})");
    EXPECT_EQ(bound.status, 201) << bound.body;
    EXPECT_EQ(body_of(bound).at("from").at(0), "10.0.0.0/8");
    EXPECT_EQ(body_of(bound).at("name"), "edge-*");
    const HttpResponse wrong = post("/api/v1/join-tokens", R"({"from":["10.1.0.0/8"]})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.body.find("this network is written 10.0.0.0/8"), std::string::npos);
    EXPECT_EQ(post("/api/v1/join-tokens", R"({"name":"two words"})").status, 400);
}

TEST_F(ApiInventory, WithdrawsAJoinToken) {
    const boost::json::value made = body_of(post("/api/v1/join-tokens", "{}"));
    const std::string path = "/api/v1/join-tokens/" + std::string(made.at("id").as_string());
    EXPECT_EQ(send("DELETE", path, "").status, 200);
    EXPECT_EQ(send("DELETE", path, "").status, 404);
    EXPECT_EQ(body_of(get("/api/v1/join-tokens")).at("items").at(0).at("revoked"), true);
}

TEST_F(ApiInventory, SlowsDownWhoTriesTokens) {
    around_.enrol_answer = failure(ErrorKind::refused, "join token already used");
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/enrol";
    request.door = Door::enrolment;
    request.headers["content-type"] = "application/json";
    request.body =
        R"({"token":"jt1.x","request_pem":"-","facts":{"hostname":"h","kernel":"6.1"},"later":1})";
    HttpResponse response = ask(request);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(body_of(response).at("detail"), "join token already used");
    for (int i = 0; i < 100 && response.status == 403; ++i) {
        response = ask(request);
    }
    EXPECT_EQ(response.status, 429);
    EXPECT_LT(around_.enrolled.size(), 50U);
    clock_.advance(std::chrono::minutes(2));
    EnrolAnswer welcome;
    welcome.agent = AgentId(*Uuid::from_bytes(id_bytes(1)));
    around_.enrol_answer = welcome;
    response = ask(request);
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(body_of(response).at("agent_id").as_string(), id_text(1));
}

TEST_F(ApiInventory, PassesOnTheProofOfAnAgentThatRecovers) {
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/recover";
    request.door = Door::enrolment;
    request.headers["content-type"] = "application/json";
    request.body = R"({"certificate_pem":"c","request_pem":"r","signature":"AQID"})";
    const HttpResponse response = ask(request);
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(around_.recovered, std::vector<std::string>{"\x01\x02\x03"});
    request.body = R"({"certificate_pem":"c","request_pem":"r","signature":"?"})";
    EXPECT_EQ(ask(request).status, 400);
    around_.recover_answer = failure(ErrorKind::refused, "this agent has been revoked");
    request.body = R"({"certificate_pem":"c","request_pem":"r","signature":"AQID"})";
    HttpResponse refused = ask(request);
    EXPECT_EQ(refused.status, 403);
    for (int i = 0; i < 100 && refused.status == 403; ++i) {
        refused = ask(request);
    }
    EXPECT_EQ(refused.status, 429) << "guessing is slow";
}

}  // namespace
}  // namespace muster::collector::test
