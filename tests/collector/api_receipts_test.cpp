#include "collector/brain/incidents/causes.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;
/// The fixture's clock stands here.
constexpr std::int64_t now = 1'795'000'000 * second;

class ApiReceipts : public ApiTest {
  protected:
    ApiReceipts() {
        state_.ci(1, "web", "up", "HQ");
        state_.ci(2, "depot", "up", "Depot");
        state_.agent(5, "a1");
        state_.probe(21, 1, 5, "ping", "ok");
        state_.probe(22, 2, 5, "ping", "ok");
    }

    void receipt(
        std::int64_t lsn,
        int ci,
        std::int64_t wall,
        const std::string& reason,
        const std::string& data
    ) {
        run("INSERT INTO receipt VALUES (" + std::to_string(lsn) + ", 0, " + std::to_string(wall) +
            ", x'0000000000000000000000000000000" + std::to_string(ci) + "', NULL, '" + reason +
            "', '" + data + "')");
    }

    void run(const std::string& sql) { ASSERT_TRUE(state_.database().execute(sql.c_str())) << sql; }

    std::vector<std::string> texts(const std::string& path) {
        std::vector<std::string> out;
        const HttpResponse response = get(path);
        EXPECT_EQ(response.status, 200) << response.body;
        const boost::json::value body = body_of(response);
        for (const boost::json::value& item : body.at("items").as_array()) {
            out.emplace_back(item.at("text").as_string());
        }
        return out;
    }
};

TEST_F(ApiReceipts, AreListedNewestFirstWithEverythingThatWasWeighed) {
    receipt(10, 1, now - 60 * second, "quorum", R"({"text":"older"})");
    receipt(
        11,
        1,
        now - 30 * second,
        "host down",
        R"({"text":"newer","rule":"r","inputs":{"probe":"ping"},"incident":"INC-4","counterfactual":"c"})"
    );
    EXPECT_THAT(texts("/api/v1/receipts"), ElementsAre("newer", "older"));
    EXPECT_THAT(texts("/api/v1/receipts?reason=quorum"), ElementsAre("older"));
    const HttpResponse mistyped = get("/api/v1/receipts?reason=qourum");
    EXPECT_EQ(mistyped.status, 400) << "which would find nothing and mislead";
    EXPECT_THAT(mistyped.body, HasSubstr("expected one of agent is heard, "));
    for (const Withholding why :
         {Withholding::path,
          Withholding::planned_stop,
          Withholding::quorum,
          Withholding::isolated,
          Withholding::site_cut_off,
          Withholding::host_down,
          Withholding::storm,
          Withholding::window}) {
        std::string reason(to_string(why));
        std::ranges::replace(reason, ' ', '+');
        EXPECT_EQ(get("/api/v1/receipts?reason=" + reason).status, 200) << reason;
    }
    EXPECT_THAT(texts("/api/v1/receipts?from=-45s"), ElementsAre("newer"));
    EXPECT_THAT(texts("/api/v1/receipts?to=-45s"), ElementsAre("older"));
    EXPECT_THAT(texts("/api/v1/receipts?ci=depot"), ElementsAre());
    const auto first = body_of(get("/api/v1/receipts?limit=1"));
    EXPECT_EQ(first.at("total_estimate").as_int64(), 2);
    const auto& item = first.at("items").at(0);
    EXPECT_EQ(item.at("incident"), "INC-4");
    EXPECT_EQ(item.at("inputs").at("probe"), "ping");
    EXPECT_EQ(item.at("counterfactual"), "c");
    EXPECT_EQ(item.at("ci").at("name"), "web");
    const std::string cursor(first.at("next_cursor").as_string());
    EXPECT_THAT(texts("/api/v1/receipts?limit=1&cursor=" + cursor), ElementsAre("older"));
    EXPECT_EQ(get("/api/v1/receipts?from=yesterday").status, 400);
}

