#include "config/programs.hpp"

#include "base/memory_files.hpp"

#include <chrono>

namespace muster::config {
namespace {

using namespace std::chrono_literals;

constexpr ProbeSchema types[] = {{"icmp", {}}};

void put(Files& files, const std::string& path, std::string_view text) {
    ASSERT_TRUE(files.create_directories(path.substr(0, path.rfind('/'))));
    const auto file = files.open(path, OpenMode::create_new);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
}

std::string wrong_agent(std::string_view text) {
    MemoryFiles files;
    put(files, "/etc/agent.yaml", text);
    const auto config = load_agent_config(files, "/etc/agent.yaml");
    return config ? "accepted" : config.error().text();
}

std::string wrong_collector(std::string_view text) {
    MemoryFiles files;
    put(files, "/etc/collector.yaml", text);
    const auto config = load_collector_config(files, "/etc/collector.yaml", types);
    return config ? "accepted" : config.error().text();
}

TEST(AgentFile, MayBeEmpty) {
    MemoryFiles files;
    put(files, "/etc/agent.yaml", "# nothing yet\n");
    const auto config = load_agent_config(files, "/etc/agent.yaml");
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->flush, AgentConfig().flush);
    EXPECT_EQ(config->hash.size(), 64u);
}

TEST(AgentFile, SetsEverything) {
    MemoryFiles files;
    put(files, "/etc/agent.yaml", R"(
collector: muster.example.net:8444
data_dir: /tmp/agent
labels: {role: poller}
spool: {flush: 10ms, max_bytes: 4MiB, max_age: 1h, keep_free: 2MiB, retain_acked: 1s, renew_after: 2s, retain_acked_bytes: 1MiB}
link: {backoff_least: 50ms, backoff_most: 3s}
workers: 2
worker_program: /usr/libexec/muster-probe-worker
)");
    const auto config = load_agent_config(files, "/etc/agent.yaml");
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->collector, "muster.example.net:8444");
    EXPECT_EQ(config->data_dir, "/tmp/agent");
    EXPECT_EQ(config->labels.at("role"), "poller");
    EXPECT_EQ(config->flush, 10ms);
    EXPECT_EQ(config->spool_max_bytes, 4u << 20);
    EXPECT_EQ(config->spool_max_age, 1h);
    EXPECT_EQ(config->spool_keep_free, 2u << 20);
    EXPECT_EQ(config->retain_acked, 1s);
    EXPECT_EQ(config->renew_after, 2s);
    EXPECT_EQ(config->retain_acked_bytes, 1u << 20);
    EXPECT_EQ(config->backoff_least, 50ms);
    EXPECT_EQ(config->backoff_most, 3s);
    EXPECT_EQ(config->workers, 2u);
    EXPECT_EQ(config->worker_program, "/usr/libexec/muster-probe-worker");
}

TEST(AgentFile, NamesThePlaceOfWhatIsWrong) {
    EXPECT_EQ(
        wrong_agent("collector: muster.example.net\n"),
        "/etc/agent.yaml:1:12: collector: \"muster.example.net\", expected HOST:PORT such as "
        "muster.example.net:8444"
    );
    EXPECT_EQ(
        wrong_agent("spool: {max_bytes: 256}\n"),
        "/etc/agent.yaml:1:20: max_bytes: \"256\", expected a size such as 256MiB, 1MiB to 1TiB"
    );
    EXPECT_EQ(
        wrong_agent("link:\n  backoff_least: 5s\n  backoff_most: 1s\n"),
        "/etc/agent.yaml:3:17: backoff_most: 1s, expected at least 5s: backoff_least"
    );
    EXPECT_EQ(
        wrong_agent("workers: many\n"),
        "/etc/agent.yaml:1:10: workers: \"many\", expected a whole number, 1 to 64"
    );
    EXPECT_EQ(
        wrong_agent("data_dir: spool\n"),
        "/etc/agent.yaml:1:11: data_dir: \"spool\", expected an absolute path"
    );
    EXPECT_EQ(
        wrong_agent("budget: {memory: 64MiB}\n"),
        "/etc/agent.yaml:1:1: unknown key \"budget\", expected one of: collector, data_dir, "
        "labels, spool, "
        "link, inventory, workers, worker_program"
    );
}

