#include "wire/recovery.hpp"

#include "tests/support/forged_certificate.hpp"
#include "tests/wire/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Recovery : public testing::Test {
  protected:
    RecoveryProof proof_by(const TlsIdentity& old) const {
        return prove_recovery({old.private_key_pem, old.certificate_chain_pem}, request).value();
    }

    std::string verdict(const RecoveryProof& proof) const {
        const auto facts = check_recovery(proof, made.authority.certificate_pem);
        EXPECT_TRUE(facts || facts.error().kind() == ErrorKind::refused);
        return facts ? "recovered" : facts.error().what();
    }

    test::Certificates made;
    AgentId agent = test::agent_number(7);
    std::string request = make_request("agent").value().request_pem;
};

TEST_F(Recovery, IsProvedByTheKeyOfACertificateThatHasEnded) {
    const TlsIdentity old = made.for_agent(agent, -1min);
    const auto facts = check_recovery(proof_by(old), made.authority.certificate_pem);
    ASSERT_TRUE(facts) << facts.error().text();
    EXPECT_EQ(facts->agent, agent);
    EXPECT_LT(facts->not_after, made.now);
}

TEST_F(Recovery, IsRefusedWithoutTheOldKey) {
    const TlsIdentity old = made.for_agent(agent, -1min);
    TlsIdentity thief = made.for_agent(test::agent_number(8), -1min);
    thief.certificate_chain_pem = old.certificate_chain_pem;
    EXPECT_THAT(verdict(proof_by(thief)), HasSubstr("not signed by the key of the old"));
    RecoveryProof altered = proof_by(old);
    altered.request_pem = make_request("somebody else").value().request_pem;
    EXPECT_THAT(verdict(altered), HasSubstr("not signed by the key of the old"));
    altered = proof_by(old);
    for (const std::string& nonsense : {std::string(), std::string("x"), std::string(512, 'x')}) {
        altered.signature = nonsense;
        EXPECT_THAT(verdict(altered), HasSubstr("not signed by the key of the old"));
    }
}

TEST_F(Recovery, IsForAgentsOfThisAuthorityAlone) {
    const test::Certificates other;
    EXPECT_THAT(verdict(proof_by(other.for_agent(agent, -1min))), HasSubstr("not one that this"));
    EXPECT_THAT(verdict(proof_by(made.for_server())), HasSubstr("not one that this"));
    const TlsIdentity authority{
        made.authority.certificate_pem, made.authority.key_pem, made.authority.certificate_pem
    };
    EXPECT_THAT(verdict(proof_by(authority)), HasSubstr("not one that this"));
    const auto nobody =
        muster::test::forge({.uris = {}, .hosts = {"localhost"}}, made.authority, made.now);
    EXPECT_THAT(
        verdict(proof_by({nobody.certificate_pem, nobody.key_pem, ""})),
        HasSubstr("not one that this")
    );
    RecoveryProof unreadable = proof_by(made.for_agent(agent, -1min));
    unreadable.certificate_pem = "nonsense";
    EXPECT_THAT(verdict(unreadable), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace muster::wire
