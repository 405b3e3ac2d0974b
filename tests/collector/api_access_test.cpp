#include "collector/api/routes.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <regex>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* password = "correct horse battery";

class AccessApi : public ApiTest {
  protected:
    void user(const std::string& name, const std::string& role, const std::string& sites = "[]") {
        const HttpResponse made = post(
            "/api/v1/users",
            R"({"name":")" + name + R"(","password":")" + password + R"(","role":")" + role +
                R"(","sites":)" + sites + "}"
        );
        ASSERT_EQ(made.status, 201) << made.body;
    }

    HttpResponse sign_in(
        const std::string& name,
        const std::string& with = password,
        const std::string& peer = "127.0.0.1:1"
    ) {
        HttpRequest request;
        request.method = "POST";
        request.path = "/api/v1/session";
        request.headers["content-type"] = "application/json";
        request.body = R"({"name":")" + name + R"(","password":")" + with + "\"}";
        request.peer = peer;
        return ask(std::move(request));
    }

    static std::string header_of(const HttpResponse& response, const std::string& name) {
        for (const auto& [header, value] : response.headers) {
            if (header == name) {
                return value;
            }
        }
        return {};
    }

    /// The headers of a page of ours that has signed in.
    std::map<std::string, std::string> page_of(const std::string& name) {
        const HttpResponse opened = sign_in(name);
        EXPECT_EQ(opened.status, 201) << opened.body;
        const std::string cookie = header_of(opened, "Set-Cookie");
        return {
            {"cookie", cookie.substr(0, cookie.find(';'))},
            {"host", "muster.example:8443"},
            {"origin", "https://muster.example:8443"},
            {"sec-fetch-site", "same-origin"}
        };
    }

    HttpResponse from(const std::string& peer, const std::string& path) {
        HttpRequest request;
        request.method = "GET";
        request.path = path;
        request.headers["authorization"] = "Bearer good";
        request.peer = peer;
        return ask(std::move(request));
    }
};

TEST_F(AccessApi, OpensASessionThatNoScriptAndNoOtherSiteCanUse) {
    user("anna", "operator", R"(["HQ"])");
    const HttpResponse opened = sign_in("anna");
    ASSERT_EQ(opened.status, 201) << opened.body;
    const std::string cookie = header_of(opened, "Set-Cookie");
    EXPECT_THAT(cookie, testing::StartsWith("__Host-muster=se1."));
    for (const char* flag : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"}) {
        EXPECT_THAT(cookie, HasSubstr(flag));
    }
    EXPECT_EQ(opened.body.find("se1."), std::string::npos);
    const auto who = body_of(send("GET", "/api/v1/session", "", page_of("anna")));
    EXPECT_EQ(who.at("name"), "anna");
    EXPECT_EQ(who.at("role"), "operator");
    EXPECT_EQ(who.at("sites").at(0), "HQ");
}

TEST_F(AccessApi, EndsASessionForGood) {
    user("anna", "viewer");
    const auto page = page_of("anna");
    EXPECT_EQ(send("GET", "/api/v1/session", "", page).status, 200);
    const HttpResponse ended = send("DELETE", "/api/v1/session", "", page);
    EXPECT_EQ(ended.status, 200) << ended.body;
    EXPECT_THAT(header_of(ended, "Set-Cookie"), HasSubstr("Max-Age=0"));
    EXPECT_EQ(send("GET", "/api/v1/session", "", page).status, 401);
}

TEST_F(AccessApi, GivesEverySignInASessionOfItsOwn) {
    user("anna", "viewer");
    auto first = page_of("anna");
    HttpRequest again;
    again.method = "POST";
    again.path = "/api/v1/session";
    again.headers = first;
    again.headers["content-type"] = "application/json";
    again.body = std::string(R"({"name":"anna","password":")") + password + "\"}";
    const HttpResponse opened = ask(std::move(again));
    EXPECT_EQ(opened.status, 201) << opened.body;
    EXPECT_THAT(header_of(opened, "Set-Cookie"), testing::Not(HasSubstr(first["cookie"])));
}

