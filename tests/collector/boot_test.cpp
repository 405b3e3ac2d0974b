// The real program: starts, is ready, stops; what a person sees when it cannot start.
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <vector>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class Booting : public ::testing::Test {
  protected:
    Booting() { configure(""); }

    void configure(const std::string& more) const {
        test::write_text(
            config_,
            "listen: {people: \"127.0.0.1:0\", agents: \"127.0.0.1:0\"}\ndata_dir: " + data_ +
                "\njournal: {tick: 100ms}\n" + more
        );
    }

    test::Process start() const {
        std::filesystem::remove(data_ + "/collector.json");
        auto process = test::Process::start(
            {test::program("muster-collector"), "--config", config_},
            {.environment = {}, .output_path = log_}
        );
        EXPECT_TRUE(test::eventually(20s, [this] {
            return test::read_text(data_ + "/collector.json").ends_with("}\n");
        })) << test::read_text(log_);
        return process;
    }

    static void stop(test::Process process) {
        process.signal(SIGTERM);
        EXPECT_EQ(process.wait(15s), 0);
    }

    std::vector<EntryKind> journal() const {
        auto reader = JournalReader::open(data_ + "/journal");
        auto entries = reader->read(1, 10'000, 16U << 20U);
        std::vector<EntryKind> kinds;
        for (const Entry& entry : *entries) {
            if (entry.kind != EntryKind::tick) {
                kinds.push_back(entry.kind);
            }
        }
        return kinds;
    }

    test::TempDir dir_;
    std::string config_ = dir_ / "collector.yaml";
    std::string data_ = dir_ / "data";
    std::string log_ = dir_ / "log";
};

TEST_F(Booting, IsReadyAndStopsInOrder) {
    stop(start());
    EXPECT_FALSE(std::filesystem::exists(data_ + "/collector.json"));
    EXPECT_THAT(test::read_text(log_), HasSubstr("collector.ready"));
    EXPECT_EQ(
        journal(),
        (std::vector{
            EntryKind::collector_started, EntryKind::config_loaded, EntryKind::collector_stopping
        })
    );
    for (const char* secret : {"/admin.token", "/ca/ca.key", "/ca/server.key", "/access.db"}) {
        EXPECT_EQ(
            std::filesystem::status(data_ + secret).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write
        ) << secret;
    }
}

TEST_F(Booting, KeepsItsIdentityAndSaysNothingTwice) {
    stop(start());
    const std::string certificate = test::read_text(data_ + "/ca/server.crt");
    const std::string token = test::read_text(data_ + "/admin.token");
    stop(start());
    EXPECT_EQ(test::read_text(data_ + "/ca/server.crt"), certificate);
    EXPECT_EQ(test::read_text(data_ + "/admin.token"), token);
    EXPECT_EQ(std::ranges::count(journal(), EntryKind::config_loaded), 1);
    EXPECT_EQ(std::ranges::count(journal(), EntryKind::collector_started), 2);
}

TEST_F(Booting, ComesBackAfterAKill) {
    auto first = start();
    first.kill_now();
    stop(start());
    EXPECT_EQ(std::ranges::count(journal(), EntryKind::collector_started), 2);
}

TEST_F(Booting, ReloadsWhatToWatchAndKeepsTheOldWhenTheNewIsWrong) {
    auto process = start();
    configure("targets: [{name: a, address: 127.0.0.1, probes: [{type: icmp}]}]\n");
    process.signal(SIGHUP);
    EXPECT_TRUE(test::eventually(10s, [this] {
        return test::read_text(log_).find("targets=1") != std::string::npos;
    }));
    EXPECT_THAT(test::read_text(log_), Not(HasSubstr("config.unchanged")));
    process.signal(SIGHUP);
    EXPECT_TRUE(test::eventually(10s, [this] {
        return test::read_text(log_).find("config.unchanged") != std::string::npos;
    }));
    configure("targts: []\n");
    process.signal(SIGHUP);
    EXPECT_TRUE(test::eventually(10s, [this] {
        return test::read_text(log_).find("config.rejected") != std::string::npos;
    }));
    EXPECT_THAT(test::read_text(log_), HasSubstr("collector.yaml:4:1"));
    stop(std::move(process));
    EXPECT_EQ(std::ranges::count(journal(), EntryKind::config_loaded), 2);
}

TEST_F(Booting, RefusesADataDirectoryInUse) {
    auto process = start();
    const auto second = test::run_command({test::program("muster-collector"), "--config", config_});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.output, HasSubstr("another muster-collector is running"));
    stop(std::move(process));
}

TEST_F(Booting, RefusesAStateThatIsAheadOfTheJournal) {
    stop(start());
    std::filesystem::remove_all(data_ + "/journal");
    const auto second = test::run_command({test::program("muster-collector"), "--config", config_});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.output, HasSubstr("the journal ends at"));
}

TEST_F(Booting, SaysWhereTheConfigurationIsWrong) {
    configure("journl: {}\n");
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--check"}}) {
        std::vector<std::string> arguments = {
            test::program("muster-collector"), "--config", config_
        };
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto result = test::run_command(arguments);
        EXPECT_EQ(result.exit_code, 2);
        EXPECT_THAT(result.output, HasSubstr("collector.yaml:4:1"));
    }
    EXPECT_FALSE(std::filesystem::exists(data_)) << "nothing was touched";
}

TEST_F(Booting, KnowsItsVersionAndItsOptions) {
    const auto version = test::run_command({test::program("muster-collector"), "--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.output, HasSubstr("muster-collector 0"));
    EXPECT_EQ(test::run_command({test::program("muster-collector"), "--nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace muster::collector
