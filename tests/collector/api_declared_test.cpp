#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <utility>

namespace muster::collector::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiDeclared : public ApiTest {
  protected:
    static std::string tag_of(const HttpResponse& response) {
        const auto found = std::ranges::find(
            response.headers, "ETag", &std::pair<std::string, std::string>::first
        );
        return found == response.headers.end() ? "" : found->second;
    }

    static std::string pointer_of(const HttpResponse& refusal) {
        return std::string(body_of(refusal).at("errors").at(0).at("pointer").as_string());
    }

    static constexpr const char* policy =
        R"({"match":"class = application_endpoint","probes":[{"type":"icmp","interval":"10s"}],"breach":{"any":[{"metric":"rtt_avg","above":200.5}]}})";
};

TEST_F(ApiDeclared, PutIsIdempotentByNaturalName) {
    const HttpResponse first = send("PUT", "/api/v1/policies/web%20%C3%BC", policy);
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(body_of(first).at("changes").as_array().size(), 1U);
    const HttpResponse again = send("PUT", "/api/v1/policies/web%20%C3%BC", policy);
    ASSERT_EQ(again.status, 200) << again.body;
    EXPECT_TRUE(body_of(again).at("changes").as_array().empty());
    const boost::json::value shown = body_of(get("/api/v1/policies/web%20%C3%BC"));
    EXPECT_EQ(shown.at("name").as_string(), "web ü");
    EXPECT_EQ(configuration_.running().watch.policies.at(0).rule.metrics.at(0).limit, 200'500);
}

TEST_F(ApiDeclared, DeleteTakesAwayThatOneOnly) {
    ASSERT_EQ(send("PUT", "/api/v1/policies/a", policy).status, 201);
    ASSERT_EQ(send("PUT", "/api/v1/policies/b", policy).status, 201);
    ASSERT_EQ(send("DELETE", "/api/v1/policies/a", "{}").status, 200);
    EXPECT_EQ(get("/api/v1/policies/a").status, 404);
    EXPECT_EQ(get("/api/v1/policies/b").status, 200);
    EXPECT_EQ(send("DELETE", "/api/v1/policies/a", "{}").status, 404);
}

TEST_F(ApiDeclared, IfMatchGuardsAgainstLostChanges) {
    ASSERT_EQ(send("PUT", "/api/v1/thresholds/t", R"({"pin":"web","hold":"1m"})").status, 201);
    const std::string etag = tag_of(get("/api/v1/thresholds/t"));
    ASSERT_FALSE(etag.empty());
    ASSERT_EQ(
        send(
            "PUT", "/api/v1/thresholds/t", R"({"pin":"web","hold":"2m"})", {{"if-match", etag}}
        ).status,
        200
    );
    EXPECT_EQ(
        send(
            "PUT", "/api/v1/thresholds/t", R"({"pin":"web","hold":"3m"})", {{"if-match", etag}}
        ).status,
        412
    );
    EXPECT_EQ(send("DELETE", "/api/v1/thresholds/t", "{}", {{"if-match", etag}}).status, 412);
    EXPECT_EQ(body_of(get("/api/v1/thresholds/t")).at("says").at(0).as_string(), "held 2m");
    EXPECT_EQ(send("DELETE", "/api/v1/thresholds/t", "{}", {{"if-match", "*"}}).status, 200);
}

TEST_F(ApiDeclared, RefusesWhatIsWrongAndChangesNothing) {
    const HttpResponse wrong = send(
        "PUT",
        "/api/v1/thresholds/t",
        R"({"pin":"web","breach":{"any":[{"metric":"rtt_agv","above":1}]}})"
    );
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr("has \\\"rtt_agv\\\"; did you mean \\\"rtt_avg\\\"?"));
    EXPECT_EQ(pointer_of(wrong), "/breach/any/0/metric");
    EXPECT_EQ(get("/api/v1/thresholds/t").status, 404);
    EXPECT_EQ(
        send("PUT", "/api/v1/thresholds/t", R"({"name":"other","pin":"web","hold":"1s"})").status,
        400
    );
    EXPECT_EQ(send("PUT", "/api/v1/thresholds/t", "[]").status, 400);
}

