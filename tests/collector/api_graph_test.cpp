#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApiGraph : public ApiTest {
  protected:
    ApiGraph() {
        state_.ci(1, "web4");
        state_.ci(2, "eth0");
        state_.ci(3, "far", "up", "Branch");
        execute("UPDATE ci SET class = 'server' WHERE name = 'web4'");
        execute("UPDATE ci SET class = 'interface' WHERE name = 'eth0'");
        // Known as x from 1 s on; at position 7 it was learnt that it became y at 5 s.
        execute(value("'x', 'a'", "1000000000, NULL, 3, 7"));
        execute(value("'x', 'a'", "1000000000, 5000000000, 7, NULL"));
        execute(value("'y', 'a'", "5000000000, NULL, 7, NULL"));
        execute(
            "INSERT INTO ci_relation VALUES ('a', 'host', 'contains', 'interface/eth0', "
            "x'00000000000000000000000000000001', x'00000000000000000000000000000002', "
            "1000000000, NULL, 3, NULL)"
        );
        execute(
            "INSERT INTO ci_relation VALUES ('a', 'host', 'depends_on', 'far', "
            "x'00000000000000000000000000000001', x'00000000000000000000000000000003', "
            "1000000000, 2000000000, 3, NULL)"
        );
        execute(
            "INSERT INTO ci_attribute VALUES (x'00000000000000000000000000000002', 'mac', "
            "'00:1a:2b:3c:4d:5e', 'a', 1, NULL, 3, NULL)"
        );
        execute(
            "INSERT INTO ci_ledger VALUES (2, 0, 1000000000, 'created', "
            "x'00000000000000000000000000000001', NULL, '', 'first statement of it')"
        );
        execute(
            "INSERT INTO ci_duplicate VALUES (x'00000000000000000000000000000001', "
            "x'00000000000000000000000000000003', 'vendor/serial is 1 and 2', 1000000000)"
        );
    }

    void execute(const std::string& sql) {
        const Status done = state_.database().execute(sql);
        ASSERT_TRUE(done) << done.error().text();
    }

    static std::string value(const std::string& what, const std::string& times) {
        return "INSERT INTO ci_attribute VALUES (x'00000000000000000000000000000001', "
               "'hostname', " +
               what + ", " + times + ")";
    }

    std::string hostname(const std::string& query) {
        const boost::json::value ci = body_of(get("/api/v1/cis/web4" + query));
        for (const boost::json::value& each : ci.at("attributes").as_array()) {
            if (each.at("name") == "hostname") {
                return std::string(each.at("value").as_string());
            }
        }
        return "";
    }

    std::vector<std::string> others(const std::string& query) {
        const HttpResponse response = get("/api/v1/cis/web4/relations" + query);
        std::vector<std::string> out;
        EXPECT_EQ(response.status, 200) << response.body;
        const boost::json::value page = body_of(response);
        for (const boost::json::value& each : page.at("items").as_array()) {
            out.push_back(
                std::string(each.at("type").as_string()) + " " +
                std::string(each.at("ci").at("name").as_string())
            );
        }
        return out;
    }
};

TEST_F(ApiGraph, TellsHowItWasThenAndWhatWasBelievedThen) {
    EXPECT_EQ(hostname(""), "y");
    EXPECT_EQ(hostname("?at=1970-01-01T00:00:04Z"), "x");
    EXPECT_EQ(hostname("?at=1970-01-01T00:00:06Z"), "y");
    EXPECT_EQ(hostname("?at=1970-01-01T00:00:06Z&known_at=6"), "x") << "it was not known yet";
    EXPECT_EQ(hostname("?at=1970-01-01T00:00:00Z"), "");
    EXPECT_EQ(get("/api/v1/cis/web4?known_at=soon").status, 400);
    EXPECT_EQ(get("/api/v1/cis/web4?at=soon").status, 400);
}

TEST_F(ApiGraph, TellsRelationsOfAMoment) {
    EXPECT_THAT(others(""), ElementsAre("contains eth0"));
    EXPECT_THAT(others("?at=1970-01-01T00:00:01Z"), ElementsAre("contains eth0", "depends_on far"));
    EXPECT_THAT(others("?type=depends_on"), ElementsAre());
    EXPECT_EQ(get("/api/v1/cis/web4/relations?type=likes").status, 400);
    const auto back = body_of(get("/api/v1/cis/eth0/relations"));
    EXPECT_EQ(back.at("items").at(0).at("direction"), "incoming");
    EXPECT_EQ(back.at("items").at(0).at("type"), "contains");
    EXPECT_EQ(back.at("items").at(0).at("label"), "contained by");
    EXPECT_EQ(back.at("items").at(0).at("ci").at("name"), "web4");
}

