// What other machines call the collector: its own addresses are in its certificate where no name is configured, and the line
// that enrols an agent can be copied to them.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_internet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Addresses : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        for (const std::string machine : {"edge", "later"}) {
            net_.add_machine(machine);
        }
        net_.connect("", "10.78.0.1/24", "edge", "10.78.0.2/24");
        ASSERT_EQ(net_.complaint(), "");
        write_text(site_.dir() / "password", "correct horse battery\n");
    }

    std::string url(const std::string& host) const {
        return "https://" + host + ":" + std::to_string(site_.people_port());
    }

    /// `muster` of a person who knows nothing but what login left.
    CommandResult as_anna(std::vector<std::string> arguments) {
        arguments.insert(
            arguments.begin(), {program("muster"), "--config", site_.dir() / "anna/cli.yaml"}
        );
        return run_command(arguments);
    }

    CommandResult login(const std::string& host) {
        return as_anna(
            {"login",
             "--server",
             url(host),
             "--ca-file",
             site_.data_dir() + "/ca/ca.crt",
             "--user",
             "anna",
             "--password-file",
             site_.dir() / "password"}
        );
    }

    std::size_t certificates() const {
        std::size_t count = 0;
        const std::string log = site_.collector_log();
        for (std::size_t at = 0; (at = log.find("certificate.issued", at)) != std::string::npos;) {
            ++count;
            ++at;
        }
        return count;
    }

    SmallInternet net_;
    Site site_;
};

TEST_F(Addresses, OfTheMachineAreGoodWhereNoNameIsConfigured) {
    site_.open_to_network("10.78.0.1", Site::Named::no);
    site_.configure("");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const CommandResult made = site_.create_user("anna", "administrator");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    const CommandResult in = login("10.78.0.1");
    ASSERT_EQ(in.exit_code, 0) << in.output;
    const CommandResult token = as_anna({"token", "create", "--agent"});
    EXPECT_THAT(
        token.output, HasSubstr("muster-agent enrol --collector " + url("10.78.0.1") + " ")
    );

    write_text(site_.dir() / "join.token", site_.join_token("edge"));
    write_text(site_.dir() / "edge.yaml", "data_dir: " + (site_.dir() / "edge") + "\n");
    std::vector<std::string> enrol = net_.within("edge");
    for (const std::string& argument : std::vector<std::string>{
             program("muster-agent"),
             "--config",
             site_.dir() / "edge.yaml",
             "enrol",
             "--collector",
             url("10.78.0.1"),
             "--token-file",
             site_.dir() / "join.token"
         }) {
        enrol.push_back(argument);
    }
    const CommandResult enrolled = run_command(enrol);
    EXPECT_EQ(enrolled.exit_code, 0) << enrolled.output;

    const std::size_t before = certificates();
    net_.connect("", "10.79.0.1/24", "later", "10.79.0.2/24");
    ASSERT_EQ(net_.complaint(), "");
    EXPECT_NE(login("10.79.0.1").exit_code, 0) << "it is not in the certificate yet";
    for (int times = 0; times < 3; ++times) {
        site_.collector().signal(SIGHUP);
    }
    EXPECT_TRUE(eventually(10s, [&] { return login("10.79.0.1").exit_code == 0; }))
        << login("10.79.0.1").output;
    EXPECT_EQ(certificates(), before + 1);
}

TEST_F(Addresses, ThatAreConfiguredGoBeforeWhatThePersonCallsIt) {
    site_.open_to_network("10.78.0.1");
    site_.configure("");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const CommandResult token = site_.muster({"token", "create", "--agent"});
    EXPECT_EQ(token.exit_code, 0) << token.output;
    EXPECT_THAT(
        token.output, HasSubstr("muster-agent enrol --collector " + url("10.78.0.1") + " ")
    );
}

}  // namespace
}  // namespace muster::test
