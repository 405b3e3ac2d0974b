// The daemons under the restrictions of their units: what a unit does not allow would kill them here as on a server.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class UnderUnits : public ::testing::Test {
  protected:
    void SetUp() override {
#ifdef MUSTER_TEST_SANITIZED
        GTEST_SKIP() << "the sanitizers make system calls of their own";
#endif
        ASSERT_EQ(::geteuid(), 0U) << "becoming another user needs root";
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        site_.run_under_units();
    }

    CommandResult run_under(const std::string& unit, std::vector<std::string> command) {
        command.insert(
            command.begin(), {program("under-unit"), MUSTER_SOURCE_DIR "/systemd/" + unit}
        );
        return run_command(std::move(command));
    }

    Site site_;
};

TEST_F(UnderUnits, CollectorAgentAndWorkerDoTheirWork) {
    const Process nginx = start_nginx(site_.dir(), "127.0.0.22", 18080);
    ASSERT_TRUE(listens("127.0.0.22", 18080, 10s));
    site_.configure(R"(
targets:
  - {name: host, address: 127.0.0.23, probes: [{type: icmp, count: 1, interval: 250ms, timeout: 200ms}]}
  - name: shop
    address: 127.0.0.22
    probes: [{type: http, url: "http://127.0.0.22:18080/", interval: 250ms, timeout: 200ms}]
)");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    EXPECT_TRUE(eventually(30s, [&] {
        const auto states = site_.probe_states();
        return states.size() == 2 &&
               std::ranges::all_of(states, [](const auto& probe) { return probe.second == "ok"; });
    })) << site_.muster({"probes"}).output;
    EXPECT_TRUE(eventually(30s, [&] {
        const ApiAnswer machines = site_.get("/cis?class=operating_system");
        return machines.status == 200 && machines.body.at("items").as_array().size() == 1;
    })) << "what the agent has found of its machine";
    site_.configure("targets: []\n");
    site_.collector().signal(SIGHUP);
    site_.agent().signal(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] {
        return site_.collector_log().find("config.loaded targets=0") != std::string::npos &&
               site_.agent_log().find("config.loaded") != std::string::npos;
    }));
    EXPECT_THAT(site_.agent_log(), Not(HasSubstr("capabilities.kept")));
    EXPECT_THAT(site_.agent_log(), Not(HasSubstr("worker.sandbox_incomplete")));
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
}

TEST_F(UnderUnits, AnAgentThatRootEnrolsAnewIsItselfAgain) {
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const auto is_connected = [&] {
        return site_.agent_log().find("link.connected") != std::string::npos;
    };
    ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    ASSERT_TRUE(eventually(30s, is_connected));
    ASSERT_EQ(site_.stop_agent(), 0);
    std::filesystem::remove_all(site_.agent_dir() + "/identity");
    std::filesystem::remove(site_.dir() / "agent1.log");
    ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    EXPECT_TRUE(eventually(30s, is_connected)) << site_.agent_log();
    EXPECT_EQ(site_.get("/agents").body.at("items").as_array().size(), 1U);
    EXPECT_EQ(site_.stop_agent(), 0);
}

TEST_F(UnderUnits, TheInventoryHelperTellsTheAgentWhatOnlyRootMayRead) {
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
    const std::string socket = site_.dir() / "helper.sock";
    std::vector<std::string> activator{
        "systemd-socket-activate", "--accept", "--inetd", "--listen=" + socket
    };
    const auto helper = site_.command_of("muster-inventory", "muster-inventory@.service");
    activator.insert(activator.end(), helper.begin(), helper.end());
    const Process listener =
        Process::start(std::move(activator), {{}, site_.dir() / "activator.log"});
    ASSERT_TRUE(eventually(10s, [&] { return ::chmod(socket.c_str(), 0666) == 0; }));
    const std::string config = site_.dir() / "agent1.yaml";
    site_.write("agent1.yaml", read_text(config) + "inventory: {helper: " + socket + "}\n");
    site_.resume_agent();
    ASSERT_TRUE(eventually(30s, [&] {
        return site_.agent_log().find("inventory.sent") != std::string::npos;
    }));
    EXPECT_THAT(site_.agent_log(), Not(HasSubstr("what needs rights")))
        << read_text(site_.dir() / "activator.log");
    EXPECT_EQ(site_.stop_agent(), 0);
}

TEST_F(UnderUnits, WhatAUnitDoesNotAllowKills) {
    const CommandResult allowed = run_under("muster-agent.service", {"/bin/true"});
    EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
    for (const char* unit :
         {"muster-agent.service", "muster-collector.service", "muster-inventory@.service"}) {
        const CommandResult killed = run_under(unit, {"/bin/chown", "nobody", site_.dir().path()});
        EXPECT_EQ(killed.exit_code, 128 + SIGSYS) << unit << ": " << killed.output;
    }
}

}  // namespace
}  // namespace muster::test