TEST_F(ApiGraph, TellsWhatWasLearntNewestFirstOverPages) {
    std::vector<std::string> kinds;
    std::string cursor;
    do {
        const HttpResponse response =
            get("/api/v1/cis/web4/history?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
        ASSERT_EQ(response.status, 200) << response.body;
        const boost::json::value body = body_of(response);
        for (const boost::json::value& item : body.at("items").as_array()) {
            kinds.push_back(
                std::to_string(item.at("position").as_int64()) + " " +
                std::string(item.at("kind").as_string())
            );
        }
        const boost::json::value& next = body.at("next_cursor");
        cursor = next.is_null() ? "" : std::string(next.as_string());
    } while (!cursor.empty());
    EXPECT_THAT(
        kinds,
        ElementsAre(
            "7 attribute", "7 attribute", "3 relation", "3 relation", "3 attribute", "2 identity"
        )
    );
}

TEST_F(ApiGraph, FindsAMacAddressInEveryNotationAndTellsWhereItIs) {
    for (const char* mac : {"00:1a:2b:3c:4d:5e", "001A.2B3C.4D5E", "00-1a-2b-3c-4d-5e"}) {
        const boost::json::value found = body_of(get(std::string("/api/v1/find?q=") + mac));
        ASSERT_EQ(found.at("items").as_array().size(), 1U) << mac;
        const boost::json::value& hit = found.at("items").at(0);
        EXPECT_EQ(hit.at("name"), "eth0");
        EXPECT_EQ(hit.at("matched").at(0), "mac");
        EXPECT_EQ(hit.at("path").at(0).at("name"), "web4");
    }
}

TEST_F(ApiGraph, FindsNamesValuesAndIncidents) {
    EXPECT_EQ(body_of(get("/api/v1/find?q=y")).at("items").at(0).at("name"), "web4");
    EXPECT_EQ(body_of(get("/api/v1/find?q=x")).at("items").as_array().size(), 0U) << "not any more";
    state_.incident(31, 1);
    const boost::json::value hit = body_of(get("/api/v1/find?q=inc-31")).at("items").at(0);
    EXPECT_EQ(hit.at("kind"), "incident");
    EXPECT_EQ(hit.at("id"), "INC-31");
    EXPECT_EQ(hit.at("ci"), "web4");
    EXPECT_EQ(get("/api/v1/find").status, 400);
}

TEST_F(ApiGraph, TellsWhatIsCloseWhereNothingIsTheWhole) {
    const auto close = [&](const std::string& text) {
        const boost::json::value found = body_of(get("/api/v1/find?q=" + text));
        EXPECT_TRUE(found.at("items").as_array().empty()) << text;
        std::vector<std::string> names;
        for (const boost::json::value& hit : found.at("close").as_array()) {
            names.emplace_back(hit.at("name").as_string());
        }
        return names;
    };
    EXPECT_THAT(close("we"), ElementsAre("web4"));
    EXPECT_THAT(close("EB4"), ElementsAre("web4")) << "in small letters and capital ones";
    EXPECT_THAT(close("w"), ElementsAre()) << "one letter is no part";
    EXPECT_THAT(close("w_b"), ElementsAre()) << "it is looked for as it stands";
    for (const char* part : {"00:1a:2b", "001A.2B3", "2b-3c-4d", "3c4d5e", "b3c4"}) {
        EXPECT_THAT(close(part), ElementsAre("eth0")) << part;
    }
    EXPECT_THAT(close("4d.5e"), ElementsAre()) << "with dots it has groups of four";
    execute("UPDATE ci SET name = 'old-web4', site = 'HQ' WHERE name = 'far'");
    EXPECT_THAT(close("web"), ElementsAre("web4", "old-web4")) << "what begins with it is first";
    around_.scope = ReadScope::of_sites({"Branch"});
    EXPECT_THAT(close("web"), ElementsAre()) << "nothing of foreign sites";
    around_.scope = ReadScope::everything();
    EXPECT_TRUE(body_of(get("/api/v1/find?q=web4")).at("close").as_array().empty());
}

TEST_F(ApiGraph, TellsAtMostTwentyThatAreClose) {
    for (std::uint8_t id = 10; id < 40; ++id) {
        state_.ci(id, "rack-" + std::to_string(id));
    }
    const boost::json::value found = body_of(get("/api/v1/find?q=rack-"));
    EXPECT_EQ(found.at("close").as_array().size(), 20U);
}

TEST_F(ApiGraph, LooksForPartsWithinTheSitesOfThePersonFirst) {
    execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) "
        "INSERT INTO ci_key SELECT 'vendor', 'serial', 'rack-' || i, "
        "x'00000000000000000000000000000001', 'trusted' FROM n"
    );
    state_.ci(40, "rack-of-mine");
    execute("UPDATE ci SET site = 'Branch' WHERE name = 'rack-of-mine'");
    execute(
        "INSERT INTO ci_key SELECT 'vendor', 'serial', 'zz-rack-9', id, 'trusted' FROM ci "
        "WHERE name = 'rack-of-mine'"
    );
    around_.scope = ReadScope::of_sites({"Branch"});
    const boost::json::value found = body_of(get("/api/v1/find?q=ack-"));
    ASSERT_EQ(found.at("close").as_array().size(), 1U);
    EXPECT_EQ(found.at("close").at(0).at("matched").as_array().size(), 2U)
        << "6,000 of another site stand before it";
}