TEST_F(ApiReceipts, OfOtherSitesAreNotThere) {
    receipt(10, 1, now - 60 * second, "quorum", R"({"text":"here"})");
    receipt(11, 2, now - 60 * second, "quorum", R"({"text":"there"})");
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_THAT(texts("/api/v1/receipts"), ElementsAre("here"));
    EXPECT_EQ(get("/api/v1/cis/depot/why").status, 404);
    EXPECT_EQ(get("/api/v1/receipts?ci=depot").status, 404);
}

TEST_F(ApiReceipts, ExplainACiAtAMoment) {
    const std::string at = "/api/v1/cis/web/why?at=-100s";
    EXPECT_EQ(body_of(get(at)).at("verdict"), "nothing had failed");
    run("INSERT INTO probe_interval VALUES (x'00000000000000000000000000000015', " +
        std::to_string(now - 200 * second) + ", " + std::to_string(now - 50 * second) +
        ", 'critical', 5, 0)");
    const auto failing = body_of(get(at));
    EXPECT_THAT(std::string(failing.at("verdict").as_string()), HasSubstr("no threshold"));
    EXPECT_EQ(failing.at("probes").at(0).at("state"), "critical");
    EXPECT_EQ(failing.at("probes").at(0).at("agent"), "a1");
    EXPECT_EQ(body_of(get("/api/v1/cis/web/why")).at("verdict"), "nothing had failed");
    run("UPDATE probe_interval SET state = 'unproven' WHERE to_wall = " +
        std::to_string(now - 50 * second));
    EXPECT_THAT(
        std::string(body_of(get(at)).at("verdict").as_string()), HasSubstr("not answered once")
    );
    run("UPDATE probe_interval SET state = 'critical' WHERE to_wall = " +
        std::to_string(now - 50 * second));
    receipt(10, 1, now - 150 * second, "quorum", R"({"text":"other vantages see it well"})");
    EXPECT_EQ(
        body_of(get(at)).at("verdict"), "a page was withheld: quorum: other vantages see it well"
    );
    state_.incident(4, 2);
    run("INSERT INTO incident_symptom VALUES (4, 9, 0, x'00000000000000000000000000000001', 'web', "
        "'not seen', " +
        std::to_string(now - 150 * second) + ", NULL)");
    EXPECT_THAT(
        std::string(body_of(get(at)).at("verdict").as_string()), HasSubstr("symptom of INC-4")
    );
    const auto why = body_of(get("/api/v1/incidents/4/why"));
    EXPECT_EQ(why.at("symptoms").at(0).at("ci").at("name"), "web");
    run("UPDATE ci SET service = 'Shop' WHERE name = 'web'");
    EXPECT_EQ(
        body_of(get("/api/v1/incidents/4")).at("services"), (boost::json::array{"Intranet", "Shop"})
    );
    state_.unobserved(5, now - 160 * second);
    EXPECT_EQ(body_of(get(at)).at("probes").at(0).at("state"), "unobserved");
}

