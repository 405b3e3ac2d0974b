// The units in systemd/ as they are, and an installation below an empty folder.
#include "tests/support/eventually.hpp"
#include "tests/support/nobody.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <regex>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr double most_exposure = 2.0;

std::vector<std::string> services() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(MUSTER_SOURCE_DIR "/systemd")) {
        if (entry.path().extension() == ".service") {
            found.push_back(entry.path());
        }
    }
    return found;
}

TEST(Units, AreExposedNoMoreThanTwo) {
    const std::vector<std::string> units = services();
    ASSERT_EQ(units.size(), 3U) << "collector, agent, inventory helper";
    for (const std::string& unit : units) {
        const CommandResult result =
            run_command({"systemd-analyze", "security", "--offline=true", "--no-pager", unit});
        std::smatch found;
        // "→ Overall exposure level for muster-agent.service: 1.6 OK"
        ASSERT_TRUE(
            std::regex_search(result.output, found, std::regex("exposure level for .*: ([0-9.]+)"))
        ) << result.output;
        EXPECT_LE(std::stod(found[1]), most_exposure) << unit << "\n" << result.output;
    }
}

TEST(Units, OfDaemonsTellWhenTheyAreReadyAndAreWatched) {
    for (const char* name : {"muster-collector", "muster-agent"}) {
        const std::string unit =
            read_text(MUSTER_SOURCE_DIR "/systemd/" + std::string(name) + ".service");
        for (const char* line :
             {"Type=notify\n",
              "NotifyAccess=main\n",
              "WatchdogSec=30s\n",
              "ExecReload=",
              "MemoryMax=",
              "TasksMax="}) {
            EXPECT_THAT(unit, HasSubstr(line)) << name;
        }
    }
}

/// `cmake --install` below an empty folder.
class Installation : public ::testing::Test {
  protected:
    CommandResult install(const std::string& prefix) const {
        return run_command(
            {"cmake", "--install", MUSTER_BIN_DIR "/..", "--prefix", prefix},
            60s,
            {{"DESTDIR", dir_.path()}}
        );
    }

    TempDir dir_;
};

TEST_F(Installation, PutsProgramsUnitsUsersAndExamplesInPlace) {
    const CommandResult installed = install("/usr");
    ASSERT_EQ(installed.exit_code, 0) << installed.output;
    for (const char* file :
         {"usr/bin/muster",
          "usr/bin/muster-agent",
          "usr/bin/muster-collector",
          "usr/bin/muster-inventory",
          "usr/bin/muster-probe-worker",
          "usr/lib/systemd/system/muster-collector.service",
          "usr/lib/systemd/system/muster-agent.service",
          "usr/lib/systemd/system/muster-inventory.socket",
          "usr/lib/systemd/system/muster-inventory@.service",
          "usr/lib/sysusers.d/muster.conf",
          "usr/lib/tmpfiles.d/muster.conf",
          "usr/share/doc/muster/README.md",
          "usr/share/doc/muster/docs/operations.md",
          "usr/share/doc/muster/examples/conf.d/network.yaml",
          "usr/share/doc/muster/docs/schema/collector.json",
          "usr/share/bash-completion/completions/muster",
          "usr/share/zsh/vendor-completions/_muster",
          "usr/share/fish/vendor_completions.d/muster.fish",
          "etc/muster/collector.yaml",
          "etc/muster/agent.yaml"}) {
        EXPECT_TRUE(std::filesystem::exists(dir_ / file)) << file;
    }
    EXPECT_EQ(run_command({dir_ / "usr/bin/muster", "version"}).exit_code, 0);
}

TEST_F(Installation, HasWhatItsReadmePointsTo) {
    ASSERT_EQ(install("/usr").exit_code, 0);
    const std::filesystem::path folder = dir_ / "usr/share/doc/muster";
    for (const char* readme : {"README.md", "README.zh-CN.md"}) {
        const std::string text = read_text((folder / readme).string());
        for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at)) {
            at += 2;
            const std::string link = text.substr(at, text.find_first_of("#)", at) - at);
            EXPECT_TRUE(link.starts_with("https:") || std::filesystem::exists(folder / link))
                << readme << ": " << link;
        }
    }
}

TEST_F(Installation, KeepsAConfigurationThatIsThere) {
    std::filesystem::create_directories(dir_ / "etc/muster");
    write_text(dir_ / "etc/muster/collector.yaml", "data_dir: /srv/muster\n");
    ASSERT_EQ(install("/usr").exit_code, 0);
    EXPECT_EQ(read_text(dir_ / "etc/muster/collector.yaml"), "data_dir: /srv/muster\n");
}

TEST_F(Installation, GivesUnitsThePathsOfItsPrefix) {
    ASSERT_EQ(install("/opt/muster").exit_code, 0);
    const std::string unit =
        read_text(dir_ / "opt/muster/lib/systemd/system/muster-collector.service");
    EXPECT_THAT(unit, HasSubstr("ExecStart=/opt/muster/bin/muster-collector --config"));
    EXPECT_THAT(unit, Not(HasSubstr("/usr/bin/muster")));
}

