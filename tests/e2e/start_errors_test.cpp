// What a person sees when a daemon cannot start: what happened, where, and what to do next.
#include "tests/support/eventually.hpp"
#include "tests/support/nobody.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Broken {
    const char* yaml;
    const char* position;  ///< "line:column"
    const char* words;     ///< of the same line, right after the position
};

/// What a failing test is called by.
void PrintTo(const Broken& row, std::ostream* out) {
    *out << "at " << row.position;
}

constexpr Broken broken_collector[] = {
    {"listen: {people: \"127.0.0.1:0\", agents: 12\n",
     "2:1",
     "not valid YAML: end of map flow not found"},
    {"listne: {people: \"127.0.0.1:0\"}\n",
     "1:1",
     "unknown key \"listne\"; did you mean \"listen\"?"},
    {"listen: 8443\n", "1:9", "listen: \"8443\", expected a map"},
    {"listen: {people: \"127.0.0.1:99999\"}\n",
     "1:18",
     "people: \"127.0.0.1:99999\", expected HOST:PORT"},
    {"journal: {tick: 1}\n", "1:17", "tick: \"1\", expected a duration such as 30s"},
    {"journal:\n  keep: lots\n", "2:9", "keep: \"lots\", expected a size such as 256MiB"},
    {"targets:\n  - name: a\n    probes:\n      - {type: icpm, interval: 1s}\n",
     "4:16",
     "type: \"icpm\", expected one of: host, http, icmp, snmp, tcp"},
    {"targets:\n  - name: a\n    address: h\n    probes:\n      - {type: icmp, interval: soon}\n",
     "5:32",
     "interval: \"soon\", expected a duration such as 30s"},
    {"targets:\n  - name: a\n    address: h\n    probes:\n      - {type: icmp, cuont: 3}\n",
     "5:22",
     "unknown key \"cuont\"; did you mean \"count\"?"},
    {"targets:\n  - name: a\n    address: h\n    breach: {failures: 1}\n    probes:\n      - "
     "{type: icmp}\n",
     "4:24",
     "failures: 1 makes an incident of every lost packet, expected 2 or more, or allow_single: true"
    },
    {"targets:\n  - {name: a, address: h}\n  - {name: a, address: h}\n",
     "3:12",
     "a second target named \"a\" (the other is at "},
    {"policies:\n  - name: p\n    match: \"class = \"\n", "3:21", "match: the end, expected a value"
    },
    {"channels:\n  - {name: ops, type: webhook, url: \"ftp://x\"}\n",
     "2:37",
     "url: \"ftp://x\", expected an http or https URL"},
    {"channels:\n  - {name: ops, type: webhook, url: \"http://x\", secret: hunter2}\n",
     "2:57",
     "a secret is never written here, expected {file: /path}"},
};

/// The line of `output` that has `words`; empty where there is none.
std::string line_with(const std::string& output, const std::string& words) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        if (line.find(words) != std::string::npos) {
            return line;
        }
    }
    return "";
}

class BrokenCollector : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenCollector, IsRefusedWithItsPosition) {
    const TempDir dir;
    write_text(dir / "collector.yaml", GetParam().yaml);
    for (const bool check_only : {true, false}) {
        std::vector<std::string> arguments = {
            program("muster-collector"),
            "--config",
            dir / "collector.yaml",
            "--data-dir",
            dir / "data"
        };
        if (check_only) {
            arguments.emplace_back("--check");
        }
        const CommandResult result = run_command(arguments);
        EXPECT_EQ(result.exit_code, 2) << result.output;
        const std::string where = "collector.yaml:" + std::string(GetParam().position) + ": ";
        EXPECT_THAT(
            line_with(result.output, where), HasSubstr(where + std::string(GetParam().words))
        ) << GetParam().yaml
          << result.output;
        EXPECT_THAT(result.output, Not(HasSubstr("hunter2"))) << "a secret is never repeated";
    }
}

INSTANTIATE_TEST_SUITE_P(EveryPosition, BrokenCollector, ::testing::ValuesIn(broken_collector));

