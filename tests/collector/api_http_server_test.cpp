#include "collector/api/http_server.hpp"
#include "collector/api/routes.hpp"
#include "tests/collector/api_fixture.hpp"
#include "tests/collector/raw_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

#include <regex>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Task<std::string> say(
    asio::io_context* loop, std::uint16_t port, std::string bytes, std::string alpn
) {
    RawClient client(*loop, alpn);
    const bool connected = co_await client.connect(port);
    if (!connected) {
        co_return "not connected";
    }
    // A server that has read enough may close while we still write.
    co_await client.send(std::move(bytes));
    co_return co_await client.rest();
}

class HttpServerTest : public ApiTest {
  protected:
    /// What the server answers to these bytes before it closes.
    std::string answer_to(const std::string& bytes, const std::string& alpn = "") {
        return run(loop_, say(&loop_, server_->port(), bytes, alpn));
    }

    Result<wire::HttpAnswer> fetch(const std::string& path, const std::string& alpn = "") {
        wire::HttpCall get;
        get.url = url(path);
        get.trust.ca_pem = authority_.certificate_pem;
        get.trust.alpn = alpn;
        get.headers["Authorization"] = "Bearer good";
        return call(std::move(get));
    }
};

TEST_F(HttpServerTest, AnswersOverTlsWithHeadersThatForbidBrowsersEverything) {
    listen();
    const Result<wire::HttpAnswer> answer = fetch("/api/v1/incidents");
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 200);
    EXPECT_THAT(answer->headers.at("content-security-policy"), StartsWith("default-src 'none'"));
    EXPECT_EQ(answer->headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer->headers.at("cache-control"), "no-store");
    EXPECT_EQ(answer->headers.at("referrer-policy"), "no-referrer");
    EXPECT_EQ(answer->headers.at("content-type"), "application/json");
    EXPECT_FALSE(answer->headers.at("date").empty());
}

TEST_F(HttpServerTest, LetsEnrolmentThroughItsOwnProtocolAlone) {
    listen();
    wire::HttpCall enrol;
    enrol.method = "POST";
    enrol.url = url("/api/v1/enrol");
    enrol.headers["Content-Type"] = "application/json";
    enrol.body = R"({"token":"jt1.x","request_pem":"-","facts":{"hostname":"h1"}})";
    enrol.trust.spki_pin = *wire::spki_pin(authority_.certificate_pem);
    enrol.trust.alpn = "muster-enrol/1";
    const Result<wire::HttpAnswer> enrolled = call(enrol);
    ASSERT_TRUE(enrolled) << enrolled.error().text();
    EXPECT_EQ(enrolled->status, 201) << enrolled->body;
    EXPECT_THAT(around_.enrolled, testing::ElementsAre("h1"));

    enrol.trust = {};
    enrol.trust.ca_pem = authority_.certificate_pem;
    EXPECT_EQ(call(enrol)->status, 404);
    EXPECT_EQ(fetch("/api/v1/incidents", "muster-enrol/1")->status, 404);
    EXPECT_EQ(around_.enrolled.size(), 1U);
}

/// The door is what the connection has negotiated, and by each one reaches its own routes alone: every one is asked for at the
/// other door, some over a connection.
TEST_F(HttpServerTest, ReachesByEachDoorItsOwnRoutesAlone) {
    listen();
    int strangers = 0;
    int at_people = 0;
    for (const Route& route : routes()) {
        HttpRequest request;
        request.method = std::string(to_string(route.method));
        request.path =
            std::regex_replace(std::string(route.pattern), std::regex(R"(\{\w+\})"), "1");
        request.door = route.door == Door::people ? Door::enrolment : Door::people;
        request.headers = {{"authorization", "Bearer good"}, {"content-type", "application/json"}};
        request.body = request.method == "GET" ? "" : "{}";
        EXPECT_EQ(ask(request).status, 404) << request.method << " " << route.pattern;
        ++strangers;
        if (route.door == Door::people && ++at_people > 5) {
            continue;
        }
        wire::HttpCall connected;
        connected.method = request.method;
        connected.url = url(request.path);
        connected.headers = {
            {"Authorization", "Bearer good"}, {"Content-Type", "application/json"}
        };
        connected.body = request.body;
        connected.trust.ca_pem = authority_.certificate_pem;
        connected.trust.alpn = route.door == Door::people ? "muster-enrol/1" : "";
        const Result<wire::HttpAnswer> answer = call(connected);
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_EQ(answer->status, 404) << request.method << " " << route.pattern;
    }
    EXPECT_GT(strangers, 50);
    EXPECT_TRUE(around_.enrolled.empty());
    EXPECT_TRUE(around_.recovered.empty());
    EXPECT_TRUE(around_.commands.empty());
}