TEST_F(Installation, IsReadBySystemdWithoutComplaint) {
    ASSERT_EQ(install("/usr").exit_code, 0);
    // What every unit depends on.
    std::filesystem::copy(
        "/lib/systemd/system",
        dir_ / "usr/lib/systemd/system",
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks |
            std::filesystem::copy_options::skip_existing
    );
    std::filesystem::create_directories(dir_ / "bin");
    std::filesystem::copy_file("/bin/kill", dir_ / "bin/kill");
    std::vector<std::string> verify = {
        "systemd-analyze", "verify", "--man=no", "--root=" + dir_.path()
    };
    for (const std::string& unit : services()) {
        verify.push_back(std::filesystem::path(unit).filename());
    }
    const CommandResult verified = run_command(verify);
    EXPECT_EQ(verified.exit_code, 0) << verified.output;
    for (const char* word : {"Unknown", "not executable", "Failed to parse"}) {
        EXPECT_THAT(verified.output, Not(HasSubstr(word)));
    }
}

/// "An agent elsewhere": what operations.md says is to be copied.
constexpr const char* files_of_an_agent[] = {
    "usr/bin/muster-agent",
    "usr/bin/muster-probe-worker",
    "usr/bin/muster-inventory",
    "usr/lib/systemd/system/muster-agent.service",
    "usr/lib/systemd/system/muster-inventory.socket",
    "usr/lib/systemd/system/muster-inventory@.service",
    "usr/lib/sysusers.d/muster.conf",
};

TEST_F(Installation, GivesAMachineElsewhereAnAgentWithTheFilesThatAreToBeCopied) {
#ifdef MUSTER_TEST_SANITIZED
    GTEST_SKIP() << "the sanitizers make system calls that the unit does not allow";
#endif
    ASSERT_EQ(install("/usr").exit_code, 0);
    const std::string prose = read_text(MUSTER_SOURCE_DIR "/docs/operations.md");
    const std::size_t from = prose.find("### An agent elsewhere");
    const std::string section = prose.substr(from, prose.find("\n## ", from) - from);
    const std::filesystem::path machine = dir_ / "elsewhere";
    for (const std::filesystem::path file : files_of_an_agent) {
        EXPECT_THAT(section, HasSubstr(file.filename()));
        EXPECT_THAT(section, HasSubstr("/" + file.parent_path().string()));
        std::filesystem::create_directories(machine / file.parent_path());
        std::filesystem::copy_file(std::filesystem::path(dir_.path()) / file, machine / file);
    }
    const std::string state = machine / "var/lib/muster-agent";
    std::filesystem::create_directories(state);
    ASSERT_EQ(::chown(state.c_str(), nobody, nobody), 0);

    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    write_text(dir_ / "token", site.join_token("elsewhere"));
    const CommandResult enrolled = run_command(
        {machine / "usr/bin/muster-agent",
         "--data-dir",
         state,
         "enrol",
         "--collector",
         site.url(),
         "--token-file",
         dir_ / "token"}
    );
    ASSERT_EQ(enrolled.exit_code, 0) << enrolled.output;
    const std::string unit = machine / "usr/lib/systemd/system/muster-agent.service";
    std::vector<std::string> start{program("under-unit"), "--root", machine, unit};
    const auto words = UnitFile(unit).words("ExecStart").value();
    start.insert(start.end(), words.begin(), words.end());
    Process agent = Process::start(std::move(start), {{}, dir_ / "log"});
    EXPECT_TRUE(eventually(30s, [&] {
        return read_text(dir_ / "log").find("link.connected") != std::string::npos;
    })) << read_text(dir_ / "log");
    agent.signal(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] {
        return read_text(dir_ / "log").find("config.loaded") != std::string::npos;
    })) << read_text(dir_ / "log");
    agent.signal(SIGTERM);
    EXPECT_EQ(agent.wait(15s), 0);
}

TEST_F(Installation, MakesTheUsersOfTheUnits) {
    ASSERT_EQ(install("/usr").exit_code, 0);
    write_text(dir_ / "etc/passwd", "");
    const CommandResult made = run_command({"systemd-sysusers", "--root=" + dir_.path()});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    const std::string users = read_text(dir_ / "etc/passwd");
    EXPECT_THAT(users, HasSubstr("\nmuster-agent:"));
    EXPECT_THAT(users, HasSubstr("muster:"));
    const CommandResult folders = run_command(
        {"systemd-tmpfiles", "--create", "--root=" + dir_.path(), "--prefix=/etc/muster"}
    );
    EXPECT_EQ(folders.exit_code, 0) << folders.output;
    EXPECT_TRUE(std::filesystem::is_directory(dir_ / "etc/muster/secrets"));
}

}  // namespace
}  // namespace muster::test
