#include "collector/api/agent_store.hpp"
#include "collector/api/availability_store.hpp"
#include "collector/api/channel_store.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/event_store.hpp"
#include "collector/api/explain.hpp"
#include "collector/api/find_store.hpp"
#include "collector/api/graph_store.hpp"
#include "collector/api/incident_changes.hpp"
#include "collector/api/incident_store.hpp"
#include "collector/api/known_people.hpp"
#include "collector/api/metrics_store.hpp"
#include "collector/api/past_store.hpp"
#include "collector/api/policy_store.hpp"
#include "collector/api/probe_store.hpp"
#include "collector/api/receipt_store.hpp"
#include "collector/api/relation_store.hpp"
#include "collector/api/routes.hpp"
#include "collector/api/why_store.hpp"
#include "collector/api/window_store.hpp"
#include "collector/migrations.hpp"
#include "collector/notify/outbox_store.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace muster::collector::test {
namespace {

using ::testing::HasSubstr;

constexpr Route complete{
    .method = Method::post,
    .pattern = "/x",
    .door = Door::people,
    .permission = Permission::operate,
    .scope = Scope::sites,
    .csrf = Csrf::json_body,
    .audit = Audit::journal,
    .parameters = "",
    .summary = "x",
    .handler = [](Call) -> Task<HttpResponse> { co_return HttpResponse{}; }
};

constexpr Route without(void (*take)(Route&)) {
    Route route = complete;
    take(route);
    return route;
}

static_assert(declares_everything(complete));
static_assert(!declares_everything(without([](Route& r) { r.permission = Permission::undeclared; }))
);
static_assert(!declares_everything(without([](Route& r) { r.scope = Scope::undeclared; })));
static_assert(!declares_everything(without([](Route& r) { r.csrf = Csrf::undeclared; })));
static_assert(!declares_everything(without([](Route& r) { r.audit = Audit::undeclared; })));
static_assert(!declares_everything(without([](Route& r) { r.handler = nullptr; })));
static_assert(!declares_everything(without([](Route& r) { r.audit = Audit::none; })));
static_assert(!declares_everything(without([](Route& r) { r.permission = Permission::view; })));

/// A path that the pattern matches.
std::string example_of(std::string_view pattern) {
    return std::regex_replace(std::string(pattern), std::regex(R"(\{\w+\})"), "1");
}

HttpRequest request_for(const Route& route) {
    HttpRequest request;
    request.method = to_string(route.method);
    request.path = example_of(route.pattern);
    request.door = route.door;
    request.headers["content-type"] = "application/json";
    return request;
}

std::string text_of_file(const std::string& path) {
    const std::ifstream file(std::string(MUSTER_SOURCE_DIR) + "/" + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

using ApiRoutes = ApiTest;

TEST_F(ApiRoutes, AskForATokenButForHealthAndEnrolment) {
    for (const Route& route : routes()) {
        const HttpResponse response = ask(request_for(route));
        if (route.permission == Permission::nobody) {
            EXPECT_NE(response.status, 401) << route.pattern;
            continue;
        }
        EXPECT_EQ(response.status, 401) << route.pattern;
        EXPECT_EQ(body_of(response).at("status"), 401);
    }
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiRoutes, RefuseATokenThatIsNotKnown) {
    for (const Route& route : routes()) {
        if (route.permission == Permission::nobody) {
            continue;
        }
        HttpRequest request = request_for(route);
        request.headers["authorization"] = "Bearer bad";
        EXPECT_EQ(ask(std::move(request)).status, 401) << route.pattern;
    }
}

TEST_F(ApiRoutes, RefuseWhatTheTokenDoesNotAllow) {
    around_.granted = Permission::view;
    for (const Route& route : routes()) {
        if (route.permission <= Permission::view) {
            continue;
        }
        HttpRequest request = request_for(route);
        request.headers["authorization"] = "Bearer good";
        EXPECT_EQ(ask(std::move(request)).status, 403) << route.pattern;
    }
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiRoutes, AreReachableThroughTheirOwnDoorAlone) {
    for (const Route& route : routes()) {
        HttpRequest request = request_for(route);
        request.headers["authorization"] = "Bearer good";
        request.door = route.door == Door::people ? Door::enrolment : Door::people;
        EXPECT_EQ(ask(std::move(request)).status, 404) << route.pattern;
    }
    EXPECT_TRUE(around_.enrolled.empty());
}

TEST_F(ApiRoutes, AnswerUnknownAddressesWithAProblem) {
    for (const char* path :
         {"/",
          "/api/v1",
          "/api/v1/nothing",
          "/api/v1/incidents/1/",
          "/api/v1/incidents//why",
          "/api/v2/incidents",
          "/api/v1/incidents/1/why/more",
          "/../etc/passwd",
          "/%00",
          "/api/v1/%zz"}) {
        const HttpResponse response = get(path);
        EXPECT_EQ(response.status, 404) << path;
        EXPECT_EQ(response.content_type, "application/problem+json");
        EXPECT_EQ(body_of(response).at("status"), 404);
    }
}

TEST_F(ApiRoutes, SayOfWhatComesLaterThatItIsNotThereYet) {
    for (const char* path :
         {"/api/v1/services",
          "/api/v1/agreements",
          "/api/v1/calendars",
          "/api/v1/sla/report",
          "/api/v1/changes",
          "/api/v1/changes/1/plan",
          "/api/v1/problems",
          "/api/v1/known-errors",
          "/api/v1/announcements",
          "/api/v1/topology",
          "/api/v1/impact",
          "/api/v1/alerts/alertmanager",
          "/api/v1/credentials",
          "/api/v1/ranges",
          "/api/v1/discoveries",
          "/api/v1/sites",
          "/api/v1/teams",
          "/sd/prometheus",
          "/v2/enqueue"}) {
        for (const HttpResponse& response : {get(path), post(path, "{}")}) {
            EXPECT_EQ(response.status, 404) << path;
            EXPECT_EQ(response.content_type, "application/problem+json");
            EXPECT_THAT(response.body, HasSubstr("has nothing at this address yet")) << path;
        }
    }
}

TEST_F(ApiRoutes, NameTheMethodsOfAnAddress) {
    const HttpResponse response = post("/api/v1/receipts", "{}");
    EXPECT_EQ(response.status, 405);
    EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Allow", "GET, HEAD")));
    EXPECT_EQ(get("/api/v1/incidents/1/acknowledge").status, 405);
}

TEST_F(ApiRoutes, RefuseParametersTheyDoNotKnow) {
    const HttpResponse response = get("/api/v1/incidents?stat=new");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(body_of(response).at("errors").at(0).at("pointer"), "?stat");
    EXPECT_EQ(get("/api/v1/incidents?limit=1&limit=2").status, 400);
    EXPECT_EQ(get("/api/v1/incidents?limit=0").status, 400);
    EXPECT_EQ(get("/api/v1/incidents?limit=501").status, 400);
    EXPECT_EQ(get("/api/v1/incidents?cursor=x").status, 400);
}

TEST_F(ApiRoutes, TakeJsonAlone) {
    const HttpResponse response =
        post("/api/v1/incidents/1/comments", "text=x", {{"content-type", "text/plain"}});
    EXPECT_EQ(response.status, 415);
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(ApiRoutes, SayWhetherEverythingWorks) {
    EXPECT_EQ(get("/healthz", "").status, 200);
    around_.health = {{"journal", true, ""}};
    EXPECT_EQ(get("/readyz", "").status, 200);
    around_.health.push_back({"channels", false, "nobody will be told"});
    const HttpResponse response = get("/readyz", "");
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("nobody will be told"));
    around_.health.back().strict_only = true;
    EXPECT_EQ(get("/readyz", "").status, 200);
    EXPECT_EQ(get("/readyz?strict=1", "").status, 503);
}

TEST_F(ApiRoutes, StandInTheDocumentation) {
    std::set<std::string> written;
    const std::string text = text_of_file("docs/api.md");
    const std::regex row(R"(\| `(GET|POST|PUT|PATCH|DELETE) ([^`]+)` \|)");
    for (auto at = std::sregex_iterator(text.begin(), text.end(), row);
         at != std::sregex_iterator();
         ++at) {
        written.insert((*at)[1].str() + " " + (*at)[2].str());
    }
    std::set<std::string> built;
    for (const Route& route : routes()) {
        built.insert(std::string(to_string(route.method)) + " " + std::string(route.pattern));
        EXPECT_THAT(text, HasSubstr(std::string(route.summary))) << route.pattern;
    }
    EXPECT_EQ(written, built) << "docs/api.md lists other routes than collector/api/routes.cpp";
}

/// "METHOD /path" of every operation in docs/openapi.yaml, with its parameters in the query.
std::map<std::string, std::set<std::string>> operations_in_openapi() {
    std::map<std::string, std::set<std::string>> found;
    std::istringstream lines(text_of_file("docs/openapi.yaml"));
    const std::regex path_line(R"re(^  (/[^:]*):$)re");
    const std::regex method_line(R"re(^    (get|post|put|patch|delete):$)re");
    const std::regex own_line(R"re(^        - \{name: (\w+), in: query.*)re");
    const std::regex shared_line(
        R"re(^        - .*components/parameters/(limit|cursor|q|sort)"\}$)re"
    );
    std::string line;
    std::string path;
    std::string operation;
    std::smatch match;
    while (std::getline(lines, line)) {
        if (std::regex_match(line, match, path_line)) {
            path = match[1];
        } else if (std::regex_match(line, match, method_line)) {
            std::string method = match[1];
            std::ranges::transform(method, method.begin(), [](unsigned char c) {
                return static_cast<char>(std::toupper(c));
            });
            operation = method + " " + path;
            found[operation];
        } else if (std::regex_match(line, match, own_line) ||
                   std::regex_match(line, match, shared_line)) {
            found[operation].insert(match[1]);
        }
    }
    return found;
}

TEST_F(ApiRoutes, StandInTheOpenApiDocument) {
    std::map<std::string, std::set<std::string>> built;
    for (const Route& route : routes()) {
        std::istringstream names{std::string(route.parameters)};
        const std::set<std::string> parameters{
            std::istream_iterator<std::string>(names), std::istream_iterator<std::string>()
        };
        built[std::string(to_string(route.method)) + " " + std::string(route.pattern)] = parameters;
    }
    EXPECT_EQ(operations_in_openapi(), built);
}

TEST(StateQueries, AreAllPreparedAgainstTheSchema) {
    Result<Database> database = Database::open("", {.mode = DatabaseMode::memory});
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->migrate(brain_migrations()));
    std::set<std::string_view> names;
    for (const auto queries :
         {incident_queries(), incident_change_queries(), ci_queries(),      find_queries(),
          graph_queries(),    known_people_queries(),    probe_queries(),   availability_queries(),
          explain_queries(),  agent_queries(),           channel_queries(), event_queries(),
          metrics_queries(),  outbox_queries(),          past_queries(),    policy_queries(),
          receipt_queries(),  relation_queries(),        why_queries(),     window_queries()}) {
        for (const NamedQuery& query : queries) {
            const Result<Statement> statement = database->prepare(query.sql);
            EXPECT_TRUE(statement) << query.name << ": " << statement.error().text();
            EXPECT_TRUE(names.insert(query.name).second) << query.name << " is there twice";
        }
    }
    EXPECT_GT(names.size(), 20U);
}

}  // namespace
}  // namespace muster::collector::test
