#include "wire/certificates.hpp"

#include "tests/wire/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr auto two_weeks = std::chrono::hours(24 * 14);

TEST(Certificates, NameTheAgentAndNothingTheAgentAskedFor) {
    const test::Certificates made;
    const AgentId agent = test::agent_number(9);
    const auto request = make_request("root of everything").value();
    const auto issued =
        issue_agent(made.authority, request.request_pem, agent, made.now, two_weeks);
    ASSERT_TRUE(issued) << issued.error().text();
    const auto facts = read_certificate(issued->certificate_pem);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->agent, agent);
    EXPECT_THAT(facts->names, ElementsAre("urn:muster:agent:" + agent.text()));
    EXPECT_EQ(facts->serial, issued->serial);
    EXPECT_THAT(facts->serial, SizeIs(32));
    EXPECT_EQ(facts->not_after, issued->not_after);
    EXPECT_LE(made.now - facts->not_before, std::chrono::minutes(10) + std::chrono::seconds(1));
    EXPECT_GE(made.now - facts->not_before, std::chrono::minutes(10) - std::chrono::seconds(1));
    EXPECT_LE(facts->not_after - made.now, two_weeks);
    EXPECT_GE(facts->not_after - made.now, two_weeks - std::chrono::seconds(1));
}

TEST(Certificates, HaveSerialsByChance) {
    const test::Certificates made;
    const auto request = make_request("a").value();
    const AgentId agent = test::agent_number(1);
    const auto one = issue_agent(made.authority, request.request_pem, agent, made.now, two_weeks);
    const auto two = issue_agent(made.authority, request.request_pem, agent, made.now, two_weeks);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->serial, two->serial);
}

TEST(Certificates, AreNotIssuedForABrokenRequest) {
    const test::Certificates made;
    auto request = make_request("a").value();
    const AgentId agent = test::agent_number(1);
    // A character of the signature, in the line before the last.
    std::string& pem = request.request_pem;
    const std::size_t at = pem.find("-----END") - 20;
    pem[at] = pem[at] == 'A' ? 'B' : 'A';
    for (const std::string& wrong : {std::string(), std::string("-----BEGIN"), pem}) {
        const auto issued = issue_agent(made.authority, wrong, agent, made.now, two_weeks);
        ASSERT_FALSE(issued);
        EXPECT_EQ(issued.error().kind(), ErrorKind::invalid);
    }
}

TEST(Certificates, OfAServerCarryItsNamesAndAddresses) {
    const test::Certificates made;
    const auto server = issue_server(
        made.authority,
        {"localhost", "collector, evil=x", "192.0.2.1", "2001:db8::1"},
        made.now,
        two_weeks
    );
    ASSERT_TRUE(server) << server.error().text();
    const auto facts = read_certificate(server->certificate_pem);
    ASSERT_TRUE(facts);
    EXPECT_THAT(
        facts->names, ElementsAre("localhost", "collector, evil=x", "192.0.2.1", "2001:db8::1")
    );
    EXPECT_TRUE(facts->agent.is_nil());
}

TEST(Certificates, PinIsThatOfTheKeyAndNotOfTheCertificate) {
    const test::Certificates made;
    const auto pin = spki_pin(made.authority.certificate_pem);
    ASSERT_TRUE(pin);
    EXPECT_THAT(*pin, SizeIs(64));
    EXPECT_NE(*pin, spki_pin(made.server.certificate_pem).value());
    EXPECT_FALSE(spki_pin("nonsense"));
}

TEST(Certificates, FromAnAuthorityWhoseKeyIsAnothersAreRefused) {
    const test::Certificates made;
    const test::Certificates other;
    KeyAndCertificate mixed = made.authority;
    mixed.key_pem = other.authority.key_pem;
    const auto server = issue_server(mixed, {"localhost"}, made.now, two_weeks);
    ASSERT_FALSE(server);
    EXPECT_THAT(server.error().text(), HasSubstr("do not belong together"));
}

}  // namespace
}  // namespace muster::wire
