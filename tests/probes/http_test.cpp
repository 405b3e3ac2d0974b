#include "tests/probes/probe_fixture.hpp"
#include "tests/probes/web_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

namespace muster::probes::test {
namespace {

using testing::HasSubstr;
using wire::ResultState;

enum Metric : std::size_t { total, dns, connect, tls, first_byte, status, size, certificate_days };

class Http : public ProbeTest {
  protected:
    void SetUp() override { ASSERT_TRUE(server.ready()) << server.log(); }

    Outcome get(const std::string& path, config::Params more = {}, Duration timeout = 5s) {
        more["url"] = "http://" + address + ":" + std::to_string(web_port) + path;
        return probe("http", {}, std::move(more), {}, timeout);
    }

    Outcome get_tls(
        const std::string& host, std::uint16_t port, config::Params more = {}, Secrets secrets = {}
    ) {
        more["url"] = "https://" + host + ":" + std::to_string(port) + "/";
        return probe("http", address, std::move(more), std::move(secrets), 5s);
    }

    std::string address = own_address(2);
    WebServer server{address};
};

TEST_F(Http, TellsHowLongEachPartTook) {
    const Outcome outcome = get("/");
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << outcome.seen;
    ASSERT_EQ(outcome.values.size(), 8u);
    EXPECT_EQ(outcome.values[status], 200);
    EXPECT_EQ(outcome.values[size], 11);
    EXPECT_EQ(outcome.values[dns], 0);
    EXPECT_GT(outcome.values[connect], 0);
    EXPECT_GT(outcome.values[first_byte], 0);
    EXPECT_GE(outcome.values[total], outcome.values[connect] + outcome.values[first_byte]);
    EXPECT_EQ(outcome.values[tls], wire::absent_value);
    EXPECT_EQ(outcome.values[certificate_days], wire::absent_value);
}

TEST_F(Http, ComparesTheStatus) {
    const Outcome broken = get("/broken");
    EXPECT_EQ(broken.state, ResultState::critical);
    EXPECT_EQ(broken.reason, "status");
    EXPECT_EQ(broken.expected, "status 200 to 299");
    EXPECT_EQ(broken.seen, "HTTP 503");
    EXPECT_EQ(broken.values[status], 503);
    EXPECT_EQ(get("/missing", {{"expect.status", "404\n410"}}).state, ResultState::ok);
    EXPECT_EQ(get("/", {{"expect.status", "404\n410"}}).expected, "status 404, 410");
}

TEST_F(Http, SearchesTheBody) {
    EXPECT_EQ(get("/", {{"expect.body", "all is w[eo]ll"}}).state, ResultState::ok);
    const Outcome outcome = get("/", {{"expect.body", "^well"}});
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "body");
    EXPECT_THAT(outcome.expected, HasSubstr("^well"));
    EXPECT_THAT(outcome.seen, HasSubstr("all is well"));
}

TEST_F(Http, ExpectsTheBodyTooWhereItNeverCameToThat) {
    const Outcome broken = get("/broken", {{"expect.body", "well"}});
    EXPECT_EQ(broken.reason, "status");
    EXPECT_EQ(broken.expected, "status 200 to 299 and a body that matches well");
}

TEST_F(Http, CountsAllOfALargeBodyButSearchesItsFirstMebibyte) {
    const Outcome outcome = get("/big", {{"expect.body", "the end"}});
    EXPECT_EQ(outcome.reason, "body");
    EXPECT_EQ(outcome.values[size], 3'000'007);
}

TEST_F(Http, SaysThatThePortIsClosed) {
    const Outcome outcome = probe("http", {}, {{"url", "http://" + address + ":18099/"}}, {}, 2s);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "refused");
    EXPECT_THAT(outcome.seen, HasSubstr(address + ":18099"));
}