TEST_F(ApiReceipts, ExplainAMachineByItsAgentAndAnAgentByItsMachine) {
    state_.ci(3, "a1");
    run("UPDATE agent SET ci = x'00000000000000000000000000000003'");
    run("INSERT INTO ci_relation (source, object, type, target, from_ci, to_ci, valid_from, "
        "recorded_lsn) VALUES ('agent', 'agent', 'runs_on', 'machine', "
        "x'00000000000000000000000000000003', x'00000000000000000000000000000001', 1, 1)");
    EXPECT_EQ(body_of(get("/api/v1/cis/web/why")).at("verdict"), "nothing had failed");
    state_.incident(5, 3);
    const auto machine = body_of(get("/api/v1/cis/web/why"));
    EXPECT_EQ(
        machine.at("verdict"),
        "an incident is open of the agent that runs on it, a1: INC-5: intranet is down"
    );
    EXPECT_EQ(machine.at("incidents").at(0).at("of"), "agent");
    EXPECT_EQ(machine.at("incidents").at(0).at("ci").at("name"), "a1");
    EXPECT_EQ(body_of(get("/api/v1/cis/depot/why")).at("incidents").as_array().size(), 0U);
    state_.incident(6, 1);
    EXPECT_THAT(
        std::string(body_of(get("/api/v1/cis/web/why")).at("verdict").as_string()),
        HasSubstr("an incident is open: INC-6")
    ) << "its own comes first";
    run("UPDATE incident SET resolved = 3000000001 WHERE number = 5");
    const auto agent = body_of(get("/api/v1/cis/a1/why"));
    EXPECT_EQ(
        agent.at("verdict"),
        "an incident is open of the machine it runs on, web: INC-6: intranet is down"
    );
    run("UPDATE ci SET site = 'Depot' WHERE name = 'web'");
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(body_of(get("/api/v1/cis/a1/why")).at("incidents").as_array().size(), 0U)
        << "what is outside the scope is not there";
}

TEST_F(ApiReceipts, ExplainAMachineWhoseAgentIsSilentBeforeThatIsAnIncident) {
    state_.ci(3, "web");
    run("UPDATE ci SET class = 'agent' WHERE id = x'00000000000000000000000000000003'");
    run("UPDATE agent SET ci = x'00000000000000000000000000000003'");
    run("INSERT INTO ci_relation (source, object, type, target, from_ci, to_ci, valid_from, "
        "recorded_lsn) VALUES ('agent', 'agent', 'runs_on', 'machine', "
        "x'00000000000000000000000000000003', x'00000000000000000000000000000001', 1, 1)");
    const auto verdict = [this](const std::string& of) {
        return std::string(body_of(get("/api/v1/cis/" + of + "/why")).at("verdict").as_string());
    };
    EXPECT_EQ(verdict("web"), "nothing had failed");
    run("UPDATE agent SET state = 'disconnected', state_since = " +
        std::to_string(now - 12 * second));
    EXPECT_EQ(
        verdict("web"), "its agent a1 has been silent for 12 s; an incident opens after 5 min"
    ) << "its link broke";
    state_.unobserved(5, now - 28 * second);
    EXPECT_EQ(
        verdict("web"), "its agent a1 has been silent for 28 s; an incident opens after 5 min"
    );
    const auto why = body_of(get("/api/v1/cis/web/why"));
    EXPECT_EQ(why.at("agents").at(0).at("state"), "silent");
    EXPECT_EQ(why.at("agents").at(0).at("of"), "agent");
    EXPECT_EQ(verdict(id_text(3)), "it has been silent for 28 s; an incident opens after 5 min");
    EXPECT_EQ(body_of(get("/api/v1/cis/web/why?at=-100s")).at("verdict"), "nothing had failed");
    run("UPDATE agent_unobserved SET from_wall = " + std::to_string(now - 600 * second));
    EXPECT_EQ(verdict("web"), "its agent a1 has been silent for 10 min");
    run("UPDATE agent_unobserved SET reason = 'stopped'");
    EXPECT_THAT(verdict("web"), testing::Not(HasSubstr("silent")));
    EXPECT_EQ(body_of(get("/api/v1/cis/web/why")).at("agents").at(0).at("state"), "stopped");
}