TEST_F(AccessApi, TakesNoChangeFromForeignPagesOnAnyRoute) {
    user("root", "administrator");
    const auto own = page_of("root");
    int tried = 0;
    for (const Route& route : routes()) {
        if (route.csrf == Csrf::safe || route.door == Door::enrolment) {
            continue;
        }
        const std::string path =
            std::regex_replace(std::string(route.pattern), std::regex(R"(\{\w+\})"), "1");
        const std::string method(to_string(route.method));
        auto unsaid = own;
        unsaid.erase("origin");
        unsaid.erase("sec-fetch-site");
        auto origin = own;
        origin["origin"] = "https://evil.example";
        auto fetch = own;
        fetch["sec-fetch-site"] = "same-site";
        for (const auto& headers : {unsaid, origin, fetch}) {
            EXPECT_EQ(send(method, path, "{}", headers).status, 403) << method << " " << path;
            ++tried;
        }
    }
    EXPECT_GT(tried, 30);
    EXPECT_TRUE(around_.commands.empty());
    EXPECT_EQ(send("GET", "/api/v1/session", "", own).status, 200);
}

TEST_F(AccessApi, RefusesATokenInAnAddress) {
    for (const char* name : {"token", "access_token", "authorization", "session"}) {
        HttpRequest request;
        request.method = "GET";
        request.path = "/api/v1/incidents";
        request.query = std::string(name) + "=good";
        EXPECT_EQ(ask(std::move(request)).status, 401);
        EXPECT_EQ(get(std::string("/api/v1/incidents?") + name + "=good").status, 400);
    }
}

TEST_F(AccessApi, SaysTheSameOfAWrongPasswordAndAWrongName) {
    user("anna", "viewer");
    const HttpResponse wrong = sign_in("anna", "wrong horse battery");
    const HttpResponse nobody = sign_in("nobody", "wrong horse battery");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.body, nobody.body);
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", R"({"disabled":true})").status, 200);
    EXPECT_EQ(sign_in("anna").body, wrong.body);
}

TEST_F(AccessApi, SlowsDownWhoTriesPasswordsAndLetsTheOwnerIn) {
    user("anna", "viewer");
    ASSERT_EQ(sign_in("anna", password, "127.0.0.2:1").status, 201);
    int refused = 0;
    int slowed = 0;
    for (int i = 0; i < 1000; ++i) {
        const HttpResponse answer = sign_in("anna", "wrong horse battery", "127.0.0.3:1");
        refused += answer.status == 401 ? 1 : 0;
        slowed += answer.status == 429 ? 1 : 0;
        if (answer.status == 429) {
            EXPECT_NE(header_of(answer, "Retry-After"), "");
        }
    }
    EXPECT_EQ(refused, 5);
    EXPECT_EQ(slowed, 995);
    const auto began = SystemClock().mono();
    EXPECT_EQ(sign_in("anna", password, "127.0.0.2:1").status, 201);
    EXPECT_LT(SystemClock().mono() - began, 2s);
    const auto audit = body_of(get("/api/v1/audit?action=session.refused"));
    EXPECT_EQ(audit.at("items").as_array().size(), 5U);
}

TEST_F(AccessApi, TakesAsLongForANameThatIsNotThere) {
    user("anna", "viewer");
    const auto median_of = [&](const std::string& name) {
        std::vector<Duration> times;
        for (int i = 0; i < 9; ++i) {
            clock_.advance(16min);
            const auto began = SystemClock().mono();
            EXPECT_EQ(sign_in(name, "wrong horse battery").status, 401);
            times.push_back(SystemClock().mono() - began);
        }
        std::ranges::nth_element(times, times.begin() + 4);
        return times[4];
    };
    const auto known = std::chrono::duration<double>(median_of("anna")).count();
    const auto unknown = std::chrono::duration<double>(median_of("nobody")).count();
    // What must not happen is that no password is hashed: a factor of hundreds. The machine of a test has other work.
    EXPECT_LT(std::max(known, unknown) / std::min(known, unknown), 3.0);
}