TEST(AgentFile, SaysThatItIsNotThere) {
    MemoryFiles files;
    const auto config = load_agent_config(files, "/etc/agent.yaml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().kind(), ErrorKind::not_found);
    EXPECT_NE(config.error().text().find("/etc/agent.yaml"), std::string::npos)
        << config.error().text();
}

TEST(CollectorFile, ReadsConfDInNameOrder) {
    MemoryFiles files;
    put(files, "/etc/collector.yaml", R"(
listen: {people: "127.0.0.1:0", agents: "[::1]:0"}
data_dir: /tmp/muster
names: [muster.example.net, 192.0.2.1]
link: {heartbeat: 500ms, silent_after: 1500ms, silent_incident_after: 15s, alive_every: 500ms}
journal: {keep: 1GiB, at_least: 1h, tick: 50ms}
state: {snapshot_every: 1s}
history: {seal_every: 3s, keep: 1TiB, raw: 30d, five_minutes: 180d, hourly: 1095d}
enrolment: {certificate_valid: 1h}
notify: {backoff_least: 50ms, backoff_most: 15s}
targets: [{name: first}]
)");
    put(files, "/etc/conf.d/20-b.yaml", "targets: [{name: third}]\n");
    put(files, "/etc/conf.d/10-a.yaml", "targets: [{name: second}]\n");
    put(files, "/etc/conf.d/notes.txt", "not yaml: [");
    const auto loaded = load_collector_config(files, "/etc/collector.yaml", types);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(loaded->process.listen_people, "127.0.0.1:0");
    EXPECT_EQ(loaded->process.listen_agents, "[::1]:0");
    EXPECT_EQ(loaded->process.names, (std::vector<std::string>{"muster.example.net", "192.0.2.1"}));
    EXPECT_EQ(loaded->process.silent_after, 1500ms);
    EXPECT_EQ(loaded->process.silent_incident_after, 15s);
    EXPECT_EQ(loaded->process.journal_keep_bytes, 1u << 30);
    EXPECT_EQ(loaded->process.tick, 50ms);
    EXPECT_EQ(loaded->process.snapshot_every, 1s);
    EXPECT_EQ(loaded->process.history_seal_every, 3s);
    EXPECT_EQ(loaded->process.history_keep_bytes, 1ull << 40);
    EXPECT_EQ(loaded->process.history_raw, 24h * 30);
    EXPECT_EQ(loaded->process.history_five_minutes, 24h * 180);
    EXPECT_EQ(loaded->process.history_hourly, 24h * 1095);
    EXPECT_EQ(loaded->process.agent_certificate_valid, 1h);
    EXPECT_EQ(loaded->process.notify_backoff_most, 15s);
    ASSERT_EQ(loaded->texts.size(), 3u);
    EXPECT_EQ(loaded->texts[1].name, "/etc/conf.d/10-a.yaml");
    ASSERT_EQ(loaded->watch.targets.size(), 3u);
    EXPECT_EQ(loaded->watch.targets[1].name, "second");

    // The texts alone give the same watch: the journal carries them.
    const auto again = parse_watch(loaded->texts, types);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->targets.size(), 3u);
}

TEST(CollectorFile, ChecksThresholdsAgainstTheProbesOfAllFiles) {
    MemoryFiles files;
    put(files,
        "/etc/collector.yaml",
        "thresholds:\n  - {name: t, pin: a, breach: {any: [{availability: \"< 90%\", over: 5m}]}}\n"
    );
    put(files,
        "/etc/conf.d/a.yaml",
        "targets:\n  - {name: a, address: h, probes: [{type: icmp, interval: 1m}]}\n");
    const auto loaded = load_collector_config(files, "/etc/collector.yaml", types);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(
        loaded.error().text().substr(0, 72),
        "/etc/collector.yaml:2:53: availability: one failed result of probe \"icmp"
    );
}

TEST(CollectorFile, ChangesItsHashWithAnyText) {
    MemoryFiles files;
    put(files, "/etc/collector.yaml", "");
    const auto before = load_collector_config(files, "/etc/collector.yaml", types);
    put(files, "/etc/conf.d/a.yaml", "targets: []\n");
    const auto after = load_collector_config(files, "/etc/collector.yaml", types);
    ASSERT_TRUE(before && after);
    EXPECT_NE(before->process.hash, after->process.hash);
}

TEST(CollectorFile, NamesThePlaceOfWhatIsWrong) {
    EXPECT_EQ(
        wrong_collector("listen: {people: 8443}\n"),
        "/etc/collector.yaml:1:18: people: \"8443\", expected HOST:PORT such as "
        "muster.example.net:8444"
    );
    EXPECT_EQ(
        wrong_collector("link: {heartbeat: 20s}\n"),
        "/etc/collector.yaml:1:7: silent_after: 30s, expected at least 40s: twice heartbeat and "
        "alive_every"
    );
    EXPECT_EQ(
        wrong_collector("history: {raw: 100d}\n"),
        "/etc/collector.yaml:1:10: five_minutes: 90d, expected at least 100d: raw"
    );
    EXPECT_EQ(
        wrong_collector("listen:\n  peple: x\ntargets:\n  - {name: a, each: 3}\n"),
        "/etc/collector.yaml:2:3: unknown key \"peple\"; did you mean \"people\"?\n"
        "/etc/collector.yaml:4:21: each: \"3\", expected a range such as 1..100 of at most 1000000 "
        "numbers"
    );
}

TEST(CollectorFile, KeepsTheProcessOutOfConfD) {
    MemoryFiles files;
    put(files, "/etc/collector.yaml", "");
    put(files, "/etc/conf.d/a.yaml", "data_dir: /elsewhere\n");
    const auto loaded = load_collector_config(files, "/etc/collector.yaml", types);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(
        loaded.error().text(),
        "/etc/conf.d/a.yaml:1:1: unknown key \"data_dir\", expected one of: targets, policies, "
        "thresholds, channels, classes, relation_types, host_watch, storm, incidents"
    );
}

TEST(CommandLineFile, ReadsBackWhatItWrites) {
    MemoryFiles files;
    const CliConfig config{
        "https://muster.example.net:8443", "/home/a\\b \"c\"/token", "/etc/ca.pem"
    };
    put(files, "/home/cli.yaml", cli_config_text(config));
    const auto read = load_cli_config(files, "/home/cli.yaml");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->server, config.server);
    EXPECT_EQ(read->token_file, config.token_file);
    EXPECT_EQ(read->ca_file, config.ca_file);
}

}  // namespace
}  // namespace muster::config
