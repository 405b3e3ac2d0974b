// What systemd sees of the daemons: ready with their ports, alive while they move, reloading, stopping.
#include "tests/support/eventually.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/service_manager.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration watchdog = 400ms;
/// Long enough for several signs of life.
constexpr Duration some_periods = 1200ms;

std::size_t lines_with(const std::string& text, const std::string& words) {
    std::size_t found = 0;
    for (std::size_t at = text.find(words); at != std::string::npos;
         at = text.find(words, at + 1)) {
        ++found;
    }
    return found;
}

/// The pings on their way when a thread stopped may still arrive; then there is silence.
bool falls_silent(ServiceManager& manager) {
    std::size_t before = 0;
    return eventually(10s, [&] {
        before = manager.count("WATCHDOG=1");
        return throughout(some_periods, [&] { return manager.count("WATCHDOG=1") == before; });
    });
}

TEST(CollectorAsAService, IsReadyWithItsPortsAndAlive) {
    ServiceManager manager;
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector(manager.environment(watchdog)));
    ASSERT_TRUE(manager.hears("READY=1", 20s));
    EXPECT_TRUE(listens("127.0.0.1", site.people_port(), 1s));
    EXPECT_TRUE(listens("127.0.0.1", site.agents_port(), 1s));
    EXPECT_TRUE(manager.hears("people on port " + std::to_string(site.people_port()), 5s));
    EXPECT_TRUE(manager.hears_again("WATCHDOG=1", 5s));
    ASSERT_NO_FATAL_FAILURE(site.start_agent());
    EXPECT_TRUE(manager.hears("1 agents connected", 20s));
    EXPECT_EQ(site.stop_collector(), 0);
    EXPECT_TRUE(manager.hears("STOPPING=1", 1s));
}

TEST(CollectorAsAService, StopsPingingWhenItsBrainStandsStill) {
    ServiceManager manager;
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector(manager.environment(watchdog)));
    ASSERT_TRUE(manager.hears_again("WATCHDOG=1", 20s));
    {
        const StoppedThread brain(site.collector().pid(), "brain");
        ASSERT_TRUE(brain.is_stopped());
        EXPECT_TRUE(falls_silent(manager));
        EXPECT_EQ(site.get("/agents").status, 200) << "only the brain stands still";
    }
    EXPECT_TRUE(manager.hears_again("WATCHDOG=1", 10s));
    EXPECT_THAT(site.collector_log(), HasSubstr("watchdog.withheld"));
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(CollectorAsAService, StopsPingingWhenItsLoopStandsStill) {
    ServiceManager manager(ServiceManager::Address::abstract);
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector(manager.environment(watchdog)));
    ASSERT_TRUE(manager.hears_again("WATCHDOG=1", 20s));
    {
        const StoppedThread loop(site.collector().pid(), "muster-collecto");
        ASSERT_TRUE(loop.is_stopped());
        EXPECT_TRUE(falls_silent(manager));
    }
    EXPECT_TRUE(manager.hears_again("WATCHDOG=1", 10s));
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(CollectorAsAService, SaysThatItReloadsWhetherTheNewConfigurationIsGoodOrNot) {
    ServiceManager manager;
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector(manager.environment(watchdog)));
    ASSERT_TRUE(manager.hears("READY=1", 20s));
    for (const char* watch : {"targets: []\n", "targts: []\n"}) {
        site.configure(watch);
        const std::size_t ready = manager.count("READY=1");
        const std::size_t reloading = manager.count("RELOADING=1");
        site.collector().signal(SIGHUP);
        EXPECT_TRUE(eventually(10s, [&] { return manager.count("READY=1") > ready; })) << watch;
        EXPECT_GT(manager.count("RELOADING=1"), reloading) << watch;
    }
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(CollectorAsAService, LivesThroughAThousandReloads) {
    Site site;
    site.configure("targets: [{name: one, address: 127.0.0.1, probes: [{type: icmp}]}]\n");
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    for (int i = 0; i < 1000; ++i) {
        if (i % 100 == 50) {
            site.configure(i % 200 == 50 ? "targts: []\n" : "targets: []\n");
        }
        site.collector().signal(SIGHUP);
    }
    site.configure("targets: [{name: last, address: 127.0.0.1, probes: [{type: icmp}]}]\n");
    site.collector().signal(SIGHUP);
    EXPECT_TRUE(eventually(20s, [&] {
        const ApiAnswer cis = site.get("/cis?limit=500");
        return cis.status == 200 &&
               boost::json::serialize(cis.body).find("\"last\"") != std::string::npos;
    }));
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(AgentAsAService, IsReadyAlsoWhenItsCollectorIsAway) {
    ServiceManager manager;
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.enrol_agent());
    ASSERT_EQ(site.stop_collector(), 0);
    site.resume_agent("agent1", manager.environment(watchdog));
    ASSERT_TRUE(manager.hears("READY=1", 20s));
    EXPECT_TRUE(manager.hears("not connected", 5s));
    EXPECT_TRUE(manager.hears_again("WATCHDOG=1", 5s));
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    EXPECT_TRUE(eventually(20s, [&] {
        return manager.count(" connected;") > manager.count(" not connected;");
    }));
    {
        const StoppedThread loop(site.agent().pid(), "muster-agent");
        ASSERT_TRUE(loop.is_stopped());
        EXPECT_TRUE(falls_silent(manager));
    }
    EXPECT_TRUE(manager.hears_again("WATCHDOG=1", 10s));
    EXPECT_EQ(site.stop_agent(), 0);
    EXPECT_TRUE(manager.hears("STOPPING=1", 1s));
}

