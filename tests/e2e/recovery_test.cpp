// An agent whose certificate has ended while it was cut off gets the next one by its old key, by itself; a revoked one never does.
#include "agent/identity.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Recovery : public ::testing::Test {
  protected:
    /// Two agents that were away while their certificates ended.
    void SetUp() override {
        site_.configure("enrolment: {certificate_valid: 10s}\n");
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("edge"));
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("doomed"));
        EXPECT_EQ(site_.stop_collector(), 0);
        site_.configure("enrolment: {certificate_valid: 1h}\n");
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_EQ(site_.muster({"agent", "revoke", "doomed"}).exit_code, 0);
        ASSERT_TRUE(eventually(20s, [&] { return ended("edge") && ended("doomed"); }));
    }

    agent::Identity identity_of(const std::string& name) const {
        RealFiles files;
        return agent::load_identity(files, site_.agent_dir(name)).value();
    }

    bool ended(const std::string& name) const {
        const auto facts =
            wire::read_certificate(identity_of(name).tls.certificate_chain_pem).value();
        return facts.not_after < SystemClock().wall();
    }

    bool agent_says(const std::string& name, const std::string& words) const {
        return eventually(20s, [&] {
            return site_.agent_log(name).find(words) != std::string::npos;
        });
    }

    Site site_;
};

TEST_F(Recovery, AnAgentComesBackByItsOldKeyAndARevokedOneDoesNot) {
    const agent::Identity before = identity_of("edge");
    site_.resume_agent("edge");
    site_.resume_agent("doomed");
    ASSERT_TRUE(agent_says("edge", "certificate.recovered")) << site_.agent_log("edge");
    ASSERT_TRUE(agent_says("edge", "link.connected")) << site_.agent_log("edge");
    ASSERT_TRUE(eventually(5s, [&] { return !identity_of("edge").next; }));
    const agent::Identity after = identity_of("edge");
    EXPECT_EQ(after.agent, before.agent) << "the same agent";
    EXPECT_NE(after.tls.private_key_pem, before.tls.private_key_pem) << "with another key";
    EXPECT_FALSE(ended("edge"));

    ASSERT_TRUE(agent_says("doomed", "certificate.not_recovered")) << site_.agent_log("doomed");
    EXPECT_THAT(site_.agent_log("doomed"), HasSubstr("this agent has been revoked"));
    EXPECT_THAT(site_.agent_log("doomed"), Not(HasSubstr("link.connected")));
    EXPECT_THAT(site_.agent_log("doomed"), HasSubstr("a join token of another name"));
    EXPECT_THAT(site_.agent_log("doomed"), HasSubstr("certificate.ended"));
    EXPECT_THAT(site_.agent_log("doomed"), Not(HasSubstr("certificate.ends")));

    const std::string audit = site_.muster({"audit", "list"}).output;
    EXPECT_THAT(audit, HasSubstr("agent.certificate_recovered"));
    EXPECT_THAT(audit, HasSubstr("recover.refused"));
    EXPECT_EQ(site_.muster({"audit", "verify"}).exit_code, 0);
    EXPECT_EQ(site_.stop_agent("edge"), 0);
    EXPECT_EQ(site_.stop_agent("doomed"), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
}

}  // namespace
}  // namespace muster::test
