// T-48: whoever is killed at whatever point of a renewal, agent or collector: the agent has one identity that works, and gets the next
// one with it.
#include "agent/identity.hpp"
#include "base/files.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr int killed = 128 + SIGKILL;

class KilledRenewal : public ::testing::Test {
  protected:
    std::string certificate_of(const std::string& name) const {
        return read_text(site_.agent_dir(name) + "/identity/agent.crt");
    }

    /// The certificate that counts has become another, and nothing is left over.
    bool has_renewed(const std::string& name, const std::string& before) const {
        RealFiles files;
        const auto identity = agent::load_identity(files, site_.agent_dir(name));
        return identity && !identity->next && certificate_of(name) != before &&
               wire::check_issued(
                   {identity->tls.private_key_pem, identity->tls.certificate_chain_pem},
                   identity->tls.ca_pem
               );
    }

    std::size_t connections_of(const std::string& name) const {
        const std::string log = site_.agent_log(name);
        std::size_t count = 0;
        for (std::size_t at = log.find("link.connected"); at != std::string::npos;
             at = log.find("link.connected", at + 1)) {
            ++count;
        }
        return count;
    }

    Site site_;
};

TEST_F(KilledRenewal, T48AnAgentGoesOnFromEveryPoint) {
    site_.configure("enrolment: {certificate_valid: 15s}\n");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    // In the order in which an agent passes them.
    const std::map<std::string, std::string> points{
        {"a1", "renewal.before_request"},
        {"a3", "renewal.answered"},
        {"a4", "identity.next_key"},
        {"a5", "identity.next_certificate"},
        {"a6", "identity.adopted_key"},
        {"a7", "identity.adopted_certificate"},
    };
    std::map<std::string, std::string> before;
    for (const auto& [name, point] : points) {
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent(name));
        before[name] = certificate_of(name);
        site_.resume_agent(name, {{"MUSTER_FAILPOINT", point}});
    }
    for (const auto& [name, point] : points) {
        ASSERT_EQ(site_.agent(name).wait(30s).value_or(-1), killed) << point << "\n"
                                                                    << site_.agent_log(name);
        site_.resume_agent(name);
    }
    for (const auto& [name, point] : points) {
        EXPECT_TRUE(eventually(
            20s,
            [&, agent = name] {
                return has_renewed(agent, before[agent]) && connections_of(agent) >= 2;
            }
        )) << point
           << "\n"
           << site_.agent_log(name);
        EXPECT_EQ(site_.stop_agent(name), 0) << point;
    }
    EXPECT_EQ(site_.stop_collector(), 0);
}

TEST_F(KilledRenewal, T48ACollectorKilledBeforeOrAfterItsCommitKeepsTheAgent) {
    site_.configure("enrolment: {certificate_valid: 15s}\n");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector({{"MUSTER_FAILPOINT", "access.before_promise"}}));
    ASSERT_NO_FATAL_FAILURE(site_.start_agent("edge"));
    const std::string before = certificate_of("edge");
    for (const std::string next : {"access.after_promise", "access.after_adoption", ""}) {
        ASSERT_EQ(site_.collector().wait(30s).value_or(-1), killed) << site_.collector_log();
        if (next.empty()) {
            ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        } else {
            ASSERT_NO_FATAL_FAILURE(site_.start_collector({{"MUSTER_FAILPOINT", next}}));
        }
    }
    EXPECT_TRUE(eventually(20s, [&] { return has_renewed("edge", before); }))
        << site_.agent_log("edge");
    EXPECT_EQ(site_.stop_agent("edge"), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
}

}  // namespace
}  // namespace muster::test
