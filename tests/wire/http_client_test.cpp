#include "wire/http_client.hpp"

#include "tests/support/tiny_server.hpp"
#include "tests/wire/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using test::TinyServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* teapot =
    "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 4\r\nX-One: a\r\nX-One: b\r\nETag: "
    "\"7\"\r\n\r\nshor";

class HttpCallTest : public testing::Test {
  protected:
    Result<HttpAnswer> call(HttpCall what, Duration patience = std::chrono::seconds(5)) {
        return test::run(loop, http_call(loop, std::move(what), Deadline::in(patience)));
    }

    HttpCall get(const TinyServer& server, HttpTrust trust, const std::string& host = "localhost") {
        HttpCall what;
        what.url = "https://" + host + ":" + std::to_string(server.port()) + "/api/v1/enrol?x=1";
        what.trust = std::move(trust);
        return what;
    }

    HttpTrust authority() const {
        return {.ca_pem = made.authority.certificate_pem, .spki_pin = {}, .alpn = {}};
    }

    HttpTrust pin(const std::string& hex) const {
        return {.ca_pem = {}, .spki_pin = hex, .alpn = "muster-enrol/1"};
    }

    asio::io_context loop;
    test::Certificates made;
};

TEST_F(HttpCallTest, AsksAndGetsTheAnswerOverTls) {
    const TinyServer server({.identity = made.for_server(), .alpn = {}, .answer = teapot});
    HttpCall what = get(server, authority());
    what.method = "POST";
    what.headers = {{"Content-Type", "application/json"}};
    what.body = "{}";
    const auto answer = call(what);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 418);
    EXPECT_EQ(answer->body, "shor");
    EXPECT_EQ(answer->headers.at("x-one"), "a, b");
    EXPECT_EQ(answer->headers.at("etag"), "\"7\"");
    const std::string asked = server.request();
    EXPECT_THAT(asked, StartsWith("POST /api/v1/enrol?x=1 HTTP/1.1\r\n"));
    EXPECT_THAT(asked, HasSubstr("Host: localhost:" + std::to_string(server.port()) + "\r\n"));
    EXPECT_THAT(asked, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(asked, EndsWith("\r\n\r\n{}"));
}

TEST_F(HttpCallTest, SpeaksPlainHttpToo) {
    const TinyServer server({.identity = {}, .alpn = {}, .answer = teapot});
    HttpCall what;
    what.url = "http://127.0.0.1:" + std::to_string(server.port());
    const auto answer = call(what);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 418);
    EXPECT_THAT(server.request(), StartsWith("GET / HTTP/1.1\r\n"));
}

TEST_F(HttpCallTest, TrustsThePinnedAuthority) {
    const TinyServer server(
        {.identity = made.for_server(), .alpn = "muster-enrol/1", .answer = teapot}
    );
    const auto answer = call(get(server, pin(spki_pin(made.authority.certificate_pem).value())));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 418);
}

TEST_F(HttpCallTest, RefusesAnotherPinBeforeItSendsAnything) {
    const TinyServer server(
        {.identity = made.for_server(), .alpn = "muster-enrol/1", .answer = teapot}
    );
    const test::Certificates other;
    const auto answer = call(get(server, pin(spki_pin(other.authority.certificate_pem).value())));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::refused);
    EXPECT_THAT(answer.error().text(), HasSubstr("the authority that the token names"));
    EXPECT_EQ(server.request(), "");
}

TEST_F(HttpCallTest, DoesNotTakeTheServersOwnKeyForThePinnedAuthority) {
    const TinyServer server(
        {.identity = made.for_server(), .alpn = "muster-enrol/1", .answer = teapot}
    );
    const auto answer = call(get(server, pin(spki_pin(made.server.certificate_pem).value())));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::refused);
}

TEST_F(HttpCallTest, DoesNotBelieveAChainThatOnlyQuotesThePinnedAuthority) {
    const test::Certificates other;
    TlsIdentity forged = other.for_server();
    forged.certificate_chain_pem = other.server.certificate_pem + made.authority.certificate_pem;
    const TinyServer server({.identity = forged, .alpn = "muster-enrol/1", .answer = teapot});
    const auto answer = call(get(server, pin(spki_pin(made.authority.certificate_pem).value())));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::refused);
    EXPECT_THAT(answer.error().text(), HasSubstr("signed by another authority"));
}

TEST_F(HttpCallTest, DoesNotTakeAnAgentForTheCollector) {
    TlsIdentity agent = made.for_agent(test::agent_number(1));
    agent.certificate_chain_pem += made.authority.certificate_pem;
    const TinyServer server({.identity = agent, .alpn = "muster-enrol/1", .answer = teapot});
    const auto answer = call(get(server, pin(spki_pin(made.authority.certificate_pem).value())));
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().text(), HasSubstr("another purpose"));
}

TEST_F(HttpCallTest, RefusesAServerThatDoesNotSpeakTheProtocol) {
    const TinyServer server({.identity = made.for_server(), .alpn = "h2", .answer = teapot});
    const auto answer = call(get(server, pin(spki_pin(made.authority.certificate_pem).value())));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::refused);
    EXPECT_THAT(answer.error().text(), HasSubstr("does not speak muster-enrol/1"));
    EXPECT_THAT(answer.error().text(), HasSubstr("its port for people (8443)"));
}

