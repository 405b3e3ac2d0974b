// A collector goes back to a backup: what agents have sent since they send again, and nothing that was withdrawn comes back.
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scripted_agent.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class RestoredSite : public ::testing::Test {
  protected:
    void SetUp() override {
        site_.configure(agent_.targets());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("doomed"));
        agent_.start();
        agent_.wait_for(100);
    }

    CommandResult restore(const std::vector<std::string>& more = {}) {
        std::vector<std::string> command = {
            program("muster-collector"), "--config", site_.dir() / "collector.yaml", "restore"
        };
        command.insert(command.end(), more.begin(), more.end());
        return run_command(command);
    }

    /// Lets the agent end; gives its last record.
    std::uint64_t finish() {
        const std::uint64_t last = agent_.produced() + 40;
        agent_.finish_at(last);
        return last;
    }

    std::string report(const std::string& title) {
        return text_of(site_.post("/incidents", R"({"title":")" + title + "\"}").body, "id");
    }

    Site site_;
    ScriptedAgent agent_{site_};
};

TEST_F(RestoredSite, HasEverythingOnceThatAgentsStillKeepAndForgetsNoWithdrawal) {
    ASSERT_EQ(report("before"), "INC-1");
    const std::string token = text_of(site_.post("/join-tokens", "{}").body, "id");
    const CommandResult backup = site_.muster({"backup"});
    ASSERT_EQ(backup.exit_code, 0) << backup.output;

    ASSERT_EQ(report("after"), "INC-2");
    EXPECT_EQ(site_.muster({"agent", "revoke", "doomed"}).exit_code, 0);
    EXPECT_EQ(site_.muster({"token", "revoke", token}).exit_code, 0);
    ASSERT_NO_FATAL_FAILURE(agent_.wait_for(200));
    const CommandResult running = restore();
    EXPECT_EQ(running.exit_code, 1);
    EXPECT_THAT(running.output, HasSubstr("another muster-collector is running"));
    site_.collector().kill_now();

    const CommandResult restored = restore();
    ASSERT_EQ(restored.exit_code, 0) << restored.output;
    EXPECT_THAT(restored.output, HasSubstr("agents send again what they still keep"));
    const std::string aside =
        restored.output.substr(restored.output.find(site_.data_dir() + "/replaced."));
    EXPECT_TRUE(std::filesystem::exists(aside.substr(0, aside.find('\n')) + "/state.db"));

    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_EQ(site_.incidents().size(), 1U);
    EXPECT_GT(std::stoul(report("later").substr(4)), 2U)
        << "a number that was given is not given again";
    EXPECT_TRUE(eventually(10s, [&] {
        return text_of(site_.get("/agents/doomed").body, "state") == "revoked";
    }));
    const boost::json::value tokens = site_.get("/join-tokens").body;
    for (const boost::json::value& each : tokens.at("items").as_array()) {
        if (text_of(each, "id") == token) {
            EXPECT_TRUE(each.at("revoked").as_bool());
        }
    }
    const std::uint64_t last = finish();
    EXPECT_EQ(site_.stop_collector(), 0);

    std::map<std::uint64_t, int> seen;
    int restores = 0;
    auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
    ASSERT_TRUE(reader) << reader.error().text();
    for (collector::Lsn next = 1;;) {
        const auto entries = reader->read(next, 256, 1U << 20U);
        ASSERT_TRUE(entries) << entries.error().text();
        if (entries->empty()) {
            break;
        }
        for (const collector::Entry& entry : *entries) {
            EXPECT_EQ(entry.lsn, next++);
            restores += entry.kind == collector::EntryKind::collector_restored ? 1 : 0;
            for (std::size_t at = 0; entry.batches && at < entry.batches->size(); ++at) {
                ++seen[(*entry.batches)[at].seq];
            }
        }
    }
    EXPECT_EQ(restores, 1);
    EXPECT_EQ(seen.size(), last);
    for (std::uint64_t seq = 1; seq <= last; ++seq) {
        EXPECT_EQ(seen[seq], 1) << "record " << seq;
    }
}

TEST_F(RestoredSite, TakesNoBackupThatIsNotGood) {
    ASSERT_EQ(site_.muster({"backup"}).exit_code, 0);
    const std::string older =
        std::filesystem::directory_iterator(site_.data_dir() + "/backups")->path().string();
    ASSERT_EQ(site_.muster({"backup"}).exit_code, 0);
    std::string newer;
    for (const auto& entry : std::filesystem::directory_iterator(site_.data_dir() + "/backups")) {
        newer = entry.path() == older ? newer : entry.path().string();
    }
    EXPECT_EQ(site_.stop_collector(), 0);
    std::ofstream(newer + "/state.db", std::ios::app) << "x";
    const CommandResult named = restore({"--from", newer});
    EXPECT_EQ(named.exit_code, 1);
    EXPECT_THAT(named.output, HasSubstr(newer + "/state.db"));
    EXPECT_FALSE(std::filesystem::exists(site_.data_dir() + "/restore.new"));
    const CommandResult chosen = restore();
    EXPECT_EQ(chosen.exit_code, 0) << chosen.output;
    EXPECT_THAT(chosen.output, HasSubstr("restored " + older));
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
}

/// Zeros in the middle of a file that nobody has open.
void spoil(const std::string& path) {
    const auto size = std::filesystem::file_size(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string zeros(4096, '\0');
    for (std::uintmax_t page = 1; page * 4096 < size; page += 2) {
        file.seekp(static_cast<std::streamoff>(page * 4096));
        file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
}

TEST_F(RestoredSite, GoesBackByItselfWhereAStoreIsDamaged) {
    ASSERT_EQ(site_.muster({"backup"}).exit_code, 0);
    for (const std::string store : {"state.db", "access.db"}) {
        agent_.wait_for(20);
        site_.collector().signal(SIGKILL);
        ASSERT_TRUE(eventually(10s, [&] { return !site_.collector().running(); }));
        spoil(site_.data_dir() + "/" + store);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_TRUE(site_.collector().running()) << site_.collector_log();
        EXPECT_THAT(site_.collector_log(), HasSubstr(" store.restored "));
        const auto told = [&] {
            const auto all = site_.incidents();
            return std::ranges::any_of(all, [&](const auto& incident) {
                return text_of(incident, "kind") == "store_restored" &&
                       text_of(incident, "seen").find(store) != std::string::npos;
            });
        };
        EXPECT_TRUE(eventually(20s, told)) << store;
    }
    // And again in order: nothing is found.
    const std::string before = site_.collector_log();
    EXPECT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_THAT(
        site_.collector_log().substr(before.size()), testing::Not(HasSubstr(" store.damaged "))
    );
    agent_.kill();
}

TEST_F(RestoredSite, DoesNotStartWhereAStoreIsDamagedAndThereIsNoBackup) {
    site_.collector().signal(SIGKILL);
    ASSERT_TRUE(eventually(10s, [&] { return !site_.collector().running(); }));
    spoil(site_.data_dir() + "/state.db");
    site_.start_collector();
    EXPECT_FALSE(site_.collector().running());
    EXPECT_THAT(site_.collector_log(), HasSubstr("state.db"));
    EXPECT_THAT(site_.collector_log(), HasSubstr("no backup can take its place"));
    EXPECT_TRUE(std::filesystem::exists(site_.data_dir() + "/state.db")) << "it stays as it is";
}

}  // namespace
}  // namespace muster::test
