#include "collector/api/routes.hpp"
#include "tests/collector/api_fixture.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::collector::test {
namespace {

/// Two sites with the same kinds of records; the caller may see the first alone.
class ScopeTest : public ApiTest {
  protected:
    ScopeTest() {
        state_.agent(1, "hq-agent", "connected", "HQ");
        state_.agent(2, "depot-agent", "connected", "Depot");
        state_.ci(11, "hq-web", "up", "HQ");
        state_.ci(12, "depot-web", "up", "Depot");
        state_.probe(21, 11, 1, "icmp", "ok");
        state_.probe(22, 12, 2, "icmp", "ok");
        state_.incident(1, 11);
        state_.incident(2, 12);
        around_.scope = ReadScope::of_sites({"HQ"});
        context_.results = [](const HistoryQuery&) -> Task<Result<HistorySeries>> {
            co_return HistorySeries{};
        };
    }

    std::size_t listed(const std::string& path) {
        return body_of(get(path)).at("items").as_array().size();
    }
};

TEST_F(ScopeTest, ListsAndCountsTheSitesOfTheCallerAlone) {
    for (const std::string list : {"agents", "cis", "probes", "incidents"}) {
        const boost::json::value page = body_of(get("/api/v1/" + list));
        EXPECT_EQ(page.at("items").as_array().size(), 1U) << list;
        EXPECT_EQ(page.at("total_estimate").as_int64(), 1) << list;
    }
}

TEST_F(ScopeTest, ShowsEverythingToWhomHasNoSites) {
    around_.scope = ReadScope::everything();
    for (const std::string list : {"agents", "cis", "probes", "incidents"}) {
        EXPECT_EQ(listed("/api/v1/" + list), 2U) << list;
    }
}

TEST_F(ScopeTest, ShowsNothingWhereTheListOfSitesIsEmpty) {
    around_.scope = ReadScope::of_sites({});
    for (const std::string list : {"agents", "cis", "probes", "incidents"}) {
        EXPECT_EQ(listed("/api/v1/" + list), 0U) << list;
    }
}

TEST_F(ScopeTest, AnswersForAnotherSiteAsForWhatIsNotThere) {
    const std::string depot_ci = id_text(12);
    const std::string depot_probe = id_text(22);
    const std::vector<std::pair<std::string, std::string>> pairs = {
        {"agents/depot-agent", "agents/no-agent"},
        {"agents/" + id_text(2), "agents/" + id_text(99)},
        {"cis/depot-web", "cis/no-web"},
        {"cis/" + depot_ci, "cis/" + id_text(99)},
        {"cis/" + depot_ci + "/probes", "cis/" + id_text(99) + "/probes"},
        {"cis/" + depot_ci + "/incidents", "cis/" + id_text(99) + "/incidents"},
        {"probes/" + depot_probe, "probes/" + id_text(99)},
        {"probes/" + depot_probe + "/results", "probes/" + id_text(99) + "/results"},
        {"probes?ci=" + depot_ci, "probes?ci=" + id_text(99)},
        {"incidents?ci=depot-web", "incidents?ci=no-web"},
        {"incidents/2", "incidents/99"},
        {"incidents/2/timeline", "incidents/99/timeline"},
        {"incidents/2/why", "incidents/99/why"},
    };
    for (const auto& [elsewhere, absent] : pairs) {
        const HttpResponse hidden = get("/api/v1/" + elsewhere);
        const HttpResponse missing = get("/api/v1/" + absent);
        EXPECT_EQ(hidden.status, 404) << elsewhere;
        EXPECT_EQ(missing.status, 404) << absent;
        EXPECT_EQ(body_of(hidden).at("title"), body_of(missing).at("title")) << elsewhere;
    }
}

/// Every route of the table about one agent, CI, probe or incident, also those that come later.
TEST_F(ScopeTest, HidesWhatIsElsewhereOnEveryRouteAboutOneRecord) {
    const std::map<std::string, std::pair<std::string, std::string>> ids = {
        {"agents", {id_text(2), id_text(99)}},
        {"cis", {id_text(12), id_text(99)}},
        {"probes", {id_text(22), id_text(99)}},
        {"incidents", {"2", "99"}},
    };
    constexpr std::string_view prefix = "/api/v1/";
    around_.verdict = Verdict{404, "{}", ""};  // what the brain says of a number that is not there
    int tried = 0;
    for (const Route& route : routes()) {
        const std::string pattern(route.pattern);
        const std::size_t id = pattern.find("/{id}");
        if (route.scope != Scope::sites || id == std::string::npos) {
            continue;
        }
        const auto known = ids.find(pattern.substr(prefix.size(), id - prefix.size()));
        if (known == ids.end()) {
            continue;
        }
        const auto answer = [&](const std::string& name) {
            const std::string path = pattern.substr(0, id + 1) + name + pattern.substr(id + 5);
            return send(std::string(to_string(route.method)), path, R"({"text":"x"})");
        };
        const HttpResponse hidden = answer(known->second.first);
        const HttpResponse missing = answer(known->second.second);
        EXPECT_EQ(hidden.status, missing.status) << to_string(route.method) << " " << pattern;
        EXPECT_GE(hidden.status, 400) << to_string(route.method) << " " << pattern;
        ++tried;
    }
    EXPECT_GE(tried, 12);
    EXPECT_TRUE(around_.commands.empty()) << "nothing of it was given to the brain";
}

TEST_F(ScopeTest, GivesNoCommandAboutAnIncidentOfAnotherSite) {
    EXPECT_EQ(post("/api/v1/incidents/2/acknowledge", "{}").status, 404);
    EXPECT_EQ(post("/api/v1/incidents/2/comments", R"({"text":"x"})").status, 404);
    EXPECT_EQ(post("/api/v1/incidents/2/resolve", "{}").status, 404);
    EXPECT_TRUE(around_.commands.empty());
    EXPECT_EQ(post("/api/v1/incidents/1/acknowledge", "{}").status, 200);
    EXPECT_EQ(around_.commands.size(), 1U);
}

TEST_F(ScopeTest, PlacesAnIncidentWithoutACiWhereItsAgentIs) {
    Result<Statement> row = state_.database().prepare(
        "UPDATE incident SET ci = NULL, agent = ?1, place = 'HQ' WHERE number = 2"
    );
    ASSERT_TRUE(row);
    const std::string depot_agent = id_bytes(2);
    row->bind_blob(0, depot_agent);
    ASSERT_TRUE(row->run());
    EXPECT_EQ(get("/api/v1/incidents/2").status, 404);
    around_.scope = ReadScope::of_sites({"Depot"});
    EXPECT_EQ(get("/api/v1/incidents/2").status, 200);
}

TEST(ReadScopes, TakesQuotesInTheNameOfASiteForWhatTheyAre) {
    const ReadScope scope = ReadScope::of_sites({R"(O"Hara's)", "HQ", "HQ"});
    EXPECT_EQ(scope.sites().size(), 2U);
    EXPECT_TRUE(scope.allows(R"(O"Hara's)"));
    EXPECT_FALSE(scope.allows("Depot"));
    EXPECT_FALSE(scope.is_everything());
}

}  // namespace
}  // namespace muster::collector::test
