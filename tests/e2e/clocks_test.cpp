// Machines whose clocks are wrong, or are set while all runs (T-17 to T-20). Clocks are shifted below real daemons, so that nothing of
// them is simulated.
#include "base/clock.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/shifted_clocks.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto interval = 200ms;
constexpr auto a_year = 365 * 24h;

bool is_about(const std::string& seconds, double wanted) {
    return !seconds.empty() && std::abs(std::strtod(seconds.c_str(), nullptr) - wanted) < 2;
}

/// One agent that watches one host; both programs have clocks of their own.
class WrongClocks : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        hook_.emplace();
        write_text(site_.dir() / "hmac", "hook key");
        site_.set_silence(3s, 4s);
        site_.configure(
            "channels:\n  - {name: ops, type: webhook, url: \"" + hook_->url() +
            "\", secret: {file: " + (site_.dir() / "hmac") +
            "}}\ntargets:\n  - name: host\n    class: server\n    address: 127.0.0.9\n    probes:\n"
            "      - {type: icmp, count: 1, interval: 200ms, timeout: 150ms}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector(collectors_.environment()));
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        site_.resume_agent("agent1", agents_.environment());
        ASSERT_TRUE(more_results());
    }

    /// When the results were taken by the collector's account, those that are right by a minute.
    std::vector<WallTime> results() {
        const WallTime now = collectors_.calendar();
        const ApiAnswer answer = site_.get(
            "/probes/" + site_.probe_id("host icmp") +
            "/results?from=" + format_rfc3339(now - 10min) + "&to=" + format_rfc3339(now + 1min)
        );
        std::vector<WallTime> times;
        if (answer.status == 200) {
            for (const boost::json::value& point : answer.body.at("points").as_array()) {
                times.push_back(parse_rfc3339(text_of(point, "at")).value_or(WallTime{}));
                const boost::json::value& value = point.at("value");
                all_measured_positive_ =
                    all_measured_positive_ && (value.is_null() || value.to_number<double>() >= 0);
                failed_ = failed_ || text_of(point, "state") != "ok";
            }
        }
        return times;
    }

    bool more_results() {
        const std::size_t before = results().size();
        return eventually(20s, [&] { return results().size() >= before + 6; });
    }

    /// As the metric has it.
    std::string told_ahead() {
        return site_.metric("muster_agent_clock_ahead_seconds{agent=\"agent1\"}");
    }

    /// The probe ran at its pace, as if nobody had touched a clock; what was told of it is right by two seconds.
    void expect_steady_since(WallTime begin) {
        std::vector<WallTime> times = results();
        std::erase_if(times, [begin](WallTime at) { return at < begin; });
        ASSERT_GT(times.size(), 8U);
        EXPECT_TRUE(std::ranges::is_sorted(times));
        EXPECT_LT(times.front() - begin, 2s);
        EXPECT_LT(std::chrono::abs(collectors_.calendar() - times.back()), 2s);
        std::size_t close = 0;
        for (std::size_t at = 1; at < times.size(); ++at) {
            EXPECT_LT(times[at] - times[at - 1], 5 * interval) << format_rfc3339(times[at]);
            close += times[at] - times[at - 1] < interval / 2 ? 1 : 0;
        }
        EXPECT_LE(close, times.size() / 10);
        const auto wanted = (times.back() - times.front()) / interval;
        EXPECT_GE(static_cast<std::int64_t>(times.size()), wanted * 8 / 10);
        EXPECT_LE(static_cast<std::int64_t>(times.size()), wanted * 12 / 10 + 2);
    }

    void expect_no_page() {
        EXPECT_THAT(site_.incidents(), IsEmpty());
        EXPECT_EQ(hook_->calls(), 0U);
        EXPECT_FALSE(failed_) << "the host was there all the time";
    }

    /// Whatever the clocks have shown, what happens now counts.
    void expect_a_fault_is_noticed() {
        const std::size_t told = hook_->calls();
        set_pings_v4(Pings::ignored);
        EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 1; }));
        set_pings_v4(Pings::answered);
        EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
        EXPECT_TRUE(eventually(5s, [&] { return hook_->calls() == told + 2; }));
        EXPECT_EQ(site_.incidents().size(), 1U);
    }

    /// Of the stopped collector: records in order of their numbers, none twice, none missing.
    void expect_order() {
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        ASSERT_TRUE(reader) << reader.error().text();
        std::map<SpoolId, std::uint64_t> last;
        for (collector::Lsn next = 1;;) {
            const auto entries = reader->read(next, 256, 1U << 20U);
            ASSERT_TRUE(entries) << entries.error().text();
            if (entries->empty()) {
                break;
            }
            for (const collector::Entry& entry : *entries) {
                next = entry.lsn + 1;
                if (!entry.batches) {
                    continue;
                }
                for (const collector::DecodedBatch& batch : *entry.batches) {
                    EXPECT_EQ(batch.seq, ++last[batch.spool]);
                    EXPECT_FALSE(batch.gap);
                }
            }
        }
        EXPECT_FALSE(last.empty());
    }

    std::size_t said(const std::string& log, const std::string& event) const {
        std::size_t count = 0;
        for (std::size_t at = log.find(event); at != std::string::npos;
             at = log.find(event, at + 1)) {
            ++count;
        }
        return count;
    }

    std::optional<WebhookListener> hook_;
    Site site_;
    ShiftedClocks agents_{site_.dir() / "agents.clocks"};
    ShiftedClocks collectors_{site_.dir() / "collectors.clocks"};
    bool failed_ = false;
    bool all_measured_positive_ = true;
};

