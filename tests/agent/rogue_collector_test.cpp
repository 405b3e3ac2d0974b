// T-42 and T-49: an agent, enrolled or about to enrol, that meets somebody else than its collector says nothing but that.
#include "agent/enrolment.hpp"
#include "agent/uplink.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "tests/support/forged_certificate.hpp"
#include "tests/support/tiny_server.hpp"
#include "tests/wire/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using wire::test::Certificates;
using wire::test::TinyServer;
using wire::test::TinyServerOptions;

const std::string secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I";
constexpr const char* enrolled_answer =
    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

struct Rogue {
    std::string name;
    TinyServerOptions (*make)(const Certificates& ours);
    std::string link_says;
    std::string enrolment_says;
};

TinyServerOptions serving(const wire::TlsIdentity& identity) {
    return {.identity = identity, .alpn = "muster-enrol/1", .answer = enrolled_answer};
}

wire::TlsIdentity chained(const wire::KeyAndCertificate& server, const std::string& authority_pem) {
    return {
        .certificate_chain_pem = server.certificate_pem + authority_pem,
        .private_key_pem = server.key_pem,
        .ca_pem = authority_pem
    };
}

wire::TlsIdentity forged(const test::Forgery& what, const Certificates& ours) {
    return chained(test::forge(what, ours.authority, ours.now), ours.authority.certificate_pem);
}

const std::string not_the_pinned = "does not present the authority that the token names";
const std::string other_authority = "signed by another authority";

const std::vector<Rogue>& rogues() {
    static const std::vector<Rogue> all{
        {"OfAnotherAuthority",
         [](const Certificates&) { return serving(Certificates{}.for_server()); },
         other_authority,
         not_the_pinned},
        {"QuotingOurAuthority",
         [](const Certificates& ours) {
             return serving(chained(Certificates{}.server, ours.authority.certificate_pem));
         },
         other_authority,
         other_authority},
        {"SelfSigned",
         [](const Certificates& ours) {
             const test::Forgery what{.uris = {}, .hosts = {"localhost"}, .purpose = "serverAuth"};
             return serving(
                 chained(test::forge_self_signed(what, ours.now), ours.authority.certificate_pem)
             );
         },
         other_authority,
         other_authority},
        {"OfAnotherName",
         [](const Certificates& ours) {
             const test::Forgery what{.uris = {}, .hosts = {"elsewhere"}, .purpose = "serverAuth"};
             return serving(forged(what, ours));
         },
         "not valid for the name",
         "not valid for the name"},
        {"Expired",
         [](const Certificates& ours) {
             test::Forgery what{.uris = {}, .hosts = {"localhost"}, .purpose = "serverAuth"};
             what.until = -1s;
             return serving(forged(what, ours));
         },
         "has expired",
         "has expired"},
        {"AnAgent",
         [](const Certificates& ours) {
             return serving(forged({.uris = {}, .hosts = {"localhost"}}, ours));
         },
         "not a server's certificate",
         "not a server's certificate"},
        {"PlainText",
         [](const Certificates&) {
             TinyServerOptions options{.identity = {}, .alpn = {}, .answer = enrolled_answer};
             options.greeting = "220 welcome\r\n";
             return options;
         },
         "does not speak TLS",
         "does not speak TLS"},
        {"OfYesterday",
         [](const Certificates& ours) {
             TinyServerOptions options = serving(ours.for_server());
             options.is_outdated = true;
             return options;
         },
         "offers no TLS 1.3",
         "offers no TLS 1.3"},
    };
    return all;
}

Task<Result<std::vector<std::string>>> loopback(std::string /*name*/, Deadline /*deadline*/) {
    co_return std::vector<std::string>{"127.0.0.1"};
}

class RogueCollector : public testing::TestWithParam<Rogue> {
  protected:
    /// Nothing that only a collector should hear. Plain text sees a ClientHello, in which there is none of it.
    static void expect_heard_nothing(const TinyServer& server) {
        EXPECT_THAT(server.request(), Not(HasSubstr(secret)));
        EXPECT_THAT(server.request(), Not(HasSubstr("the-host")));
        EXPECT_THAT(server.request(), Not(HasSubstr("POST")));
    }

    asio::io_context loop;
    Certificates ours;
    SystemClock clock;
    SeededRandom random{7};
};

TEST_P(RogueCollector, T42HearsNothingFromAnEnrolledAgentWhichSaysWhy) {
    const TinyServer server(GetParam().make(ours));
    UplinkOptions options;
    options.collector = {"localhost", server.port()};
    options.identity = ours.for_agent(wire::test::agent_number(7));
    options.link.backoff_least = 1ms;
    options.link.backoff_most = 2ms;
    options.resolve = loopback;
    wire::AgentFacts facts;
    facts.hostname = "the-host";
    testing::internal::CaptureStderr();
    wire::SpoolPosition spool;
    spool.spool = SpoolId{Uuid::named("spool")};
    Uplink uplink(loop, clock, random, std::move(options), facts, {spool}, {});
    uplink.start();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (server.connections() < 3 && std::chrono::steady_clock::now() < until) {
        loop.restart();
        loop.run_for(5ms);
    }
    EXPECT_FALSE(uplink.is_live());
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("link.failed"));
    EXPECT_THAT(log, HasSubstr(GetParam().link_says));
    EXPECT_THAT(log, Not(HasSubstr("link.connected")));
    expect_heard_nothing(server);
}

// T-49: the token is in the wrong hands or the wrong one answers: without the pinned authority's key it never sees the token.
TEST_P(RogueCollector, T49HearsNothingOfAJoinToken) {
    const TinyServer server(GetParam().make(ours));
    EnrolmentRequest request;
    request.collector_url = "https://localhost:" + std::to_string(server.port());
    request.token = Secret(
        "jt1.0011223344556677." + secret + "." + *wire::spki_pin(ours.authority.certificate_pem)
    );
    request.hostname = "the-host";
    const auto enrolled = wire::test::run(loop, enrol(loop, std::move(request), Deadline::in(5s)));
    ASSERT_FALSE(enrolled);
    EXPECT_THAT(enrolled.error().text(), HasSubstr(GetParam().enrolment_says));
    EXPECT_THAT(enrolled.error().text(), Not(HasSubstr(secret)));
    expect_heard_nothing(server);
}

INSTANTIATE_TEST_SUITE_P(All, RogueCollector, testing::ValuesIn(rogues()), [](const auto& one) {
    return one.param.name;
});

TEST_F(RogueCollector, T42IsToldFromTheRightOneByTheSameTest) {
    const TinyServer server(serving(ours.for_server()));
    EnrolmentRequest request;
    request.collector_url = "https://localhost:" + std::to_string(server.port());
    request.token = Secret(
        "jt1.0011223344556677." + secret + "." + *wire::spki_pin(ours.authority.certificate_pem)
    );
    const auto enrolled = wire::test::run(loop, enrol(loop, std::move(request), Deadline::in(5s)));
    ASSERT_FALSE(enrolled);
    EXPECT_THAT(enrolled.error().text(), HasSubstr("not an enrolment")) << "an empty answer";
    EXPECT_THAT(server.request(), HasSubstr(secret));
}

}  // namespace
}  // namespace muster::agent