TEST_F(Http, SaysHowFarItGotInTime) {
    asio::ip::tcp::acceptor silent(loop, {asio::ip::make_address(address), 18098});
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome =
        probe("http", {}, {{"url", "http://" + address + ":18098/"}}, {}, 300ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_THAT(outcome.seen, HasSubstr("connected, no answer"));
    EXPECT_GT(outcome.values[connect], 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 800ms);
}

TEST_F(Http, TrustsTheAuthorityItIsGiven) {
    const Outcome outcome = get_tls(address, tls_port, {}, {{"tls.ca", server.ca_pem}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    EXPECT_GT(outcome.values[tls], 0);
    EXPECT_EQ(outcome.values[certificate_days], 29);
}

TEST_F(Http, GoesToTheAddressOfTheTargetUnderTheNameOfTheUrl) {
    const Outcome outcome = get_tls("good.test", tls_port, {}, {{"tls.ca", server.ca_pem}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
}

TEST_F(Http, RefusesACertificateOfAnUnknownAuthority) {
    const Outcome outcome = get_tls(address, tls_port);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "tls");
    EXPECT_THAT(outcome.seen, HasSubstr("certificate: "));
    EXPECT_EQ(outcome.values[certificate_days], 29) << "known all the same";
    EXPECT_EQ(get_tls(address, tls_port, {{"tls.verify", "false"}}).state, ResultState::ok);
}

TEST_F(Http, TrustsItsOwnAuthorityAloneWhateverTheRunsBeforeItTrusted) {
    const auto another = wire::make_authority("others", SystemClock().wall() - 72h).value();
    const Secrets own{{"tls.ca", server.ca_pem}};
    const Secrets others{{"tls.ca", another.certificate_pem}};
    EXPECT_EQ(get_tls(address, tls_port, {}, others).reason, "tls");
    EXPECT_EQ(get_tls(address, tls_port, {}, own).state, ResultState::ok);
    EXPECT_EQ(get_tls(address, tls_port).reason, "tls") << "the system's authorities";
    EXPECT_EQ(get_tls(address, tls_port, {}, others).reason, "tls");
    EXPECT_EQ(get_tls(address, tls_port, {}, own).state, ResultState::ok);
}

TEST_F(Http, RefusesACertificateForAnotherName) {
    const Outcome outcome = get_tls("other.test", tls_port, {}, {{"tls.ca", server.ca_pem}});
    EXPECT_EQ(outcome.reason, "tls");
    EXPECT_THAT(outcome.seen, HasSubstr("other.test"));
}

TEST_F(Http, RefusesAnExpiredCertificateAndSaysSinceWhen) {
    const Outcome outcome = get_tls(address, expired_port, {}, {{"tls.ca", server.ca_pem}});
    EXPECT_EQ(outcome.reason, "tls");
    EXPECT_THAT(outcome.seen, HasSubstr("expired"));
    EXPECT_EQ(outcome.values[certificate_days], -2);
}

TEST_F(Http, TakesARedirectForTheAnswerUnlessItMayFollow) {
    EXPECT_EQ(get("/once").seen, "HTTP 301");
    EXPECT_EQ(get("/once", {{"expect.status", "301"}, {"redirects", "3"}}).state, ResultState::ok);
    const Outcome followed = get("/once", {{"redirects", "1"}, {"expect.body", "seen"}});
    EXPECT_EQ(followed.state, ResultState::ok) << followed.seen;
    const Outcome round = get("/round", {{"redirects", "5"}});
    EXPECT_EQ(round.seen, "HTTP 302");
}

TEST_F(Http, KeepsItsHeadersFromAnotherOrigin) {
    const config::Params with_token{
        {"redirects", "1"}, {"headers", "X-Token\tsecret"}, {"ip", "4"}
    };
    EXPECT_EQ(get("/once", with_token).state, ResultState::ok);
    EXPECT_TRUE(server.has_seen("token=secret"));
    // localhost is another address, where nothing listens: the point is that it was resolved and asked.
    const Outcome outcome = get("/elsewhere", with_token);
    EXPECT_EQ(outcome.reason, "refused");
    EXPECT_THAT(outcome.seen, HasSubstr("127.0.0.1:18080"));
    config::Params secure = with_token;
    secure["tls.verify"] = "false";
    secure["url"] = "https://" + address + ":" + std::to_string(tls_port) + "/away";
    EXPECT_EQ(probe("http", {}, secure, {}, 5s).state, ResultState::ok);
    EXPECT_TRUE(server.has_seen("token=-"));
}

TEST_F(Http, SendsMethodHeadersAndBody) {
    const Outcome outcome =
        get("/seen",
            {{"method", "post"}, {"body", "hello"}, {"headers", "X-Token\tT1\nHost\tmuster.test"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
    EXPECT_TRUE(server.has_seen("POST /seen HTTP/1.1 host=muster.test token=T1"));
    EXPECT_EQ(get("/seen", {{"method", "head"}}).values[size], 0);
    EXPECT_TRUE(server.has_seen("HEAD /seen"));
}

TEST_F(Http, ResolvesTheNameOfTheUrl) {
    const Outcome outcome = probe("http", {}, {{"url", "http://no-such-name.invalid/"}}, {}, 5s);
    EXPECT_EQ(outcome.state, ResultState::unknown);
    EXPECT_EQ(outcome.reason, "resolve");
}

}  // namespace
}  // namespace muster::probes::test
