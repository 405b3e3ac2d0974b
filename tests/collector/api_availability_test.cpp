#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;

/// One CI "web" with a probe of agent a1 that has answered since the beginning; times in seconds.
class ApiAvailability : public ApiTest {
  protected:
    ApiAvailability() {
        state_.agent(1, "a1");
        state_.ci(1, "web");
        state_.probe(2, 1, 1, "ping", "ok");
        run("UPDATE probe SET proven = 0");
    }

    void run(const std::string& sql) {
        const Status done = state_.database().execute(sql);
        ASSERT_TRUE(done) << done.error().text();
    }

    void down(std::int64_t from, std::int64_t to, const std::string& state = "critical") {
        Result<Statement> row = state_.database().prepare(
            "INSERT INTO probe_interval (probe, from_wall, to_wall, state, lsn, ordinal) VALUES "
            "(?1, ?2, ?3, ?4, ?2, 0)"
        );
        ASSERT_TRUE(row);
        const std::string id = id_bytes(2);
        row->bind_blob(0, id).bind(1, from * second).bind(2, to * second).bind_text(3, state);
        ASSERT_TRUE(row->run());
    }

    static std::string at(std::int64_t seconds) {
        return format_rfc3339(wall_from_ns(seconds * second));
    }

    static std::string between(std::int64_t from, std::int64_t to) {
        return "?from=" + at(from) + "&to=" + at(to);
    }

    /// "up", "down ping critical", … of every interval.
    static std::vector<std::string> items_of(const boost::json::value& body) {
        std::vector<std::string> out;
        for (const boost::json::value& item : body.at("items").as_array()) {
            std::string text(item.at("state").as_string());
            if (!item.at("probe").is_null()) {
                text += " " + std::string(item.at("probe").at("name").as_string());
            }
            text += " " + std::string(item.at("cause").as_string());
            out.push_back(text);
        }
        return out;
    }
};