TEST_F(AccessApi, AnswersThisMachineAloneUntilThereIsAnAdministrator) {
    for (const char* near : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
        EXPECT_EQ(from(near, "/api/v1/agents").status, 200) << near;
    }
    const HttpResponse refused = from("192.0.2.1:1", "/api/v1/agents");
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("muster user create"));
    EXPECT_EQ(from("[2001:db8::1]:1", "/api/v1/agents").status, 403);
    EXPECT_EQ(from("192.0.2.1:1", "/healthz").status, 200);
    EXPECT_EQ(from("192.0.2.1:1", "/readyz").status, 200);
    EXPECT_EQ(sign_in("anna", password, "192.0.2.1:1").status, 403);
    user("anna", "viewer");
    EXPECT_EQ(from("192.0.2.1:1", "/api/v1/agents").status, 403) << "a viewer is no administrator";
    user("root", "administrator");
    EXPECT_EQ(from("192.0.2.1:1", "/api/v1/agents").status, 200);
}

TEST_F(AccessApi, ChangesUsersAsTheyWereSeen) {
    user("anna", "viewer");
    const HttpResponse shown = get("/api/v1/users/anna");
    const std::string etag = header_of(shown, "ETag");
    ASSERT_NE(etag, "");
    const std::string body = R"({"language":"zh-CN","time_zone":"Asia/Shanghai"})";
    const HttpResponse changed = send("PATCH", "/api/v1/users/anna", body, {{"if-match", etag}});
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(body_of(changed).at("language"), "zh-CN");
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", body, {{"if-match", etag}}).status, 412);
    EXPECT_EQ(send("DELETE", "/api/v1/users/anna", "", {{"if-match", etag}}).status, 412);
    EXPECT_EQ(send("DELETE", "/api/v1/users/anna", "").status, 200);
    EXPECT_EQ(get("/api/v1/users/anna").status, 404);
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", body).status, 404);
}

TEST_F(AccessApi, LetsEverybodySayHowToBeSpokenTo) {
    user("anna", "viewer");
    user("bert", "viewer");
    const auto page = page_of("anna");
    const std::string own = "/api/v1/users/anna";
    EXPECT_EQ(send("GET", own, "", page).status, 200);
    EXPECT_EQ(send("PATCH", own, R"({"language":"zh-CN"})", page).status, 200);
    for (const char* rights :
         {R"({"role":"administrator"})", R"({"sites":[]})", R"({"disabled":false})"}) {
        EXPECT_EQ(send("PATCH", own, rights, page).status, 403) << rights;
    }
    for (const char* other : {"bert", "nobody"}) {
        const std::string path = std::string("/api/v1/users/") + other;
        EXPECT_EQ(send("GET", path, "", page).status, 403);
        EXPECT_EQ(send("PATCH", path, R"({"language":"en"})", page).status, 403);
    }
}

TEST_F(AccessApi, NamesWhatIsWrongWithANewUser) {
    const HttpResponse refused = post(
        "/api/v1/users", R"({"name":"anna","password":"short","role":"king","sites":[1],"x":1})"
    );
    EXPECT_EQ(refused.status, 400);
    for (const char* pointer : {"/password", "/role", "/sites", "/x"}) {
        EXPECT_THAT(refused.body, HasSubstr(pointer));
    }
    user("anna", "administrator");
    EXPECT_EQ(
        post("/api/v1/users", R"({"name":"Anna","password":"correct horse","role":"viewer"})")
            .status,
        409
    );
    EXPECT_EQ(send("PATCH", "/api/v1/users/anna", R"({"disabled":true})").status, 409)
        << "the last administrator";
    const HttpResponse list = get("/api/v1/users");
    EXPECT_EQ(list.body.find("argon2"), std::string::npos);
}