TEST_F(HttpServerTest, RefusesAProtocolItDoesNotSpeak) {
    listen();
    EXPECT_EQ(answer_to("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "h2"), "not connected");
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
    listen();
    const std::string one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const std::string answers = answer_to(one + one + last);
    std::size_t count = 0;
    for (std::size_t at = answers.find("HTTP/1.1 200"); at != std::string::npos;
         at = answers.find("HTTP/1.1 200", at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 3U);
}

TEST_F(HttpServerTest, GivesHeadWithoutBody) {
    listen();
    const std::string answer =
        answer_to("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 15\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesRequestsThatCouldMeanTwoThings) {
    listen();
    for (const std::string& bad :
         {std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: "
                      "3\r\n\r\nabc"),
          std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: "
                      "2\r\n\r\nab"),
          std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: "
                      "3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                      "chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
          std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
          std::string(
              "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
          ),
          std::string("GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
          std::string("GET /healthz HTTP/1.1\r\n\r\n"),
          std::string("GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
          std::string("GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n"),
          std::string("GET /healthz HTTP/3.9\r\nHost: x\r\n\r\n"),
          std::string("\0\0\0\0\r\n\r\n", 8),
          std::string("GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n")}) {
        EXPECT_THAT(answer_to(bad), StartsWith("HTTP/1.1 4")) << bad;
    }
}

TEST_F(HttpServerTest, BoundsHeadersAndBodies) {
    listen();
    const std::string start = "POST /healthz HTTP/1.1\r\nHost: x\r\n";
    EXPECT_THAT(
        answer_to(start + "X: " + std::string(20'000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431")
    );
    EXPECT_THAT(
        answer_to(start + "Content-Length: 2147483648\r\n\r\nabc"), StartsWith("HTTP/1.1 413")
    );
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 20; ++i) {
        chunked += chunk;
    }
    EXPECT_THAT(answer_to(chunked + "0\r\n\r\n"), StartsWith("HTTP/1.1 413"));
    const std::string body(100'000, ' ');
    const std::string enrol =
        "POST /api/v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body;
    EXPECT_THAT(answer_to(enrol, "muster-enrol/1"), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, WaitsForNobodyForEver) {
    HttpLimits limits;
    limits.header = 200ms;
    limits.body = 200ms;
    limits.idle = 300ms;
    limits.handshake = 200ms;
    listen(limits);
    EXPECT_EQ(answer_to(""), "");
    EXPECT_EQ(answer_to("GET /healthz HTTP/1.1\r\nHos"), "");
    EXPECT_EQ(answer_to("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"), "");
    tcp::socket silent(loop_);
    silent.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server_->port()));
    const auto until = std::chrono::steady_clock::now() + 5s;
    boost::system::error_code problem;
    silent.non_blocking(true);
    loop_.restart();
    do {
        loop_.run_one_for(20ms);
        char byte = 0;
        silent.read_some(asio::buffer(&byte, 1), problem);
    } while (problem == asio::error::would_block && std::chrono::steady_clock::now() < until);
    EXPECT_TRUE(problem == asio::error::eof || problem == asio::error::connection_reset);
}

TEST_F(HttpServerTest, ClosesConnectionsBeyondItsBound) {
    HttpLimits limits;
    limits.connections = 2;
    listen(limits);
    RawClient first(loop_);
    RawClient second(loop_);
    ASSERT_TRUE(run(loop_, first.connect(server_->port())));
    ASSERT_TRUE(run(loop_, second.connect(server_->port())));
    RawClient third(loop_);
    EXPECT_FALSE(run(loop_, third.connect(server_->port())));
    EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(HttpServerTest, EndsOpenConnectionsWhenItStops) {
    listen();
    RawClient client(loop_);
    ASSERT_TRUE(run(loop_, client.connect(server_->port())));
    stop_listening();
}

TEST_F(HttpServerTest, TakesTls12AndNothingOlder) {
    listen();
    RawClient good(loop_);
    SSL_set_max_proto_version(good.session(), TLS1_2_VERSION);
    EXPECT_TRUE(run(loop_, good.connect(server_->port())));
    RawClient old(loop_);
    SSL_set_min_proto_version(old.session(), TLS1_VERSION);
    SSL_set_max_proto_version(old.session(), TLS1_1_VERSION);
    EXPECT_FALSE(run(loop_, old.connect(server_->port())));
}

TEST_F(HttpServerTest, SaysWhatToDoWhenItCannotListen) {
    listen();
    HttpServerOptions options;
    const auto certificate =
        *wire::issue_server(authority_, {"localhost"}, SystemClock().wall(), 1h);
    options.certificate_chain_pem = certificate.certificate_pem;
    const auto open = [&](const std::string& endpoint) {
        options.endpoint = endpoint;
        options.private_key_pem = Secret(certificate.key_pem);
        return HttpServer::open(loop_, std::move(options), {});
    };
    const std::string port = std::to_string(server_->port());
    const Result<HttpServer> taken = open("127.0.0.1:" + port);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind(), ErrorKind::unavailable);
    EXPECT_THAT(taken.error().text(), HasSubstr("port " + port + " is taken"));
    options.certificate_chain_pem = certificate.certificate_pem;
    const Result<HttpServer> elsewhere = open("192.0.2.1:8443");
    ASSERT_FALSE(elsewhere);
    EXPECT_THAT(elsewhere.error().text(), HasSubstr("listen.people"));
    for (const char* bad : {"8443", "localhost:8443", "[::]:x", "[::]:70000", ""}) {
        options.certificate_chain_pem = certificate.certificate_pem;
        const Result<HttpServer> refused = open(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().kind(), ErrorKind::invalid) << bad;
    }
    options.certificate_chain_pem = "no certificate";
    EXPECT_FALSE(open("127.0.0.1:0"));
}

TEST_F(HttpServerTest, ShowsAnotherCertificateFromTheNextConnectionOn) {
    listen();
    ASSERT_TRUE(fetch("/api/v1/incidents"));
    const WallTime now = SystemClock().wall();
    const auto other = *wire::make_authority("another authority", now);
    const auto server = *wire::issue_server(other, {"localhost", "127.0.0.1"}, now, 24h);
    const std::string chain = server.certificate_pem + other.certificate_pem;
    EXPECT_FALSE(server_->use(chain, Secret(other.key_pem))) << "not the key of the certificate";
    ASSERT_TRUE(fetch("/api/v1/incidents"));
    ASSERT_TRUE(server_->use(chain, Secret(server.key_pem)));
    EXPECT_FALSE(fetch("/api/v1/incidents"));
    authority_ = other;
    EXPECT_TRUE(fetch("/api/v1/incidents"));
}

}  // namespace
}  // namespace muster::collector::test