TEST_F(ApiReceipts, SayOfAnAgentThatItIsConnectedOrRevokedAndSinceWhen) {
    state_.ci(3, "a1");
    run("UPDATE agent SET ci = x'00000000000000000000000000000003', state_since = " +
        std::to_string(now - 60 * second));
    const auto why = [this](const std::string& at = "") {
        return body_of(get("/api/v1/cis/a1/why" + at));
    };
    const auto since = why().at("agents").at(0).at("since");
    EXPECT_EQ(why().at("verdict"), "it is connected; nothing probes it");
    EXPECT_TRUE(why().at("agents").at(0).at("state").is_null());
    EXPECT_TRUE(since.is_string());
    EXPECT_TRUE(why("?at=-2m").at("agents").at(0).at("since").is_null())
        << "before it is not known";

    run("UPDATE agent SET state = 'revoked'");
    EXPECT_EQ(why().at("verdict"), "it has been revoked; nothing probes it");
    EXPECT_EQ(why().at("agents").at(0).at("state"), "revoked");
    EXPECT_EQ(why().at("agents").at(0).at("since"), since);
    EXPECT_EQ(why().at("agents").at(0).at("last_heard"), since) << "its link ended with that";
    state_.unobserved(5, now - 90 * second, now - 60 * second);
    EXPECT_EQ(why().at("verdict"), "it has been revoked; nothing probes it") << "not: silent";
    EXPECT_EQ(why().at("agents").at(0).at("since"), since);
    EXPECT_LT(why().at("agents").at(0).at("last_heard").as_string(), since.as_string());
    EXPECT_EQ(why("?at=-75s").at("agents").at(0).at("state"), "silent");

    run("UPDATE agent SET state = 'enrolled'");
    EXPECT_EQ(why().at("verdict"), "it is enrolled and has not connected yet; nothing probes it");
}

TEST_F(ApiReceipts, SayWhatMaintenanceACiIsInAndUntilWhen) {
    run("INSERT INTO maintenance_window (number, scope, match, state, from_wall, to_wall, reason, "
        "created, created_by, ended_by, version) VALUES (1, 'name = web', 'name = web', "
        "'active', " +
        std::to_string(now - 60 * second) + ", " + std::to_string(now + 60 * second) +
        ", 'upgrade', 1, 'anna', '', 1)");
    run("INSERT INTO maintenance_window_ci VALUES (1, x'00000000000000000000000000000001', " +
        std::to_string(now - 60 * second) + ", NULL, 1, 0)");
    const auto why = body_of(get("/api/v1/cis/web/why"));
    EXPECT_EQ(why.at("windows").at(0).at("id"), "WIN-1");
    EXPECT_EQ(why.at("windows").at(0).at("reason"), "upgrade");
    EXPECT_TRUE(why.at("windows").at(0).at("to").is_string());
    EXPECT_TRUE(body_of(get("/api/v1/cis/web/why?at=-2m")).at("windows").as_array().empty());
    EXPECT_TRUE(body_of(get("/api/v1/cis/depot/why")).at("windows").as_array().empty());
}

TEST_F(ApiReceipts, SpeakOfNowInThePresent) {
    state_.incident(4, 1);
    const auto verdict = [this](const std::string& at) {
        return std::string(body_of(get("/api/v1/cis/web/why" + at)).at("verdict").as_string());
    };
    EXPECT_THAT(verdict(""), HasSubstr("an incident is open: INC-4"));
    EXPECT_THAT(verdict("?at=-1s"), HasSubstr("an incident is open: INC-4"));
    EXPECT_THAT(verdict("?at=-1h"), HasSubstr("an incident was open: INC-4"));
}

TEST_F(ApiReceipts, SayWhyNobodyRunsAProbe) {
    run("UPDATE probe SET agent = NULL, origin = 'host watch' WHERE name = 'ping'");
    constexpr const char* reason = "no other agent can watch this machine";
    EXPECT_EQ(body_of(get("/api/v1/cis/web/why")).at("probes").at(0).at("nobody"), reason);
    EXPECT_EQ(body_of(get("/api/v1/probes?ci=web")).at("items").at(0).at("seen"), reason);
    run("UPDATE probe SET origin = 'policy p'");
    EXPECT_EQ(
        body_of(get("/api/v1/probes?ci=web")).at("items").at(0).at("seen"), "no agent fits \"from\""
    );
}

}  // namespace
}  // namespace muster::collector::test