TEST_F(WrongClocks, T17_AnAgentWhoseCalendarIsSetProbesOnAndItsTimesAreRight) {
    const WallTime begin = SystemClock().wall();
    for (const auto& [by, told] : {std::pair<Duration, double>{1h, 3600}, {-2h, -3600}, {1h, 0}}) {
        agents_.step_calendar(by);
        EXPECT_TRUE(eventually(5s, [&] { return is_about(told_ahead(), told); })) << told_ahead();
        ASSERT_TRUE(more_results());
    }
    expect_steady_since(begin);
    expect_no_page();
    EXPECT_EQ(said(site_.collector_log(), "agent.clock_wrong"), 2U);
    EXPECT_EQ(said(site_.collector_log(), "agent.clock_right_again"), 1U);
    EXPECT_EQ(site_.stop_collector(), 0);
    expect_order();
}

TEST_F(WrongClocks, T18_ACollectorWhoseCalendarIsSetExpiresNothingThatIsThere) {
    const std::size_t before = results().size();
    const WallTime begin = SystemClock().wall();
    for (const Duration by : {Duration(-1h), Duration(10 * a_year)}) {
        collectors_.set_calendar(SystemClock().wall() + by);
        const std::size_t lines = said(site_.collector_log(), "\n");
        EXPECT_TRUE(throughout(2500ms, [&] {
            const ApiAnswer agents = site_.get("/agents");
            return agents.status == 200 &&
                   text_of(agents.body.at("items").at(0), "state") == "connected";
        })) << site_.get("/agents").body;
        EXPECT_LT(said(site_.collector_log(), "\n"), lines + 20) << "no flood";
    }
    // Whoever starts it by this calendar gets a certificate that is not valid yet by any other.
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector(collectors_.environment()));
    collectors_.right_calendar();
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector(collectors_.environment()));
    ASSERT_TRUE(more_results());
    EXPECT_GE(results().size(), before) << "what is of the present stays";
    expect_no_page();
    EXPECT_LT(std::chrono::abs(results().back() - SystemClock().wall()), 2s);
    EXPECT_LT(begin, results().back());
    expect_a_fault_is_noticed();
}

/// GET /api/v1/session, or with a name and password POST: the answer's status, and the cookie of a new session.
class Person {
  public:
    explicit Person(const Site& site) : site_(site) {}

    int sign_in() {
        wire::HttpCall call = to_session("POST");
        call.body = R"({"name":"anna","password":"correct horse battery"})";
        const Result<wire::HttpAnswer> answer = perform(std::move(call));
        if (answer && answer->headers.contains("set-cookie")) {
            const std::string& cookie = answer->headers.at("set-cookie");
            cookie_ = cookie.substr(0, cookie.find(';'));
        }
        return answer ? answer->status : 0;
    }

    int look() const {
        wire::HttpCall call = to_session("GET");
        call.headers["Cookie"] = cookie_;
        const Result<wire::HttpAnswer> answer = perform(std::move(call));
        return answer ? answer->status : 0;
    }