TEST(BrokenAgent, IsRefusedWithItsPosition) {
    const TempDir dir;
    write_text(
        dir / "agent.yaml", "collector: localhost:8444\nspool: {flush: 200ms, max_byte: 1MiB}\n"
    );
    const CommandResult result =
        run_command({program("muster-agent"), "--config", dir / "agent.yaml", "--check"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(
        result.output,
        HasSubstr("agent.yaml:2:23: unknown key \"max_byte\"; did you mean \"max_bytes\"?")
    );
}

TEST(GoodConfiguration, PassesTheCheck) {
    const TempDir dir;
    write_text(dir / "collector.yaml", "data_dir: " + (dir / "data") + "\n");
    EXPECT_EQ(
        run_command({program("muster-collector"), "--config", dir / "collector.yaml", "--check"})
            .exit_code,
        0
    );
    EXPECT_EQ(
        run_command({program("muster"), "config", "check", dir / "collector.yaml"}).exit_code, 0
    );
    write_text(dir / "collector.yaml", "nonsense: 1\n");
    EXPECT_EQ(
        run_command({program("muster"), "config", "check", dir / "collector.yaml"}).exit_code, 2
    );
}

TEST(PortTaken, IsSaidWithTheRemedy) {
    Site site;
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    const TempDir dir;
    for (const std::string listener : {"people", "agents"}) {
        const std::uint16_t taken = listener == "people" ? site.people_port() : site.agents_port();
        const std::string other = listener == "people" ? "agents" : "people";
        write_text(
            dir / "second.yaml",
            "listen: {" + listener + ": \"127.0.0.1:" + std::to_string(taken) + "\", " + other +
                ": \"127.0.0.1:0\"}\ndata_dir: " + (dir / "data") + "\n"
        );
        const CommandResult result =
            run_command({program("muster-collector"), "--config", dir / "second.yaml"});
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_NE(result.output.find(std::to_string(taken) + " is taken"), std::string::npos)
            << result.output;
        EXPECT_NE(result.output.find("listen." + listener), std::string::npos) << result.output;
    }
}

/// A data directory that is none of the user's: what each daemon says about it.
class DataDirectory : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::geteuid(), 0U) << "running a program as another user needs root";
        // The other user reaches its configuration, its token and the programs, wherever they were built.
        std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
        std::filesystem::create_directory(dir_ / "bin");
        for (const char* name : {"muster-collector", "muster-agent"}) {
            std::filesystem::copy_file(program(name), dir_ / "bin/" + name);
        }
        write_text(dir_ / "file", "in the way");
        std::filesystem::create_directory(dir_ / "locked");
        std::filesystem::permissions(dir_ / "locked", std::filesystem::perms(0700));
        write_text(dir_ / "token", "a token");
        std::filesystem::permissions(dir_ / "token", std::filesystem::perms(0644));
    }

    /// Runs a program of ours as nobody, on `data_dir` below the folder of this test.
    CommandResult run_as_nobody(
        const std::string& name, const std::string& data_dir, std::vector<std::string> more = {}
    ) {
        const bool collects = name == "muster-collector";
        write_text(
            dir_ / "config.yaml",
            std::string(
                collects ? "listen: {people: \"127.0.0.1:0\", agents: \"127.0.0.1:0\"}"
                         : "collector: localhost:1"
            ) +
                "\ndata_dir: " + (dir_ / data_dir) + "\n"
        );
        std::filesystem::permissions(dir_ / "config.yaml", std::filesystem::perms(0644));
        std::vector<std::string> arguments{
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            dir_ / "bin/" + name,
            "--config",
            dir_ / "config.yaml"
        };
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_command(std::move(arguments));
    }

    /// A folder of nobody's; `files` below it are root's, as nobody else may read them.
    void make_theirs(const std::string& name, const std::vector<std::string>& files) {
        std::filesystem::create_directory(dir_ / name);
        ASSERT_EQ(::chown((dir_ / name).c_str(), nobody, nobody), 0);
        for (const std::string& file : files) {
            const std::filesystem::path path = dir_ / name + "/" + file;
            std::filesystem::create_directories(path.parent_path());
            write_text(path, "root's");
        }
    }

    /// Of `name` and all below it, what is not nobody's.
    std::vector<std::string> of_others(const std::string& name) {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / name)) {
            struct stat info{};
            if (::lstat(entry.path().c_str(), &info) != 0 || info.st_uid != nobody) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// One line: who, where, what, what to do; exit code 1; nothing was written.
    void expect_said(
        const CommandResult& result, const std::string& path, const std::string& what
    ) {
        EXPECT_EQ(result.exit_code, 1) << result.output;
        const std::string line = line_with(result.output, dir_ / path);
        EXPECT_THAT(line, HasSubstr(what)) << result.output;
        EXPECT_THAT(line, AnyOf(HasSubstr("give the user of"), HasSubstr("make it writable for")));
        EXPECT_THAT(line, HasSubstr("data_dir"));
        EXPECT_TRUE(std::filesystem::is_empty(dir_ / "locked"));
    }

    TempDir dir_;
};

