// What a person sees when a daemon cannot start: what happened, where, and what to do next.
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"

#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

struct Broken {
    const char* yaml;
    const char* position;  ///< "line:column"
    const char* words;
};

constexpr Broken broken_collector[] = {
    {"listen: {people: \"127.0.0.1:0\", agents: 12\n", "2:1", ""},
    {"listne: {people: \"127.0.0.1:0\"}\n", "1:1", "listen"},
    {"listen: 8443\n", "1:9", "map"},
    {"listen: {people: \"127.0.0.1:99999\"}\n", "1:18", "HOST:PORT"},
    {"journal: {tick: 1}\n", "1:17", "duration"},
    {"journal:\n  keep: lots\n", "2:9", "size"},
    {"targets:\n  - name: a\n    probes:\n      - {type: icpm, interval: 1s}\n", "4:16", "icmp"},
    {"targets:\n  - name: a\n    address: h\n    probes:\n      - {type: icmp, interval: soon}\n",
     "5:32",
     "duration"},
    {"targets:\n  - name: a\n    address: h\n    probes:\n      - {type: icmp, cuont: 3}\n",
     "5:22",
     "count"},
    {"targets:\n  - name: a\n    address: h\n    breach: {failures: 1}\n    probes:\n      - "
     "{type: icmp}\n",
     "4:24",
     "allow_single"},
    {"targets:\n  - {name: a, address: h}\n  - {name: a, address: h}\n", "3:12", "second target"},
    {"policies:\n  - name: p\n    match: \"class = \"\n", "3:21", "expected a value"},
    {"channels:\n  - {name: ops, type: webhook, url: \"ftp://x\"}\n", "2:37", "http"},
    {"channels:\n  - {name: ops, type: webhook, url: \"http://x\", secret: hunter2}\n",
     "2:57",
     "file"},
};

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
        EXPECT_NE(
            result.output.find("collector.yaml:" + std::string(GetParam().position) + ":"),
            std::string::npos
        ) << GetParam().yaml
          << result.output;
        EXPECT_NE(result.output.find(GetParam().words), std::string::npos) << result.output;
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
    EXPECT_NE(result.output.find("agent.yaml:2:23:"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("max_bytes"), std::string::npos) << result.output;
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

TEST(DataDirectory, ThatCannotBeWrittenIsSaidWithTheRemedy) {
    const TempDir dir;
    write_text(dir / "file", "in the way");
    write_text(
        dir / "collector.yaml",
        "listen: {people: \"127.0.0.1:0\", agents: \"127.0.0.1:0\"}\ndata_dir: " +
            (dir / "file/data") + "\n"
    );
    const CommandResult result =
        run_command({program("muster-collector"), "--config", dir / "collector.yaml"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_NE(result.output.find(dir / "file/data"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("data_dir"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace muster::test