TEST_F(ApiDeclared, LeavesWhatStandsInAnotherFileToThatFile) {
    ASSERT_EQ(
        post(
            "/api/v1/apply",
            R"({"files":[{"name":"web.yaml","text":"thresholds:\n  - {name: t, pin: web, hold: 1s}\n"}]})"
        )
            .status,
        200
    );
    const HttpResponse refused =
        send("PUT", "/api/v1/thresholds/t", R"({"pin":"web","hold":"2s"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("applied/web.yaml, line 2"));
}

TEST_F(ApiDeclared, SaysThatNobodyWillBeToldWhereTheLastChannelGoes) {
    const auto detail = [](const HttpResponse& response) {
        EXPECT_LT(response.status, 300) << response.body;
        const boost::json::value body = body_of(response);
        const boost::json::array& warnings = body.at("warnings").as_array();
        std::string told;  // beside that the secret of a channel is not there
        for (const boost::json::value& warning : warnings) {
            const std::string text(warning.at("detail").as_string());
            told += text.find("no channel is left") != std::string::npos ? text : "";
        }
        return told;
    };
    const auto apply = [&](const std::string& files, const std::string& flags) {
        return detail(post("/api/v1/apply", R"({"files":[)" + files + "]" + flags + "}"));
    };
    const std::string one =
        R"({"name":"a.yaml","text":"channels:\n  - {name: a, type: webhook, url: 'https://127.0.0.1/a', secret: {file: /etc/muster/hook}}\n"})";
    const std::string none = R"({"name":"b.yaml","text":"policies: []\n"})";
    EXPECT_EQ(apply(one, ""), "");
    EXPECT_THAT(apply(none, R"(,"prune":true,"dry_run":true)"), HasSubstr("nobody will be told"));
    EXPECT_THAT(apply(none, R"(,"prune":true)"), HasSubstr("nobody will be told"));
    EXPECT_EQ(apply(none, R"(,"prune":true)"), "") << "there was none before";

    constexpr const char* channel =
        R"({"type":"webhook","url":"https://127.0.0.1/c","secret":{"file":"/etc/muster/hook"}})";
    EXPECT_EQ(detail(send("PUT", "/api/v1/channels/b", channel)), "");
    EXPECT_EQ(detail(send("PUT", "/api/v1/channels/c", channel)), "");
    EXPECT_EQ(detail(send("DELETE", "/api/v1/channels/b", "")), "") << "one is left";
    EXPECT_THAT(detail(send("DELETE", "/api/v1/channels/c", "")), HasSubstr("nobody will be told"));
}

TEST_F(ApiDeclared, TellsAnUnchangedAnswerApartFromOneWhoseFiguresChanged) {
    state_.agent(1, "a1");
    state_.ci(1, "web");
    ASSERT_EQ(send("PUT", "/api/v1/policies/p", policy).status, 201);
    const std::string before = tag_of(get("/api/v1/policies/p"));
    EXPECT_EQ(send("GET", "/api/v1/policies/p", "", {{"if-none-match", before}}).status, 304);
    state_.probe(2, 1, 1, "icmp", "ok");
    ASSERT_TRUE(state_.database().execute("UPDATE probe SET origin = 'policy p'"));
    EXPECT_EQ(send("GET", "/api/v1/policies/p", "", {{"if-none-match", before}}).status, 200);
    EXPECT_EQ(send("PUT", "/api/v1/policies/p", policy, {{"if-match", before}}).status, 200);
}

// --- as it is declared ---

TEST_F(ApiDeclared, IsShownAsItIsDeclared) {
    const char* const target =
        R"({"class":"server","address":"10.3.0.8","site":"12","breach":{"failures":4},"probes":[)"
        R"({"type":"snmp","community":{"file":"/etc/muster/secrets/c"},"port":1161,"interval":"30s"},)"
        R"({"type":"http","url":"https://intranet.example/","expect":{"status":200}}]})";
    ASSERT_EQ(send("PUT", "/api/v1/targets/core", target).status, 201);
    const boost::json::value shown = body_of(get("/api/v1/targets/core"));
    const boost::json::value& snmp = shown.at("probes").at(0);
    EXPECT_EQ(snmp.at("community").at("file"), "/etc/muster/secrets/c");
    EXPECT_EQ(snmp.at("port"), 1161);
    EXPECT_EQ(snmp.at("timeout"), "5s") << "what is not declared is what it comes to";
    EXPECT_EQ(shown.at("probes").at(1).at("url"), "https://intranet.example/");
    EXPECT_EQ(shown.at("probes").at(1).at("expect").at("status"), 200);
    EXPECT_EQ(shown.at("breach").at("failures"), 4);
    EXPECT_EQ(shown.at("site"), "12") << "a text, though a file needs no quotes for it";
    EXPECT_TRUE(shown.at("service").is_null());
    EXPECT_TRUE(shown.at("hold").is_null());
    ASSERT_EQ(
        send(
            "PUT",
            "/api/v1/policies/gear",
            R"({"match":"class = server","breach":{"any":[{"availability":"< 90%","over":"15m"}]},"probes":[{"type":"icmp","count":3}]})"
        )
            .status,
        201
    );
    const boost::json::value policy_shown = body_of(get("/api/v1/policies/gear"));
    EXPECT_EQ(policy_shown.at("probes").at(0).at("count"), 3);
    EXPECT_EQ(policy_shown.at("breach").at("any").at(0).at("over"), "15m");
}

TEST_F(ApiDeclared, AnAnswerPutBackChangesNothing) {
    const std::map<std::string, const char*> all = {
        {"targets/t", R"({"address":"10.3.0.8","probes":[{"type":"icmp"},{"type":"icmp"}]})"},
        {"targets/web%7Bn%7D",
         R"({"each":"1..3","address":"10.3.1.{n}","probes":[{"type":"icmp","name":"ping"}]})"},
        {"policies/p", policy},
        {"thresholds/t", R"({"pin":"web","probe":{"type":"icmp"},"hold":"1m"})"},
    };
    for (const auto& [path, declared] : all) {
        SCOPED_TRACE(path);
        ASSERT_EQ(send("PUT", "/api/v1/" + path, declared).status, 201);
        const HttpResponse shown = get("/api/v1/" + path);
        const HttpResponse back = send("PUT", "/api/v1/" + path, shown.body);
        ASSERT_EQ(back.status, 200) << back.body;
        EXPECT_TRUE(body_of(back).at("changes").as_array().empty()) << back.body;
    }
}

TEST_F(ApiDeclared, WhatIsChangedInAnAnswerIsTaken) {
    ASSERT_EQ(send("PUT", "/api/v1/policies/p", policy).status, 201);
    boost::json::object shown = body_of(get("/api/v1/policies/p")).as_object();
    shown["urgency"] = "high";
    shown["cis"] = 77;  // may have changed since
    shown.at("probes").at(0).as_object()["timeout"] = "2s";
    const HttpResponse put = send("PUT", "/api/v1/policies/p", boost::json::serialize(shown));
    ASSERT_EQ(put.status, 200) << put.body;
    const boost::json::value now = body_of(get("/api/v1/policies/p"));
    EXPECT_EQ(now.at("urgency"), "high");
    EXPECT_EQ(now.at("probes").at(0).at("timeout"), "2s");
    // Under another name it is another one.
    shown.erase("name");
    const HttpResponse other = send("PUT", "/api/v1/policies/q", boost::json::serialize(shown));
    EXPECT_EQ(other.status, 201) << other.body;
    shown["portt"] = 1;
    EXPECT_EQ(send("PUT", "/api/v1/policies/p", boost::json::serialize(shown)).status, 400);
}

// --- targets ---

TEST_F(ApiDeclared, ATargetIsPutShownAndTakenAway) {
    const HttpResponse put = send(
        "PUT",
        "/api/v1/targets/shop%20till",
        R"({"address":"10.3.0.7","class":"server","labels":{"floor":"2"},"probes":[{"type":"icmp","interval":"30s"}]})"
    );
    ASSERT_EQ(put.status, 201) << put.body;
    const boost::json::value shown = body_of(get("/api/v1/targets/shop%20till"));
    EXPECT_EQ(shown.at("address").as_string(), "10.3.0.7");
    EXPECT_EQ(shown.at("labels").at("floor").as_string(), "2");
    EXPECT_EQ(shown.at("probes").at(0).at("interval").as_string(), "30s");
    EXPECT_EQ(shown.at("repeats").as_int64(), 1);
    EXPECT_THAT(std::string(shown.at("file").as_string()), HasSubstr("applied/targets-"));
    EXPECT_EQ(body_of(get("/api/v1/targets?q=class%20%3D%20server")).at("total_estimate"), 1);
    EXPECT_EQ(
        send("DELETE", "/api/v1/targets/shop%20till", "", {{"if-match", "\"0\""}}).status, 412
    );
    EXPECT_EQ(send("DELETE", "/api/v1/targets/shop%20till", "").status, 200);
    EXPECT_EQ(get("/api/v1/targets/shop%20till").status, 404);
    EXPECT_TRUE(configuration_.running().watch.targets.empty());
}

TEST_F(ApiDeclared, ATargetThatIsRepeatedIsOneUnderTheNameItWasDeclaredBy) {
    const char* const till =
        R"({"each":"1..250","address":"10.3.0.{n}","class":"server","probes":[{"type":"icmp"}]})";
    ASSERT_EQ(send("PUT", "/api/v1/targets/till%7Bn%7D", till).status, 201);
    ASSERT_EQ(send("PUT", "/api/v1/targets/till%7Bn%7D", till).status, 200);
    const boost::json::value all = body_of(get("/api/v1/targets"));
    ASSERT_EQ(all.at("items").as_array().size(), 1U);
    EXPECT_EQ(all.at("items").at(0).at("name").as_string(), "till{n}");
    EXPECT_EQ(all.at("items").at(0).at("repeats").as_int64(), 250);
    const HttpResponse one = get("/api/v1/targets/till7");
    EXPECT_EQ(one.status, 404);
    EXPECT_THAT(one.body, HasSubstr("one of those that the target \\\"till{n}\\\" repeats"));
    const HttpResponse taken =
        send("PUT", "/api/v1/targets/till7", R"({"address":"10.3.0.7","class":"server"})");
    EXPECT_EQ(taken.status, 400);
    EXPECT_EQ(pointer_of(taken), "/name");
    EXPECT_EQ(configuration_.running().watch.targets.size(), 250U);
}

TEST_F(ApiDeclared, EveryMistakeIsToldWithAPointerToItsMember) {
    const HttpResponse wrong = send(
        "PUT",
        "/api/v1/targets/shop",
        R"({"address":"10.3.0.7","class":"severs","a/b":1,"probes":[{"type":"icmp"},{"type":"icmp","interval":"soon"}]})"
    );
    ASSERT_EQ(wrong.status, 400);
    std::vector<std::string> pointers;
    const boost::json::value refusal = body_of(wrong);
    for (const boost::json::value& flaw : refusal.at("errors").as_array()) {
        pointers.emplace_back(flaw.at("pointer").as_string());
        EXPECT_THAT(std::string(flaw.at("detail").as_string()), Not(HasSubstr("applied/")));
    }
    EXPECT_THAT(pointers, ::testing::UnorderedElementsAre("/class", "/a~1b", "/probes/1/interval"));
    EXPECT_TRUE(configuration_.running().watch.targets.empty());
}

TEST_F(ApiDeclared, OnlyWhoMayEditDeclares) {
    around_.granted = Permission::operate;
    EXPECT_EQ(send("PUT", "/api/v1/targets/a", R"({"address":"10.3.0.7"})").status, 403);
    EXPECT_EQ(send("DELETE", "/api/v1/channels/a", "").status, 403);
    EXPECT_EQ(get("/api/v1/targets").status, 200);
}

// --- channels ---

TEST_F(ApiDeclared, AChannelIsPutWithTheNameOfItsSecretAlone) {
    const HttpResponse literal = send(
        "PUT",
        "/api/v1/channels/night",
        R"({"url":"https://hooks.example.net/x","secret":"correct horse"})"
    );
    EXPECT_EQ(literal.status, 400);
    EXPECT_EQ(pointer_of(literal), "/secret");
    EXPECT_THAT(literal.body, Not(HasSubstr("correct horse")));
    const HttpResponse put = send(
        "PUT",
        "/api/v1/channels/night",
        R"({"url":"https://hooks.example.net/x","secret":{"file":"/etc/muster/secrets/nowhere.key"}})"
    );
    ASSERT_EQ(put.status, 201) << put.body;
    const boost::json::value warning = body_of(put).at("warnings").at(0);
    EXPECT_THAT(std::string(warning.at("pointer").as_string()), HasSubstr("/secret"));
    EXPECT_THAT(
        std::string(warning.at("detail").as_string()), HasSubstr("/etc/muster/secrets/nowhere.key")
    );
    ASSERT_EQ(configuration_.running().watch.channels.size(), 1U);
    EXPECT_EQ(send("DELETE", "/api/v1/channels/night", "").status, 200);
    EXPECT_TRUE(configuration_.running().watch.channels.empty());
}

TEST_F(ApiDeclared, NamesNoSecretOfTheCollectorOrTheMachine) {
    for (const std::string& path : {dir_ / "data/admin.token", std::string("/etc/shadow")}) {
        const HttpResponse refused = send(
            "PUT",
            "/api/v1/channels/night",
            R"({"url":"https://hooks.example.net/x","secret":{"file":")" + path + R"("}})"
        );
        ASSERT_EQ(refused.status, 400) << path;
        const boost::json::value flaw = body_of(refused).at("errors").at(0);
        EXPECT_EQ(flaw.at("pointer").as_string(), "/secret");
        EXPECT_THAT(std::string(flaw.at("detail").as_string()), HasSubstr(path));
    }
}

TEST_F(ApiDeclared, AChannelIsTheSameHoweverItFares) {
    ASSERT_TRUE(write_file_atomically(files_, dir_ / "key", "sesame"));
    const std::string body =
        R"({"url":"https://hooks.example.net/x","secret":{"file":")" + (dir_ / "key") + R"("}})";
    ASSERT_EQ(send("PUT", "/api/v1/channels/night", body).status, 201);
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO channel (name, position, type, target, match, rate_messages, rate_per_ms, "
        "state, state_since, failures, last_error, delivered, waiting, merged) VALUES "
        "('night', 1, 'webhook', 'https://hooks.example.net', '', 600, 60000, 'working', 1, 0, "
        "'', 2, 0, 0)"
    ));
    const HttpResponse shown = get("/api/v1/channels/night");
    EXPECT_EQ(body_of(shown).at("secret").at("file").as_string(), dir_ / "key");
    EXPECT_TRUE(body_of(shown).at("password").is_null());
    EXPECT_THAT(shown.body, Not(HasSubstr("sesame")));
    ASSERT_TRUE(state_.database().execute("UPDATE channel SET failures = 1"));
    EXPECT_NE(tag_of(get("/api/v1/channels/night")), tag_of(shown));
    EXPECT_EQ(
        send("PUT", "/api/v1/channels/night", body, {{"if-match", tag_of(shown)}}).status, 200
    );
    EXPECT_EQ(body_of(shown).at("url"), "https://hooks.example.net/x");
    const HttpResponse back = send("PUT", "/api/v1/channels/night", shown.body);
    ASSERT_EQ(back.status, 200) << back.body;
    EXPECT_TRUE(body_of(back).at("changes").as_array().empty()) << back.body;
    around_.granted = Permission::operate;
    EXPECT_THAT(get("/api/v1/channels/night").body, Not(HasSubstr("example.net/x")))
        << "whoever knows it may post there";
}

}  // namespace
}  // namespace muster::collector::test
