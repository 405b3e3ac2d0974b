// T-45 at the real collector: one use is one agent, however many come at once; a token is of no use from elsewhere; who guesses is
// slowed down, and stands in the audit.
#include "base/clock.hpp"
#include "base/time.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"
#include "wire/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class JoinTokens : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(site_.start_collector()); }

    wire::HttpCall call_with(const std::string& token, const std::string& hostname) const {
        const boost::json::object body{
            {"token", token},
            {"request_pem", wire::make_request("agent").value().request_pem},
            {"facts", boost::json::object{{"hostname", hostname}}}
        };
        wire::HttpCall call;
        call.method = "POST";
        call.url = site_.url() + "/api/v1/enrol";
        call.headers["Content-Type"] = "application/json";
        call.body = boost::json::serialize(body);
        call.trust.spki_pin = wire::spki_pin(site_.ca_pem()).value();
        call.trust.alpn = "muster-enrol/1";
        return call;
    }

    /// How often each status came; 0: no answer.
    static std::map<int, int> answers_to(const std::vector<wire::HttpCall>& calls) {
        asio::io_context loop;
        std::map<int, int> statuses;
        for (const wire::HttpCall& call : calls) {
            asio::co_spawn(
                loop,
                wire::http_call(loop, call, Deadline::in(30s)),
                [&statuses](const std::exception_ptr&, const Result<wire::HttpAnswer>& answer) {
                    ++statuses[answer ? answer->status : 0];
                }
            );
        }
        loop.run();
        return statuses;
    }

    std::size_t agents() { return site_.get("/agents").body.at("items").as_array().size(); }

    std::string refusals() { return site_.muster({"audit", "list", "--limit", "200"}).output; }

    Site site_;
};

TEST_F(JoinTokens, T45OneUseIsOneAgentThoughAHundredComeAtOnce) {
    const ApiAnswer made = site_.post("/join-tokens", R"({"max_uses":1})");
    const std::string token = text_of(made.body, "token");
    std::vector<wire::HttpCall> calls;
    for (int i = 0; i < 100; ++i) {
        calls.push_back(call_with(token, "host-" + std::to_string(i)));
    }
    std::map<int, int> statuses = answers_to(calls);
    EXPECT_EQ(statuses[201], 1);
    EXPECT_EQ(statuses[201] + statuses[403] + statuses[429] + statuses[0] + statuses[503], 100);
    EXPECT_GT(statuses[403], 0);
    EXPECT_TRUE(eventually(5s, [&] { return agents() == 1; }));
    EXPECT_THAT(refusals(), HasSubstr("join token already used"));
    EXPECT_EQ(site_.muster({"audit", "verify"}).exit_code, 0);
}

TEST_F(JoinTokens, T45AGuesserIsSlowedDownAndAudited) {
    const std::string good = site_.join_token("edge");
    const std::string id = good.substr(0, 21);  // "jt1.<id>."
    const std::string pin = good.substr(64);
    std::map<int, int> statuses;
    for (int i = 0; i < 60; ++i) {
        std::string secret(43, 'A');
        secret[static_cast<std::size_t>(i % 40)] = 'B';
        for (const auto& [status, count] : answers_to({call_with(id + secret + pin, "h")})) {
            statuses[status] += count;
        }
    }
    EXPECT_EQ(statuses[403], 20) << "then it waits until the minute is over";
    EXPECT_EQ(statuses[429], 40);
    EXPECT_EQ(agents(), 0U);
    EXPECT_THAT(refusals(), HasSubstr("enrol.refused"));
    EXPECT_THAT(refusals(), HasSubstr("join token " + id.substr(4, 16)));
}

TEST_F(JoinTokens, T45ATokenForAnotherNetworkIsOfNoUseHere) {
    const std::string elsewhere =
        site_.join_token("edge", R"(,"from":["198.51.100.0/24","2001:db8::/32"])");
    EXPECT_EQ(answers_to({call_with(elsewhere, "h")})[403], 1);
    EXPECT_THAT(refusals(), HasSubstr("may not be used from where you are"));
    const std::string here = site_.join_token("edge", R"(,"from":["127.0.0.0/8"])");
    EXPECT_EQ(answers_to({call_with(here, "h")})[201], 1);
}

TEST_F(JoinTokens, T45ATokenThatEndsIsOfNoUseAfterwards) {
    const ApiAnswer made = site_.post("/join-tokens", R"({"ttl":"1s"})");
    const std::string token = text_of(made.body, "token");
    const auto expires = parse_rfc3339(text_of(made.body, "expires"));
    ASSERT_TRUE(eventually(5s, [&] { return SystemClock().wall() > *expires; }));
    EXPECT_EQ(answers_to({call_with(token, "h")})[403], 1);
    EXPECT_THAT(refusals(), HasSubstr("join token expired at"));
}

}  // namespace
}  // namespace muster::test