TEST_F(ApiGraph, AnswersNothingThatTakesTooLong) {
    reader_.emplace(*StateReader::open(dir_ / "state.db", 1, Duration{}));
    const HttpResponse cut = get("/api/v1/find?q=web");
    EXPECT_EQ(cut.status, 503);
    EXPECT_THAT(
        cut.body, testing::HasSubstr("took too long to answer and was stopped; ask for less")
    );
}

TEST_F(ApiGraph, FindsAnIncidentWhereItsSiteIsAsTheListDoes) {
    state_.incident(31, 1);
    execute("UPDATE incident SET ci = NULL, site = 'Branch' WHERE number = 31");
    const auto count = [&](const std::string& site) {
        around_.scope = ReadScope::of_sites({site});
        return body_of(get("/api/v1/find?q=INC-31")).at("items").as_array().size();
    };
    EXPECT_EQ(count("Branch"), 1U);
    EXPECT_EQ(count("HQ"), 0U);
    around_.scope = ReadScope::everything();
    EXPECT_EQ(body_of(get("/api/v1/find?q=31")).at("items").as_array().size(), 0U)
        << "a number alone is no incident's name here";
    EXPECT_EQ(
        body_of(get("/api/v1/find?q=INC-99999999999999999999")).at("items").as_array().size(), 0U
    );
}

TEST_F(ApiGraph, ShowsNothingOfForeignSites) {
    EXPECT_EQ(body_of(get("/api/v1/duplicates")).at("items").as_array().size(), 1U);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(body_of(get("/api/v1/duplicates")).at("items").as_array().size(), 0U);
    EXPECT_EQ(body_of(get("/api/v1/find?q=far")).at("items").as_array().size(), 0U);
    EXPECT_THAT(others("?at=1970-01-01T00:00:01Z"), ElementsAre("contains eth0"));
    EXPECT_EQ(get("/api/v1/cis/far/history").status, 404);
    EXPECT_EQ(post("/api/v1/cis/web4/merge", R"({"other":"far"})").status, 404);
    EXPECT_EQ(
        post("/api/v1/cis", R"({"class":"server","attributes":{"name":"n","site":"Branch"}})")
            .status,
        403
    );
    EXPECT_EQ(
        post("/api/v1/observations", R"({"completeness":"full","site":"Branch","items":[]})")
            .status,
        403
    );
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiGraph, HandsChangesToTheBrainWithIdsInPlaceOfNames) {
    EXPECT_EQ(
        post("/api/v1/cis/web4/merge?dry_run=true", R"({"other":"far","reason":"moved"})").status,
        200
    );
    ASSERT_EQ(around_.commands.size(), 1U);
    EXPECT_EQ(around_.commands[0].name, "ci.merge");
    const boost::json::value body = boost::json::parse(around_.commands[0].body);
    EXPECT_EQ(body.at("id").as_string(), id_text(1));
    EXPECT_EQ(body.at("other").as_string(), id_text(3));
    EXPECT_EQ(body.at("dry_run"), true);
    EXPECT_EQ(post("/api/v1/cis/web4/merge?dry_run=perhaps", R"({"other":"far"})").status, 400);
    EXPECT_EQ(post("/api/v1/cis/web4/merge", "{}").status, 400);
    EXPECT_EQ(post("/api/v1/cis/nobody/retire", "{}").status, 404);
}

