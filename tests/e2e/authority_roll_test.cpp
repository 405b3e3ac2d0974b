// One authority gives way to another while an agent goes on measuring: it is told both, gets a certificate of the new one, and never
// enrols anew; an agent that was away holds the roll up.
#include "agent/identity.hpp"
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

class AuthorityRoll : public ::testing::Test {
  protected:
    CommandResult ca(std::vector<std::string> arguments) {
        arguments.insert(
            arguments.begin(),
            {program("muster-collector"), "--config", site_.dir() / "collector.yaml", "ca"}
        );
        return run_command(arguments);
    }

    /// With the collector stopped for it.
    CommandResult step(std::vector<std::string> arguments) {
        EXPECT_EQ(site_.stop_collector(), 0);
        CommandResult done = ca(std::move(arguments));
        site_.start_collector();
        return done;
    }

    agent::Identity identity_of(const std::string& name) const {
        RealFiles files;
        return agent::load_identity(files, site_.agent_dir(name)).value();
    }

    std::size_t trusted_by(const std::string& name) const {
        return wire::count_authorities(identity_of(name).tls.ca_pem).value();
    }

    /// Its certificate is of the authority that signs now, and it has no other.
    bool is_of_this_authority(const std::string& name) const {
        const agent::Identity identity = identity_of(name);
        return !identity.next &&
               wire::is_issued_by(identity.tls.certificate_chain_pem, site_.ca_pem());
    }

    Site site_;
};

TEST_F(AuthorityRoll, TakesTheAgentsAlong) {
    site_.configure(
        "targets:\n  - {name: web, class: server, address: 127.0.0.1, probes: [{type: "
        "icmp, count: 1, interval: 200ms, timeout: 150ms}]}\n"
    );
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.start_agent("edge"));
    ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("away"));
    ASSERT_TRUE(eventually(20s, [&] { return site_.probe_states()["web icmp"] == "ok"; }));
    const agent::Identity before = identity_of("edge");
    const std::string first = site_.ca_pem();
    EXPECT_EQ(ca({"list"}).exit_code, 1) << "the collector runs";

    CommandResult added = step({"add"});
    EXPECT_EQ(added.exit_code, 0) << added.output;
    EXPECT_THAT(added.output, HasSubstr("not yet there: away, edge"));
    ASSERT_TRUE(eventually(20s, [&] { return trusted_by("edge") == 2; }))
        << site_.agent_log("edge");
    ASSERT_TRUE(eventually(20s, [&] {
        return site_.agent_log("edge").find("other authorities") != std::string::npos &&
               site_.probe_states()["web icmp"] == "ok";
    })) << site_.agent_log("edge");
    EXPECT_EQ(site_.ca_pem(), first) << "which still signs";

    // One of two has not been told.
    const CommandResult refused = step({"use"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("1 agent would be shut out"));
    EXPECT_THAT(refused.output, HasSubstr("away"));
    site_.resume_agent("away");
    ASSERT_TRUE(eventually(20s, [&] { return trusted_by("away") == 2; }))
        << site_.agent_log("away");
    ASSERT_TRUE(eventually(20s, [&] {
        const std::string log = site_.agent_log("away");
        const std::size_t told = log.find("authorities.changed");
        return told != std::string::npos && log.find("link.connected", told) != std::string::npos;
    })) << site_.agent_log("away");

    const CommandResult used = step({"use"});
    EXPECT_EQ(used.exit_code, 0) << used.output;
    EXPECT_NE(site_.ca_pem(), first);
    for (const std::string name : {"edge", "away"}) {
        EXPECT_TRUE(eventually(30s, [&] { return is_of_this_authority(name); }))
            << site_.agent_log(name);
    }

    const CommandResult dropped = step({"drop"});
    EXPECT_EQ(dropped.exit_code, 0) << dropped.output;
    for (const std::string name : {"edge", "away"}) {
        EXPECT_TRUE(eventually(20s, [&] { return identity_of(name).tls.ca_pem == site_.ca_pem(); }))
            << site_.agent_log(name);
    }
    EXPECT_EQ(identity_of("edge").agent, before.agent);
    ASSERT_TRUE(eventually(20s, [&] { return site_.probe_states()["web icmp"] == "ok"; }));
    EXPECT_THAT(site_.agent_log("edge"), Not(HasSubstr("another authority")));
    EXPECT_TRUE(site_.incidents().empty());
    EXPECT_EQ(site_.stop_agent("edge"), 0);
    EXPECT_EQ(site_.stop_agent("away"), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
}

}  // namespace
}  // namespace muster::test