TEST_F(DataDirectory, OfAnotherUserIsSaidWithTheRemedyByTheCollector) {
    expect_said(run_as_nobody("muster-collector", "locked"), "locked", "Permission denied");
    expect_said(
        run_as_nobody("muster-collector", "locked/data"), "locked/data", "Permission denied"
    );
}

TEST_F(DataDirectory, OfAnotherUserIsSaidWithTheRemedyByTheAgent) {
    const std::vector<std::string> enrol{
        "enrol", "--collector", "https://localhost:1", "--token-file", dir_ / "token"
    };
    for (const char* place : {"locked", "locked/data"}) {
        expect_said(run_as_nobody("muster-agent", place), place, "Permission denied");
        expect_said(run_as_nobody("muster-agent", place, enrol), place, "Permission denied");
    }
}

TEST_F(DataDirectory, WithAnIdentityOfRootSaysWhomItMustBelongTo) {
    ASSERT_NO_FATAL_FAILURE(make_theirs("theirs", {"identity/agent.json"}));
    std::filesystem::permissions(dir_ / "theirs/identity", std::filesystem::perms(0700));
    const std::vector<std::string> enrol{
        "enrol", "--collector", "https://localhost:1", "--token-file", dir_ / "token"
    };
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, enrol}) {
        const CommandResult result = run_as_nobody("muster-agent", "theirs", more);
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_THAT(
            line_with(result.output, "agent.json"),
            AllOf(
                HasSubstr("Permission denied"),
                HasSubstr("identity (0700) belongs to root, and this runs as nobody"),
                HasSubstr(
                    "chown -R --reference=" + (dir_ / "theirs") + " " + (dir_ / "theirs/identity")
                )
            )
        ) << result.output;
        EXPECT_THAT(result.output, Not(HasSubstr("enrolled")));
    }
}

TEST_F(DataDirectory, WithALockOfRootSaysWhoseItIs) {
    ASSERT_NO_FATAL_FAILURE(make_theirs("theirs", {"lock"}));
    for (const char* name : {"muster-agent", "muster-collector"}) {
        const CommandResult result = run_as_nobody(name, "theirs");
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_THAT(
            result.output, HasSubstr("lock (0600) belongs to root, and this runs as nobody")
        );
    }
}

TEST_F(DataDirectory, KeepsItsOwnerWhenRootRunsTheCollectorInIt) {
    ASSERT_NO_FATAL_FAILURE(make_theirs("theirs", {}));
    write_text(
        dir_ / "root.yaml",
        "listen: {people: \"127.0.0.1:0\", agents: \"127.0.0.1:0\"}\ndata_dir: " +
            (dir_ / "theirs") + "\n"
    );
    Process collector = Process::start(
        {program("muster-collector"), "--config", dir_ / "root.yaml"}, {{}, dir_ / "log"}
    );
    ASSERT_TRUE(eventually(20s, [&] {
        return std::filesystem::exists(dir_ / "theirs/collector.json");
    })) << read_text(dir_ / "log");
    EXPECT_THAT(of_others("theirs"), IsEmpty());
    collector.signal(SIGTERM);
    EXPECT_EQ(collector.wait(15s), 0);
    EXPECT_THAT(of_others("theirs"), IsEmpty());
}

TEST_F(DataDirectory, WithAFileInTheWayIsSaidWithTheRemedy) {
    for (const char* name : {"muster-collector", "muster-agent"}) {
        expect_said(run_as_nobody(name, "file/data"), "file/data", "Not a directory");
    }
}

}  // namespace
}  // namespace muster::test