TEST_F(ApiGraph, TellsTheBrainWhichSitesTheCallerMayChange) {
    const std::string run = R"({"completeness":"full","site":"HQ","items":[]})";
    EXPECT_EQ(post("/api/v1/observations", run).status, 200);
    around_.scope = ReadScope::of_sites({"HQ", "Lab"});
    EXPECT_EQ(post("/api/v1/observations", run).status, 200);
    EXPECT_EQ(post("/api/v1/cis/web4/unmerge", "{}").status, 200);
    EXPECT_EQ(post("/api/v1/cis/web4/split", R"({"sites":["Branch"]})").status, 400);
    ASSERT_EQ(around_.commands.size(), 3U);
    const auto sites = [&](std::size_t at) {
        const boost::json::value body = boost::json::parse(around_.commands[at].body);
        const boost::json::value* found = body.as_object().if_contains("sites");
        return found == nullptr ? "none" : boost::json::serialize(*found);
    };
    EXPECT_EQ(sites(0), "none") << "who sees everything changes everything";
    EXPECT_EQ(sites(1), R"(["HQ","Lab"])");
    EXPECT_EQ(sites(2), R"(["HQ","Lab"])");
}

TEST_F(ApiGraph, ChangesACiOnlyAsItWasSeen) {
    const auto tag_of = [](const HttpResponse& response) {
        const auto found = std::ranges::find(
            response.headers, "ETag", &std::pair<std::string, std::string>::first
        );
        return found == response.headers.end() ? std::string() : found->second;
    };
    const std::string seen = tag_of(get("/api/v1/cis/web4"));
    ASSERT_NE(seen, "");
    const std::string body = R"({"set":{"criticality":"low"}})";
    EXPECT_EQ(send("PATCH", "/api/v1/cis/web4", body, {{"if-match", seen}}).status, 200);
    EXPECT_EQ(send("PATCH", "/api/v1/cis/web4", body, {{"if-match", "*"}}).status, 200);
    execute(
        "INSERT INTO ci_attribute VALUES (x'00000000000000000000000000000001', 'criticality', "
        "'low', 'manual', 1, NULL, 8, NULL)"
    );
    EXPECT_EQ(send("PATCH", "/api/v1/cis/web4", body, {{"if-match", seen}}).status, 412);
    EXPECT_EQ(
        send("POST", "/api/v1/cis/web4/merge", R"({"other":"far"})", {{"if-match", seen}}).status,
        412
    );
    EXPECT_EQ(around_.commands.size(), 2U);
    EXPECT_EQ(
        send(
            "PATCH", "/api/v1/cis/web4", body, {{"if-match", tag_of(get("/api/v1/cis/web4"))}}
        ).status,
        200
    );
}

TEST_F(ApiGraph, RefusesANameOfSeveralAndTellsWhichThereAre) {
    execute("UPDATE ci SET name = 'web4', class = 'interface' WHERE name = 'eth0'");
    EXPECT_EQ(body_of(get("/api/v1/cis/web4")).at("class"), "server") << "not its interface";
    EXPECT_EQ(body_of(get("/api/v1/cis/interface:web4")).at("class"), "interface");
    execute("UPDATE ci SET name = 'web4', class = 'application_endpoint' WHERE name = 'far'");
    const HttpResponse refused = post("/api/v1/cis/web4/retire", "{}");
    EXPECT_EQ(refused.status, 409);
    const boost::json::value problem = body_of(refused);
    EXPECT_EQ(
        problem.at("detail").as_string(),
        "web4: several CIs have this name: application_endpoint at Branch (id " + id_text(3) +
            "), server at HQ (id " + id_text(1) +
            "); give the id, or CLASS:NAME where one alone is of that class"
    );
    EXPECT_TRUE(around_.commands.empty());
    EXPECT_EQ(post("/api/v1/cis/server:web4/retire", "{}").status, 200);
    EXPECT_EQ(get("/api/v1/cis/server:nobody").status, 404);
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(get("/api/v1/cis/web4").status, 200) << "of what the caller sees there is one";
}

TEST_F(ApiGraph, ListsClassesWithWhatTheyInherit) {
    const boost::json::value body = body_of(get("/api/v1/classes"));
    for (const boost::json::value& each : body.at("classes").as_array()) {
        if (each.at("name") == "server") {
            EXPECT_EQ(each.at("patience"), "7d");
            EXPECT_THAT(boost::json::serialize(each.at("attributes")), HasSubstr("serial"));
        }
    }
    EXPECT_GT(body.at("relations").as_array().size(), 5U);
}

}  // namespace
}  // namespace muster::collector::test