  private:
    wire::HttpCall to_session(const std::string& method) const {
        wire::HttpCall call;
        call.method = method;
        call.url = site_.url() + "/api/v1/session";
        call.headers = {{"Content-Type", "application/json"}};
        call.trust.ca_pem = site_.ca_pem();
        return call;
    }

    const Site& site_;
    std::string cookie_;
};

// What ends by the calendar ends while the calendar says so; nobody loses what is good again when it is right again.
TEST_F(WrongClocks, T18_ACollectorWhoseCalendarIsSetKeepsPeopleSignedIn) {
    write_text(site_.dir() / "password", "correct horse battery\n");
    const CommandResult made = site_.create_user("anna", "administrator");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    Person anna(site_);
    Person at_home(site_);
    ASSERT_EQ(anna.sign_in(), 201);
    ASSERT_EQ(anna.look(), 200);

    collectors_.step_calendar(-1h);
    EXPECT_EQ(anna.look(), 200);
    EXPECT_EQ(site_.get("/agents").status, 200) << "an API token";

    collectors_.right_calendar();
    collectors_.step_calendar(10 * a_year);
    EXPECT_EQ(anna.look(), 401) << "nobody was there for ten years";
    EXPECT_EQ(site_.get("/agents").status, 200) << "that token does not end";

    collectors_.right_calendar();
    EXPECT_EQ(anna.look(), 200) << "nothing had ended";

    // A session of the wrong time is none of the right time, or it would last for ten years.
    collectors_.step_calendar(10 * a_year);
    ASSERT_EQ(at_home.sign_in(), 201);
    EXPECT_EQ(at_home.look(), 200);
    collectors_.right_calendar();
    EXPECT_EQ(at_home.look(), 401);
    EXPECT_EQ(anna.sign_in(), 201);
    EXPECT_EQ(anna.look(), 200);
}

TEST_F(WrongClocks, T20_AMachineThatSleptGoesOnFromThere) {
    const WallTime begin = SystemClock().wall();
    site_.agent().signal(SIGSTOP);
    // For everybody else the two minutes go by.
    for (ShiftedClocks* clocks : {&agents_, &collectors_}) {
        clocks->suspend(120s);
    }
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 1; })) << "it is silent";
    const WallTime woken = collectors_.calendar();
    site_.agent().signal(SIGCONT);
    EXPECT_TRUE(eventually(10s, [&] { return site_.open_incidents() == 0; }));
    ASSERT_TRUE(eventually(20s, [&] {
        return std::ranges::count_if(results(), [&](WallTime at) { return at > woken + 1s; }) > 10;
    }));
    expect_steady_since(woken + 1s);
    std::vector<WallTime> times = results();
    EXPECT_TRUE(std::ranges::is_sorted(times));
    std::erase_if(times, [&](WallTime at) { return at < begin + 1s || at > woken - 1s; });
    EXPECT_LE(times.size(), 1U) << "what was not seen is not made up";
    EXPECT_EQ(site_.incidents().size(), 1U);
    EXPECT_TRUE(eventually(5s, [&] { return hook_->calls() == 2; })) << "opened and resolved";
    EXPECT_TRUE(all_measured_positive_);
}

TEST_F(WrongClocks, T19_AnAgentOfAnotherCenturyDeliversAndIsToldToLookAtItsClock) {
    const WallTime begin = SystemClock().wall();
    const auto at = [](const char* text) { return *parse_rfc3339(text); };
    for (const char* date :
         {"1970-01-02T00:00:00Z", "2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z"}) {
        agents_.set_calendar(at(date));
        ASSERT_TRUE(more_results()) << date;
        EXPECT_TRUE(eventually(5s, [&] { return told_ahead() != "0"; }));
    }
    agents_.right_calendar();
    ASSERT_TRUE(more_results());
    expect_steady_since(begin);
    expect_no_page();

    // One that starts in the past cannot trust anybody, and says why.
    EXPECT_EQ(site_.stop_agent(), 0);
    agents_.set_calendar(at("1970-01-02T00:00:00Z"));
    site_.resume_agent("agent1", agents_.environment());
    EXPECT_TRUE(eventually(10s, [&] {
        return site_.agent_log().find("not valid yet: compare the clocks") != std::string::npos;
    })) << site_.agent_log();
    agents_.right_calendar();
    EXPECT_TRUE(more_results());
    expect_a_fault_is_noticed();
    EXPECT_EQ(site_.stop_collector(), 0);
    expect_order();
}

}  // namespace
}  // namespace muster::test