TEST_F(ApiAvailability, GivesBoundsCoverageAndTheIntervalsBehind) {
    down(100, 200);
    state_.unobserved(1, 150 * second, 300 * second);
    const HttpResponse response = get("/api/v1/cis/web/availability" + between(0, 1000));
    ASSERT_EQ(response.status, 200) << response.body;
    const boost::json::value body = body_of(response);
    EXPECT_EQ(body.at("down_ms").as_int64(), 50'000);
    EXPECT_EQ(body.at("unobserved_ms").as_int64(), 150'000);
    EXPECT_EQ(body.at("up_ms").as_int64(), 800'000);
    EXPECT_DOUBLE_EQ(body.at("lower").as_double(), 0.8);
    EXPECT_DOUBLE_EQ(body.at("upper").as_double(), 0.95);
    EXPECT_DOUBLE_EQ(body.at("coverage").as_double(), 0.85);
    EXPECT_THAT(
        items_of(body),
        ElementsAre("up ", "down ping critical", "unobserved ping agent a1: silent", "up ")
    );
}

TEST_F(ApiAvailability, CountsAnAnswerInPartAsUpAndWhatIsUnknownAsUnobserved) {
    down(100, 200, "warning");
    down(200, 300, "unknown");
    const boost::json::value body =
        body_of(get("/api/v1/probes/" + id_text(2) + "/availability" + between(0, 1000)));
    EXPECT_EQ(body.at("down_ms").as_int64(), 0);
    EXPECT_EQ(body.at("unobserved_ms").as_int64(), 100'000);
    EXPECT_EQ(body.at("name").as_string(), "ping");
}

TEST_F(ApiAvailability, IsUnobservedBeforeTheFirstAnswerAndAfterNow) {
    run("UPDATE probe SET proven = 400000000000");
    const std::int64_t now = to_ns(clock_.wall()) / second;
    const boost::json::value before =
        body_of(get("/api/v1/cis/web/availability" + between(0, 1000)));
    EXPECT_EQ(before.at("unobserved_ms").as_int64(), 400'000);
    const boost::json::value after =
        body_of(get("/api/v1/cis/web/availability" + between(now - 100, now + 50)));
    EXPECT_EQ(after.at("unobserved_ms").as_int64(), 50'000);
}

TEST_F(ApiAvailability, LeavesOutAgreedWindows) {
    down(100, 200);
    Result<Statement> row = state_.database().prepare(
        "INSERT INTO maintenance_window_ci (window, ci, from_wall, to_wall, lsn, ordinal) VALUES "
        "(3, ?1, ?2, ?3, 1, 0)"
    );
    ASSERT_TRUE(row);
    const std::string id = id_bytes(1);
    row->bind_blob(0, id).bind(1, 150 * second).bind(2, 650 * second);
    ASSERT_TRUE(row->run());
    const boost::json::value body = body_of(get("/api/v1/cis/web/availability" + between(0, 1000)));
    EXPECT_EQ(body.at("excluded_ms").as_int64(), 500'000);
    EXPECT_DOUBLE_EQ(body.at("lower").as_double(), 0.9);
    EXPECT_THAT(items_of(body), ElementsAre("up ", "down ping critical", "excluded WIN-3", "up "));
}

TEST_F(ApiAvailability, IsReadInPages) {
    for (int i = 0; i < 10; ++i) {
        down(100 + i * 20, 110 + i * 20);
    }
    std::vector<std::string> found;
    std::string cursor;
    int pages = 0;
    do {
        const boost::json::value body = body_of(
            get("/api/v1/cis/web/availability" + between(0, 1000) + "&limit=4" +
                (cursor.empty() ? "" : "&cursor=" + cursor))
        );
        EXPECT_EQ(body.at("down_ms").as_int64(), 100'000) << "the sums are of the whole time";
        for (const std::string& item : items_of(body)) {
            found.push_back(item);
        }
        const boost::json::value& next = body.at("next_cursor");
        cursor = next.is_null() ? "" : std::string(next.as_string());
        ++pages;
    } while (!cursor.empty() && pages < 10);
    EXPECT_EQ(pages, 6);
    EXPECT_EQ(found.size(), 21U);
    EXPECT_EQ(std::ranges::count(found, "down ping critical"), 10);
}

TEST_F(ApiAvailability, RefusesATimeThatIsNone) {
    EXPECT_EQ(get("/api/v1/cis/web/availability" + between(10, 10)).status, 400);
    EXPECT_EQ(get("/api/v1/cis/web/availability?from=yesterdayish").status, 400);
    EXPECT_EQ(get("/api/v1/cis/none/availability").status, 404);
    EXPECT_EQ(get("/api/v1/probes/" + id_text(9) + "/availability").status, 404);
}

TEST_F(ApiAvailability, ShowsNothingOfOtherSites) {
    state_.ci(5, "far", "up", "Lhasa");
    state_.probe(6, 5, 1, "ping", "ok");
    around_.scope = ReadScope::of_sites({"HQ"});
    EXPECT_EQ(get("/api/v1/cis/web/availability").status, 200);
    EXPECT_EQ(get("/api/v1/cis/far/availability").status, 404);
    EXPECT_EQ(get("/api/v1/probes/" + id_text(6) + "/availability").status, 404);
}

// --- which threshold wins ---

class ApiExplains : public ApiTest {
  protected:
    static constexpr const char* policy =
        R"({"match":"class = application_endpoint","probes":[{"type":"icmp","interval":"10s"}],"breach":{"any":[{"metric":"rtt_avg","above":200.5}]}})";
};

TEST_F(ApiExplains, ExplainPrintsEveryCandidateInOrderAndWhoWon) {
    state_.agent(1, "a1");
    state_.ci(1, "web");
    ASSERT_EQ(send("PUT", "/api/v1/policies/p", policy).status, 201);
    ASSERT_EQ(
        send(
            "PUT",
            "/api/v1/thresholds/by%20site",
            R"({"match":"site = HQ","breach":{"any":[{"metric":"rtt_avg","above":300}]},"hold":"7s"})"
        )
            .status,
        201
    );
    ASSERT_EQ(
        send("PUT", "/api/v1/thresholds/elsewhere", R"({"match":"site = Lhasa","hold":"9s"})")
            .status,
        201
    );
    ASSERT_EQ(send("PUT", "/api/v1/thresholds/pinned", R"({"pin":"web","hold":"8s"})").status, 201);
    state_.probe(2, 1, 1, "icmp", "ok");
    ASSERT_TRUE(state_.database().execute("UPDATE probe SET origin = 'policy p'"));
    const HttpResponse response = get("/api/v1/cis/web/probes/icmp/explain");
    ASSERT_EQ(response.status, 200) << response.body;
    const boost::json::value body = body_of(response);
    const boost::json::value& probe = body.at("items").at(0);
    EXPECT_EQ(probe.at("origin").as_string(), "policy p");
    EXPECT_EQ(probe.at("origin_why").as_string(), "it matches: class = application_endpoint");
    EXPECT_EQ(probe.at("vantage_why").as_string(), "the first that enrolled");
    std::vector<std::string> lines;
    for (const boost::json::value& candidate : probe.at("candidates").as_array()) {
        for (const boost::json::value& piece : candidate.at("pieces").as_array()) {
            lines.push_back(
                std::string(candidate.at("specificity").as_string()) + " " +
                std::string(candidate.at("origin").as_string()) + ": " +
                std::string(piece.at("piece").as_string()) +
                (piece.at("wins").as_bool() ? " wins" : "")
            );
        }
    }
    EXPECT_THAT(
        lines,
        ElementsAre(
            "pin threshold pinned: hold wins",
            "site threshold by site: metric rtt_avg wins",
            "site threshold by site: hold",
            "policy policy p: metric rtt_avg",
            "shipped shipped defaults: answering wins",
            "shipped shipped defaults: successes wins",
            "shipped shipped defaults: hold",
            "shipped shipped defaults: flapping wins"
        )
    );
    const boost::json::value only =
        body_of(get("/api/v1/cis/web/probes/icmp/explain?metric=rtt_avg"));
    EXPECT_EQ(
        only.at("items").at(0).at("candidates").at(1).at("pieces").at(0).at("why").as_string(),
        "site is more specific than policy: policy p"
    );
    EXPECT_EQ(get("/api/v1/cis/web/probes/none/explain").status, 404);
}

}  // namespace
}  // namespace muster::collector::test
