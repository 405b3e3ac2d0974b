// Backups of a real collector while it works.
#include "collector/backup/backup_folder.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* local_target =
    "targets:\n"
    "  - name: here\n"
    "    address: 127.0.0.1\n"
    "    probes: [{type: icmp, interval: 100ms, timeout: 50ms}]\n";

class BackedUp : public ::testing::Test {
  protected:
    void start(const std::string& more = "") {
        site_.configure(more + local_target);
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
        ASSERT_TRUE(eventually(30s, [this] { return site_.probe_states()["here icmp"] == "ok"; }))
            << site_.collector_log();
    }

    std::string folder() const { return site_.data_dir() + "/backups"; }

    Site site_;
};

TEST_F(BackedUp, WhileItWorksAndEveryByteIsReadBack) {
    ASSERT_NO_FATAL_FAILURE(start());
    const CommandResult made = site_.muster({"backup"});
    ASSERT_EQ(made.exit_code, 0) << made.output;
    EXPECT_THAT(made.output, HasSubstr("every byte was read back"));
    RealFiles files;
    const auto backups = collector::backups_in(files, folder());
    ASSERT_TRUE(backups) << backups.error().text();
    ASSERT_EQ(backups->size(), 1U);
    const collector::Backup& backup = backups->front();
    EXPECT_TRUE(collector::verify_backup(files, folder() + "/" + backup.name, backup.manifest));
    EXPECT_GT(backup.manifest.last, 0U);
    EXPECT_GE(backup.manifest.last, backup.manifest.state);
    const CommandResult listed = site_.muster({"backup", "list"});
    EXPECT_THAT(listed.output, AllOf(HasSubstr(backup.name), HasSubstr("good")));
    EXPECT_THAT(site_.muster({"audit", "list"}).output, HasSubstr("backup.requested"));
    EXPECT_EQ(site_.stop_collector(), 0) << site_.collector_log();
}

TEST_F(BackedUp, ByItselfAndSaysWhenItCannot) {
    const std::string elsewhere = site_.dir() / "elsewhere";
    ASSERT_NO_FATAL_FAILURE(start("backup: {every: 1s, keep: 2, dir: " + elsewhere + "}\n"));
    ASSERT_TRUE(eventually(30s, [&] {
        RealFiles files;
        const auto backups = collector::backups_in(files, elsewhere);
        return backups && backups->size() == 2 &&
               site_.collector_log().find("backup.dropped") != std::string::npos;
    })) << site_.collector_log();
    std::filesystem::remove_all(elsewhere);
    write_text(elsewhere, "no folder any more");
    ASSERT_TRUE(eventually(30s, [&] {
        return site_.collector_log().find("backup.failed") != std::string::npos;
    })) << site_.collector_log();
    const CommandResult asked = site_.muster({"backup"});
    EXPECT_EQ(asked.exit_code, 1) << asked.output;
    EXPECT_THAT(asked.output, HasSubstr(elsewhere));
}

}  // namespace
}  // namespace muster::test
