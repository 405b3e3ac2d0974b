// What a monitor costs and how soon it tells: memory of agent and collector, from a fault to its incident and its message, and
// reads of the API. Prints one line a figure.
//   bench_monitor [--quick] [--only agent|collector|detect|policy|ingest]
// The last two are what bench_policy_apply and bench_ingest print: the latter with everything on.
// The agents of others (Debian's zabbix-agent, zabbix-agent2 and prometheus-node-exporter) run beside ours in the same minutes and are asked
// as often as ours measures. Memory is PSS of all processes after the time to settle.
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "bench/bench_collector.hpp"
#include "bench/figures.hpp"
#include "bench/memory.hpp"
#include "bench/other_agents.hpp"
#include "bench/websites.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/process.hpp"
#include "tests/support/webhook_listener.hpp"
#include "wire/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::bench {
namespace {

using namespace std::chrono_literals;
using test::Process;
using test::program;

struct Lengths {
    Duration settle = 120s;
    Duration reads = 20s;
    int faults = 200;
};

wire::HttpAnswer get(const BenchCollector& collector, const std::string& path) {
    wire::HttpCall call;
    call.url = fmt::format("https://localhost:{}{}", collector.people_port(), path);
    call.headers["Authorization"] = "Bearer " + collector.admin_token();
    call.trust.ca_pem = test::read_text(collector.dir() / "collector/ca/ca.crt");
    asio::io_context loop;
    std::optional<Result<wire::HttpAnswer>> answer;
    asio::co_spawn(
        loop,
        wire::http_call(loop, std::move(call), Deadline::in(10s)),
        [&](const std::exception_ptr&, Result<wire::HttpAnswer> result) {
            answer.emplace(std::move(result));
        }
    );
    loop.run();
    if (!answer || !*answer || (*answer)->status != 200) {
        give_up(
            path +
            " is not answered: " + (answer && !*answer ? answer->error().text() : (*answer)->body)
        );
    }
    return std::move(**answer);
}

/// How many probes are well.
std::size_t count_ok(const BenchCollector& collector, std::size_t most) {
    const auto page = boost::json::parse(
        get(collector,
            fmt::format("/api/v1/probes?state=ok&limit={}", std::min<std::size_t>(most, 500)))
            .body
    );
    return page.at("items").as_array().size();
}

void wait_until_ok(const BenchCollector& collector, std::size_t probes, const std::string& who) {
    if (!eventually(180s, [&] { return count_ok(collector, probes) >= probes; }, 200ms)) {
        give_up(
            who + ": its probes are not well after three minutes\n" +
            test::read_text(collector.dir() / "collector.log")
        );
    }
}

/// Ours settles, and the others are asked every ten seconds.
void settle(std::vector<Peer>& peers, Duration span) {
    const MonoTime until = SystemClock().mono() + span;
    MonoTime next = SystemClock().mono();
    eventually(
        span + 60s,
        [&] {
            if (SystemClock().mono() >= next) {
                next += 10s;
                for (const Peer& peer : peers) {
                    for (const std::string& question : peer.questions) {
                        ask(peer.port, question);
                    }
                }
            }
            return SystemClock().mono() >= until;
        },
        100ms
    );
}

std::string icmp_targets(const std::string& agent) {
    return fmt::format(
        "targets:\n  - {{name: \"ping{{n}}\", each: 1..20, class: server, address: "
        "\"127.9.0.{{n}}\", from: {{agent: {}}}, "
        "probes: [{{type: icmp, interval: 10s, count: 1}}]}}\n",
        agent
    );
}

void print_agent(const std::string& figure, double ours, const std::vector<Peer>& peers) {
    const Figures figures;
    if (peers.empty()) {
        figures.print(figure, ours, "MiB");
    }
    for (const Peer& peer : peers) {
        Figures::print_beside(
            figure + " beside " + peer.name, ours, "MiB", pss_mib(peer.process.pid())
        );
    }
}

void measure_agent(const Lengths& lengths) {
    const test::TempDir dir;
    std::vector<Peer> peers = start_peers(dir);
    {
        BenchCollector collector(icmp_targets("small"));
        const std::string folder = collector.enrol("small");
        const Process agent = Process::start(
            {program("muster-agent"), "--config", folder + ".yaml"}, {{}, folder + ".log"}
        );
        wait_until_ok(collector, 20, "the small agent");
        settle(peers, lengths.settle);
        print_agent("agent.pss_mb", pss_mib(agent.pid()), peers);
    }
    {
        const std::string snmp_host = "127.0.0.1";
        constexpr std::uint16_t snmp_port = 10161;
        const Process snmpd = test::start_snmpd(dir, snmp_host, snmp_port);
        Websites websites(10);
        std::string targets = icmp_targets("full");
        test::write_text(dir / "community", "public");
        for (int i = 0; i < 10; ++i) {
            targets += fmt::format(
                "  - {{name: web{}, class: application_endpoint, from: {{agent: full}}, probes: "
                "[{{type: http, url: \"{}\", interval: 10s}}]}}\n",
                i,
                websites.url(i)
            );
        }
        targets += fmt::format(
            "  - {{name: switch, class: network_device, address: {}, from: {{agent: full}}, "
            "probes: [{{type: snmp, port: {}, "
            "community: {{file: {}}}, interval: 10s}}]}}\n",
            snmp_host,
            snmp_port,
            dir / "community"
        );
        BenchCollector collector(targets);
        const std::string folder = collector.enrol("full");
        const Process agent = Process::start(
            {program("muster-agent"), "--config", folder + ".yaml"}, {{}, folder + ".log"}
        );
        wait_until_ok(collector, 31, "the full agent");
        settle(peers, lengths.settle);
        print_agent("agent.pss_full_mb", pss_mib(agent.pid()), peers);
    }
}

/// Reads as a screen would: lists, single records, what happened to them.
void measure_reads(const BenchCollector& collector, Duration span) {
    const auto cis = boost::json::parse(get(collector, "/api/v1/cis?limit=50").body);
    std::string urls;
    const std::string base = fmt::format("https://localhost:{}/api/v1", collector.people_port());
    for (const auto& ci : cis.at("items").as_array()) {
        const std::string id(ci.at("id").as_string());
        for (const std::string& path :
             {"/cis/" + id,
              "/probes?ci=" + id,
              "/incidents?ci=" + id,
              std::string("/cis?limit=50"),
              std::string("/incidents?limit=50"),
              std::string("/agents?limit=50")}) {
            urls += "url = \"" + base + path + "\"\noutput = \"/dev/null\"\n";
        }
    }
    test::write_text(
        collector.dir() / "reads.curl",
        fmt::format(
            "cacert = \"{}/collector/ca/ca.crt\"\nheader = \"Authorization: Bearer {}\"\nwrite-out "
            "= \"%{{http_code}}\\n\"\nsilent\n{}",
            collector.dir().path(),
            collector.admin_token(),
            urls
        )
    );
    const Cpu before = collector.cpu();
    const MonoTime until = SystemClock().mono() + span;
    double reads = 0;
    while (SystemClock().mono() < until) {
        const test::CommandResult done =
            test::run_command({"curl", "-K", collector.dir() / "reads.curl"}, 60s);
        std::istringstream lines(done.output);
        for (std::string line; std::getline(lines, line);) {
            if (line != "200") {
                give_up("a read was answered " + line);
            }
            ++reads;
        }
    }
    const Figures figures;
    figures.print("api.reads_per_cpu_second", reads / (collector.cpu() - before).all, "1/s");
    figures.print(
        "api.reads_per_second_one_client",
        reads / std::chrono::duration<double>(span).count(),
        "1/s"
    );
}

/// A thousand agents of ten probes, one result a probe every ten seconds.
void measure_collector(const Lengths& lengths) {
    std::string probes;
    for (int i = 0; i < 10; ++i) {
        probes += fmt::format("{}{{type: icmp, name: p{}, interval: 10s}}", i == 0 ? "" : ", ", i);
    }
    BenchCollector collector(
        "targets:\n  - {name: \"field{n}\", each: 0..999, class: server, address: 127.0.0.1, from: "
        "{agent: \"field{n}\"}, probes: [" +
        probes + "]}\n"
    );
    const std::string out = collector.dir() / "field.out";
    const Process field = Process::start(
        {program("bench_ingest_field"),
         collector.dir() / "agents",
         std::to_string(collector.people_port()),
         std::to_string(collector.agents_port()),
         collector.join_token("field", 1000),
         "1000",
         "10000",
         collector.dir() / "window",
         out},
        {{}, collector.dir() / "field.log"}
    );
    if (!eventually(300s, [&] { return std::filesystem::exists(out + ".joined"); })) {
        give_up("the agents did not join:\n" + test::read_text(collector.dir() / "field.log"));
    }
    std::vector<Peer> nobody;
    settle(nobody, lengths.settle);
    if (count_ok(collector, 500) < 500) {
        give_up("results do not flow");
    }
    const Figures figures;
    figures.print("collector.pss_mb", pss_mib(collector.pid()), "MiB");
    measure_reads(collector, lengths.reads);
}

constexpr Duration interval = 1s;
constexpr int failures = 3;
constexpr Duration hold = 1s;

/// When each CI's incident was first seen in the API.
void look(const BenchCollector& collector, std::map<std::string, WallTime>& seen) {
    const auto page = boost::json::parse(get(collector, "/api/v1/incidents?limit=20").body);
    const WallTime now = SystemClock().wall();
    for (const auto& each : page.at("items").as_array()) {
        if (each.at("ci").is_object()) {
            seen.emplace(std::string(each.at("ci").at("name").as_string()), now);
        }
    }
}

/// Websites go down one after the other, each at another moment between two of its probes.
void measure_detect(const Lengths& lengths) {
    Websites websites(lengths.faults);
    const test::WebhookListener hook;
    const test::TempDir dir;
    test::write_text(dir / "hmac", "key");
    std::string watch = fmt::format(
        "storm: {{incidents: 10000, within: 10s}}\nchannels:\n  - {{name: ops, type: webhook, "
        "url: \"{}\", secret: {{file: {}}}, rate: "
        "{{messages: 10000, per: 1m}}}}\ntargets:\n",
        hook.url(),
        dir / "hmac"
    );
    for (int i = 0; i < lengths.faults; ++i) {
        watch += fmt::format(
            "  - {{name: web{}, class: application_endpoint, breach: {{failures: {}}}, hold: {}, "
            "probes: [{{type: http, url: \"{}\", interval: {}, timeout: 500ms}}]}}\n",
            i,
            failures,
            format_duration(hold),
            websites.url(i),
            format_duration(interval)
        );
    }
    BenchCollector collector(watch);
    const std::string folder = collector.enrol("watcher");
    const Process agent = Process::start(
        {program("muster-agent"), "--config", folder + ".yaml"}, {{}, folder + ".log"}
    );
    wait_until_ok(collector, static_cast<std::size_t>(lengths.faults), "the watcher");
    std::map<std::string, WallTime> seen;
    std::vector<WallTime> down;
    SeededRandom random(7);
    MonoTime next = SystemClock().mono();
    // Every 100 ms or so one: the machine is as busy as a monitor usually is.
    const bool all_seen = eventually(
        300s,
        [&] {
            const auto at = down.size();
            if (at < static_cast<std::size_t>(lengths.faults) && SystemClock().mono() >= next) {
                down.push_back(websites.take_down(static_cast<int>(at)));
                next += std::chrono::milliseconds(50 + random.below(100));
            }
            look(collector, seen);
            return seen.size() == static_cast<std::size_t>(lengths.faults);
        },
        25ms
    );
    if (!all_seen || !eventually(30s, [&] { return hook.received().size() >= seen.size(); })) {
        give_up(fmt::format(
            "of {} faults {} became incidents, {} messages",
            lengths.faults,
            seen.size(),
            hook.received().size()
        ));
    }
    std::vector<double> detected;
    for (std::size_t i = 0; i < down.size(); ++i) {
        const Duration took =
            seen.at("web" + std::to_string(i)) - down[i] - interval * failures - hold;
        detected.push_back(std::chrono::duration<double, std::milli>(took).count());
    }
    std::vector<double> told;
    for (const test::HookCall& call : hook.received()) {
        const auto event = boost::json::parse(call.body);
        const auto opened = parse_rfc3339(std::string(event.at("data").at("opened").as_string()));
        if (!opened) {
            give_up("a message without the time of its incident: " + call.body);
        }
        told.push_back(std::chrono::duration<double, std::milli>(call.at - *opened).count());
    }
    const Figures figures;
    figures.print("detect.extra_ms.p50", quantile(detected, 0.5), "ms");
    figures.print("detect.extra_ms.p99", quantile(detected, 0.99), "ms");
    figures.print("notify.extra_ms.p50", quantile(told, 0.5), "ms");
    figures.print("notify.extra_ms.p99", quantile(told, 0.99), "ms");
}

/// The figures of another benchmark, in this run.
void run_other(std::vector<std::string> command) {
    command.front() = program(command.front());
    const test::CommandResult done = test::run_command(command, 15min);
    if (done.exit_code != 0) {
        give_up(command.front() + " failed:\n" + done.output);
    }
    std::cout << done.output << std::flush;
}

}  // namespace
}  // namespace muster::bench

int main(int count, char** arguments) {
    using namespace muster::bench;
    Lengths lengths;
    std::string only;
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--quick") {
            lengths = {.settle = 20s, .reads = 5s, .faults = 50};
        } else if (argument == "--only" && i + 1 < count) {
            only = arguments[++i];
        } else {
            std::cerr
                << "usage: bench_monitor [--quick] [--only agent|collector|detect|policy|ingest]\n";
            return 2;
        }
    }
    return measured([&] {
        if (only.empty() || only == "agent") {
            measure_agent(lengths);
        }
        if (only.empty() || only == "collector") {
            measure_collector(lengths);
        }
        if (only.empty() || only == "detect") {
            measure_detect(lengths);
        }
        if (only.empty() || only == "policy") {
            run_other({"bench_policy_apply"});
        }
        if (only.empty() || only == "ingest") {
            run_other({"bench_ingest", "--only", "everything"});
        }
    });
}
