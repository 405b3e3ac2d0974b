#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;

Task<Result<HistorySeries>> series_of(std::vector<HistoryQuery>* asked, HistoryQuery query) {
    asked->push_back(query);
    HistorySeries series;
    series.step = query.step;
    HistoryPoint point;
    point.at = wall_from_ns(1'000'000'000);
    point.state = wire::ResultState::warning;
    point.results = 3;
    point.measured = 2;
    point.min = 1'500;
    point.max = 2'500;
    point.mean = 2'000.0;
    point.held = {3s, 1s, 0s, 0s};
    series.points.push_back(point);
    point.measured = 0;
    series.points.push_back(point);
    co_return series;
}

class ApiResults : public ApiTest {
  protected:
    ApiResults() {
        state_.ci(1, "intranet");
        state_.agent(1, "agent1");
        state_.probe(1, 1, 1, "icmp", "ok");
        context_.results = [this](HistoryQuery query) { return series_of(&asked_, query); };
    }

    std::string path(const std::string& query) const {
        return "/api/v1/probes/" + id_text(1) + "/results" + query;
    }

    std::vector<HistoryQuery> asked_;
};

TEST_F(ApiResults, AreTheLastHourOfTheFirstMetricUnlessAskedOtherwise) {
    const boost::json::value body = body_of(get(path("")));
    ASSERT_EQ(asked_.size(), 1U);
    EXPECT_EQ(asked_[0].to, clock_.wall());
    EXPECT_EQ(asked_[0].to - asked_[0].from, Duration(1h));
    EXPECT_EQ(asked_[0].step, Duration(0));
    EXPECT_EQ(asked_[0].metric, 0U);
    EXPECT_EQ(body.at("unit"), "ms");
    EXPECT_EQ(body.at("points").at(0).at("value"), 1.5);
    EXPECT_EQ(body.at("points").at(0).at("state"), "warning");
    EXPECT_TRUE(body.at("points").at(1).at("value").is_null());
}

TEST_F(ApiResults, AreSummedUpByStep) {
    const boost::json::value body =
        body_of(get(path("?from=2026-11-22T00:00:00Z&to=2026-11-22T01:00:00%2B00:00&step=5m")));
    ASSERT_EQ(asked_.size(), 1U);
    EXPECT_EQ(asked_[0].step, Duration(5min));
    EXPECT_EQ(asked_[0].to - asked_[0].from, Duration(1h));
    const boost::json::value& point = body.at("points").at(0);
    EXPECT_EQ(point.at("mean"), 2.0);
    EXPECT_EQ(point.at("results"), 3);
    EXPECT_EQ(point.at("held_ms").at("ok"), 3000);
    EXPECT_FALSE(body.at("points").at(1).as_object().contains("mean"));
}

TEST_F(ApiResults, RefuseTimesAndMetricsThatCannotBe) {
    EXPECT_EQ(get(path("?from=-2h&to=-1h")).status, 200);
    EXPECT_EQ(get(path("?metric=loss")).status, 200);
    for (const char* bad :
         {"?from=yesterday", "?to=x", "?step=5", "?from=-1h&to=-2h", "?metric=nothing"}) {
        const HttpResponse response = get(path(bad));
        EXPECT_EQ(response.status, 400) << bad;
        EXPECT_TRUE(body_of(response).as_object().contains("errors")) << bad;
    }
    EXPECT_EQ(get("/api/v1/probes/" + id_text(2) + "/results").status, 404);
    EXPECT_EQ(asked_.size(), 2U);
}

}  // namespace
}  // namespace muster::collector::test
