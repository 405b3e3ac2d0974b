#include "wire/certificates.hpp"

#include "tests/support/forged_certificate.hpp"
#include "tests/wire/loop.hpp"
#include "wire/openssl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

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

std::vector<int> extensions_of(const X509* certificate) {
    std::vector<int> kinds;
    for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
        kinds.push_back(OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(certificate, i))));
    }
    return kinds;
}

// T-46: what a request asks for besides its key is not even looked at.
TEST(Certificates, T46GrantNothingThatARequestAsksFor) {
    const test::Certificates made;
    const AgentId agent = test::agent_number(9);
    const AgentId victim = test::agent_number(1);
    const std::string request = muster::test::forge_request(
        victim.text(),
        {{"subjectAltName", "URI:urn:muster:agent:" + victim.text() + ",DNS:localhost"},
         {"basicConstraints", "critical,CA:TRUE,pathlen:3"},
         {"keyUsage", "critical,keyCertSign,cRLSign"},
         {"extendedKeyUsage", "serverAuth,clientAuth,codeSigning,anyExtendedKeyUsage"},
         {"privateKeyUsagePeriod", "DER:30:00"},
         {"nameConstraints", "permitted;DNS:example.test"}}
    );
    const auto issued = issue_agent(made.authority, request, agent, made.now, two_weeks);
    ASSERT_TRUE(issued) << issued.error().text();
    const auto facts = read_certificate(issued->certificate_pem).value();
    EXPECT_EQ(facts.agent, agent);
    EXPECT_THAT(facts.names, ElementsAre("urn:muster:agent:" + agent.text()));
    EXPECT_LE(facts.not_after - facts.not_before, two_weeks + clock_slack);
    const auto certificates = read_certificates(issued->certificate_pem).value();
    ASSERT_THAT(certificates, SizeIs(1));
    X509* const certificate = certificates.front().get();
    EXPECT_EQ(X509_check_ca(certificate), 0);
    EXPECT_EQ(X509_get_extended_key_usage(certificate), std::uint32_t{XKU_SSL_CLIENT});
    EXPECT_EQ(X509_get_key_usage(certificate), std::uint32_t{KU_DIGITAL_SIGNATURE});
    EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(certificate)), 1);
    EXPECT_THAT(
        extensions_of(certificate),
        testing::UnorderedElementsAre(
            NID_subject_alt_name,
            NID_basic_constraints,
            NID_key_usage,
            NID_ext_key_usage,
            NID_subject_key_identifier,
            NID_authority_key_identifier
        )
    );
    const std::string subject = [certificate] {
        std::array<char, 256> line{};
        X509_NAME_oneline(X509_get_subject_name(certificate), line.data(), line.size());
        return std::string(line.data());
    }();
    EXPECT_EQ(subject, "/CN=" + agent.text());
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