class AgentReload : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        site_.resume_agent("agent1", manager_.environment(watchdog));
        ASSERT_TRUE(manager_.hears(" connected;", 20s));
    }

    void configure(const std::string& more) const {
        write_text(
            site_.dir() / "agent1.yaml",
            "collector: localhost:" + std::to_string(site_.agents_port()) +
                "\ndata_dir: " + site_.agent_dir() + "\n" + more
        );
    }

    void reload() {
        const std::size_t before = manager_.count("READY=1");
        site_.agent().signal(SIGHUP);
        ASSERT_TRUE(eventually(10s, [&] { return manager_.count("READY=1") > before; }));
    }

    ServiceManager manager_;
    Site site_;
};

TEST_F(AgentReload, TakesWhatCanBeTakenAndSaysWhatCannot) {
    configure("spool: {flush: 50ms, max_bytes: 8MiB}\nlink: {backoff_least: 50ms}\n");
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_THAT(site_.agent_log(), HasSubstr("config.loaded"));
    EXPECT_EQ(lines_with(site_.agent_log(), "config.needs_restart"), 0U);
    configure("spool: {flush: 50ms}\nworkers: 2\n");
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_EQ(lines_with(site_.agent_log(), "config.needs_restart"), 1U);
    EXPECT_GT(manager_.count("RELOADING=1"), 1U);
}

TEST_F(AgentReload, KeepsTheOldWhenTheNewIsWrong) {
    configure("spool: {flush: 50ms, max_byte: 8MiB}\n");
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_THAT(site_.agent_log(), HasSubstr("agent1.yaml:3:22: unknown key \\\"max_byte\\\""));
    EXPECT_EQ(site_.stop_agent(), 0);
}

TEST_F(AgentReload, CallsAnotherCollectorAtOnce) {
    const std::string port = std::to_string(site_.agents_port());
    write_text(
        site_.dir() / "agent1.yaml",
        "collector: localhost:1\ndata_dir: " + site_.agent_dir() + "\nspool: {flush: 50ms}\n"
    );
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_TRUE(manager_.hears("collector localhost:1 not connected", 5s));
    const std::size_t before = manager_.count("localhost:" + port + " connected;");
    configure("spool: {flush: 50ms}\n");
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_TRUE(eventually(10s, [&] {
        return manager_.count("localhost:" + port + " connected;") > before;
    }));
}

TEST_F(AgentReload, LivesThroughAThousandOfThem) {
    for (int i = 0; i < 1000; ++i) {
        if (i % 100 == 0) {
            configure(i % 200 == 0 ? "spool: {flash: 50ms}\n" : "spool: {max_bytes: 8MiB}\n");
        }
        site_.agent().signal(SIGHUP);
    }
    configure("spool: {flush: 50ms}\n");
    ASSERT_NO_FATAL_FAILURE(reload());
    EXPECT_TRUE(site_.agent().running());
    EXPECT_EQ(site_.stop_agent(), 0);
}

}  // namespace
}  // namespace muster::test