TEST_F(HttpCallTest, AsksAServerOfTlsForHttps) {
    const TinyServer server({.identity = made.for_server(), .alpn = {}, .answer = teapot});
    HttpCall plain = get(server, {});
    plain.url.replace(0, std::string("https").size(), "http");
    const auto answer = call(std::move(plain));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::closed);
    EXPECT_THAT(answer.error().text(), HasSubstr("is it https:// there?"));
}

TEST_F(HttpCallTest, RefusesAnUnknownAuthority) {
    const TinyServer server({.identity = made.for_server(), .alpn = {}, .answer = teapot});
    const test::Certificates other;
    for (const std::string& ca : {other.authority.certificate_pem, std::string()}) {
        const auto answer =
            call(get(server, {.ca_pem = ca, .spki_pin = {}, .alpn = {}, .remedy = "do something"}));
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind(), ErrorKind::refused);
        EXPECT_THAT(answer.error().text(), HasSubstr("signed by another authority; do something"));
    }
    EXPECT_EQ(server.request(), "");
}

TEST_F(HttpCallTest, RefusesAnotherName) {
    KeyAndCertificate elsewhere =
        issue_server(made.authority, {"elsewhere"}, made.now, std::chrono::hours(1)).value();
    const TlsIdentity identity{
        elsewhere.certificate_pem + made.authority.certificate_pem, elsewhere.key_pem, ""
    };
    const TinyServer server({.identity = identity, .alpn = "muster-enrol/1", .answer = teapot});
    for (const HttpTrust& trust :
         {authority(), pin(spki_pin(made.authority.certificate_pem).value())}) {
        for (const std::string host : {"localhost", "127.0.0.1"}) {
            const auto answer = call(get(server, trust, host));
            ASSERT_FALSE(answer);
            EXPECT_THAT(answer.error().text(), HasSubstr("not valid for the name"));
        }
    }
}

TEST_F(HttpCallTest, GivesUpAtTheDeadline) {
    const TinyServer server(
        {.identity = made.for_server(), .alpn = {}, .answer = {}, .stays_silent = true}
    );
    const auto before = std::chrono::steady_clock::now();
    const auto answer = call(get(server, authority()), std::chrono::milliseconds(200));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
}

TEST_F(HttpCallTest, ToNobodyIsUnavailable) {
    std::uint16_t port = 0;
    {
        const TinyServer gone({.identity = {}, .alpn = {}, .answer = {}});
        port = gone.port();
    }
    HttpCall what;
    what.url = "https://127.0.0.1:" + std::to_string(port) + "/";
    const auto answer = call(what);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
    what.url = "https://no-such-name.invalid/";
    const auto nameless = call(what);
    ASSERT_FALSE(nameless);
    EXPECT_THAT(nameless.error().text(), HasSubstr("no-such-name.invalid"));
}

TEST_F(HttpCallTest, BoundsTheAnswer) {
    const std::string long_answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x');
    const TinyServer server({.identity = {}, .alpn = {}, .answer = long_answer});
    HttpCall what;
    what.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    what.body_limit = 1999;
    const auto answer = call(what);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::full);
}

TEST_F(HttpCallTest, SaysWhenTheAnswerIsNotHttp) {
    const TinyServer server({.identity = {}, .alpn = {}, .answer = "SSH-2.0-OpenSSH\r\n"});
    HttpCall what;
    what.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    const auto answer = call(what);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(answer.error().text(), HasSubstr("not an HTTP answer"));
}

TEST_F(HttpCallTest, LetsNobodySmuggleHeaders) {
    HttpCall what;
    what.url = "http://127.0.0.1:1/";
    what.headers = {{"X", "a\r\nY: b"}};
    EXPECT_EQ(call(what).error().kind(), ErrorKind::invalid);
    what.headers = {{"X Y", "a"}};
    EXPECT_EQ(call(what).error().kind(), ErrorKind::invalid);
    what.headers = {};
    what.method = "GET / HTTP/1.1\r\nX:";
    EXPECT_EQ(call(what).error().kind(), ErrorKind::invalid);
}

TEST(Url, HasParts) {
    const auto full = parse_url("HTTPS://Collector.Example:8443/api?x=1#part");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->scheme, "https");
    EXPECT_EQ(full->host, "collector.example");
    EXPECT_EQ(full->port, 8443);
    EXPECT_EQ(full->target, "/api?x=1");
    const auto v6 = parse_url("http://[::1]");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->port, 80);
    EXPECT_EQ(v6->target, "/");
    const auto query = parse_url("https://a?b=c");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->port, 443);
    EXPECT_EQ(query->target, "/?b=c");
}

TEST(Url, IsRefusedWhereItIsNotOne) {
    for (const std::string wrong :
         {"",
          "a",
          "ftp://a",
          "http://",
          "http:///x",
          "http://a b/",
          "http://user@a/",
          "http://a:0/",
          "http://a:65536/",
          "http://a:/",
          "http://a:1x/",
          "http://[::1",
          "http://[x]/",
          "http://[]/",
          "http://[::1]x/",
          "http://a\\b/",
          "http://a/\r\nX: y",
          "http://\xc3\xa4/"}) {
        const auto parts = parse_url(wrong);
        ASSERT_FALSE(parts) << wrong;
        EXPECT_EQ(parts.error().kind(), ErrorKind::invalid);
    }
}

}  // namespace
}  // namespace muster::wire