TEST_F(AccessApi, AsksForTheCurrentPasswordBeforeANewOne) {
    user("anna", "viewer");
    const auto page = page_of("anna");
    const std::string path = "/api/v1/users/anna/password";
    const std::string fresh = "another horse battery";
    EXPECT_EQ(send("POST", path, R"({"password":")" + fresh + "\"}", page).status, 400);
    EXPECT_EQ(
        send("POST", path, R"({"password":")" + fresh + R"(","current":"nonsense it is"})", page)
            .status,
        403
    );
    const HttpResponse set = send(
        "POST", path, R"({"password":")" + fresh + R"(","current":")" + password + "\"}", page
    );
    EXPECT_EQ(set.status, 200) << set.body;
    EXPECT_EQ(send("GET", "/api/v1/session", "", page).status, 401) << "sessions end";
    EXPECT_EQ(sign_in("anna").status, 401);
    EXPECT_EQ(sign_in("anna", fresh).status, 201);
    user("bert", "viewer");
    EXPECT_EQ(send("POST", path, R"({"password":"another horse"})", page_of("bert")).status, 403);
    EXPECT_EQ(post(path, R"({"password":"set by an administrator"})").status, 200);
    EXPECT_EQ(sign_in("anna", "set by an administrator").status, 201);
}

TEST_F(AccessApi, GivesUsersTokensOfTheirOwn) {
    user("anna", "operator", R"(["HQ"])");
    const auto page = page_of("anna");
    const HttpResponse made =
        send("POST", "/api/v1/tokens", R"({"name":"laptop","ttl":"30d"})", page);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto token = body_of(made);
    EXPECT_EQ(token.at("owner"), "anna");
    const std::string text(token.at("token").as_string());
    const auto who = body_of(get("/api/v1/session", text));
    EXPECT_EQ(who.at("name"), "anna");
    EXPECT_EQ(who.at("role"), "operator");
    EXPECT_EQ(who.at("all_sites"), false);
    const HttpResponse refused = get("/api/v1/users", text);
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(
        refused.body, HasSubstr("this token does not allow that: it takes the role administrator")
    );
    const HttpResponse list = send("GET", "/api/v1/tokens", "", page);
    EXPECT_EQ(body_of(list).at("items").as_array().size(), 1U);
    EXPECT_EQ(list.body.find(text), std::string::npos);
    const std::string path = "/api/v1/tokens/" + std::string(token.at("id").as_string());
    user("bert", "operator");
    EXPECT_EQ(send("DELETE", path, "", page_of("bert")).status, 404) << "somebody else's";
    EXPECT_EQ(send("DELETE", path, "", page).status, 200);
    EXPECT_EQ(get("/api/v1/session", text).status, 401);
}

TEST_F(AccessApi, GivesNoTokenThatMayMoreThanItsMaker) {
    user("anna", "operator", R"(["HQ"])");
    const auto page = page_of("anna");
    const auto refused = [&](const std::string& body) {
        return send("POST", "/api/v1/tokens", body, page).status;
    };
    EXPECT_EQ(refused(R"({"name":"x","role":"administrator"})"), 400);
    EXPECT_EQ(refused(R"({"name":"x","sites":["Depot"]})"), 400);
    EXPECT_EQ(refused(R"({"name":"x","kind":"program","role":"viewer","sites":["HQ"]})"), 403);
    EXPECT_EQ(refused(R"({"name":"x","ttl":"9999d"})"), 400);
    const auto made = body_of(send("POST", "/api/v1/tokens", R"({"name":"x","ttl":"1h"})", page));
    const std::string text(made.at("token").as_string());
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/tokens";
    request.headers = {{"authorization", "Bearer " + text}, {"content-type", "application/json"}};
    request.body = R"({"name":"y","ttl":"30d"})";
    EXPECT_EQ(body_of(ask(std::move(request))).at("expires"), made.at("expires"))
        << "a token makes none that outlives it";
    EXPECT_EQ(post("/api/v1/tokens", R"({"name":"grafana","role":"viewer"})").status, 201);
}

TEST_F(AccessApi, LetsNobodyOfSomeSitesChangeWhoMayWhat) {
    user("root", "administrator");
    user("chief", "administrator", R"(["HQ"])");
    const auto page = page_of("chief");
    EXPECT_EQ(send("GET", "/api/v1/users", "", page).status, 403);
    EXPECT_EQ(send("GET", "/api/v1/audit", "", page).status, 403);
    EXPECT_EQ(
        send("POST", "/api/v1/users/root/password", R"({"password":"mine all mine"})", page).status,
        403
    );
    EXPECT_EQ(send("GET", "/api/v1/agents", "", page).status, 200);
}

TEST_F(AccessApi, ShowsTheAuditPageByPageAndWhetherItIsWhole) {
    for (int i = 0; i < 5; ++i) {
        user("user" + std::to_string(i), "viewer");
    }
    const auto first = body_of(get("/api/v1/audit?limit=2"));
    EXPECT_EQ(first.at("items").as_array().size(), 2U);
    EXPECT_THAT(std::string(first.at("items").at(0).at("target").as_string()), HasSubstr("user4"));
    const auto second = body_of(
        get("/api/v1/audit?limit=2&cursor=" + std::string(first.at("next_cursor").as_string()))
    );
    EXPECT_THAT(std::string(second.at("items").at(0).at("target").as_string()), HasSubstr("user2"));
    EXPECT_EQ(body_of(get("/api/v1/audit?actor=nobody")).at("items").as_array().size(), 0U);
    EXPECT_EQ(get("/api/v1/audit?from=yesterday").status, 400);
    const auto verdict = body_of(get("/api/v1/audit/verify"));
    EXPECT_EQ(verdict.at("intact"), true);
    EXPECT_EQ(verdict.at("rows"), 5);
    EXPECT_EQ(verdict.at("head").as_string().size(), 64U);
}

/// Every route with every role, with and without sites: what the table says is what happens.
TEST_F(AccessApi, ABackupIsBegunOnceAndTheAuditHasWhoAsked) {
    EXPECT_EQ(send("POST", "/api/v1/backups", "{}").status, 202);
    EXPECT_EQ(send("POST", "/api/v1/backups", "{}").status, 409);
    EXPECT_EQ(send("POST", "/api/v1/backups", R"({"dir":"/"})").status, 400);
    const auto made = body_of(get("/api/v1/backups/now"));
    EXPECT_EQ(made.at("state"), "making");
    EXPECT_TRUE(made.at("bytes").is_null());
    EXPECT_EQ(get("/api/v1/backups/never").status, 404);
    const auto audit = body_of(get("/api/v1/audit?action=backup.requested"));
    ASSERT_EQ(audit.at("items").as_array().size(), 1U);
    EXPECT_EQ(audit.at("items").at(0).at("target"), "now");
}

TEST_F(AccessApi, AllowsEachRoleWhatTheTableSaysOnEveryRoute) {
    const std::map<std::string, Permission> roles = {
        {"viewer", Permission::view},
        {"operator", Permission::operate},
        {"administrator", Permission::administer}
    };
    context_.results = [](HistoryQuery) -> Task<Result<HistorySeries>> {
        co_return HistorySeries{};
    };
    for (const auto& [role, permission] : roles) {
        for (const ReadScope& scope : {ReadScope::everything(), ReadScope::of_sites({"HQ"})}) {
            around_.granted = permission;
            around_.scope = scope;
            for (const Route& route : routes()) {
                const std::string path =
                    std::regex_replace(std::string(route.pattern), std::regex(R"(\{\w+\})"), "1");
                if (route.door == Door::enrolment || path == "/readyz") {
                    continue;
                }
                const int status = send(std::string(to_string(route.method)), path, "{}").status;
                const bool of_all =
                    route.scope == Scope::collector && (route.permission == Permission::measure ||
                                                        route.permission > Permission::operate);
                const bool allowed =
                    permission >= route.permission && (!of_all || scope.is_everything());
                // What is allowed may still be absent, incomplete or the own password.
                if (route.scope != Scope::own) {
                    EXPECT_EQ(status == 403, !allowed)
                        << role << " " << to_string(route.method) << " " << path << " " << status;
                }
                EXPECT_NE(status, 401) << path;
                EXPECT_LT(status, 500) << path;
            }
        }
    }
}

}  // namespace
}  // namespace muster::collector::test
