// Figures of the way from agent to collector: the real daemons over TLS on loopback, durable on a real file system; and how fast
// their simulator is.
//   bench_delivery [--quick] [--only restart|drain|recover|reconnect|spool|simulation]
// TMPDIR says where the files go (not a tmpfs, or nothing is durable).
#include "agent/spool_set.hpp"
#include "base/clock.hpp"
#include "bench/bench_collector.hpp"
#include "bench/figures.hpp"
#include "bench/recover.hpp"
#include "bench/simulation.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/service_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace muster::bench {
namespace {

using namespace std::chrono_literals;
using test::Process;
using test::program;

struct Lengths {
    Duration outage = 120s;
    Duration writing = 60s;
    Duration simulation = 60s;
    RecoverSizes recover{};
};

double seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

Process start_agent(const std::string& folder, std::map<std::string, std::string> environment) {
    return Process::start(
        {program("muster-agent"), "--config", folder + ".yaml"},
        {std::move(environment), folder + ".log"}
    );
}

/// `count` pings of loopback a period, all of one agent.
std::string pings(const std::string& agent, int count, const std::string& interval) {
    return fmt::format(
        "targets:\n  - {{name: \"ping{{n}}\", each: 1..{}, class: server, address: \"127.9.0.1\", "
        "from: {{agent: {}}}, probes: [{{type: icmp, interval: {}, count: 1}}]}}\n",
        count,
        agent,
        interval
    );
}

/// As much as a spool holds by default, less what one segment more would take, in records as an agent with a thousand probes a second
/// makes them: 200 results in a kilobyte.
std::uint64_t fill_spool(const std::string& folder) {
    RealFiles files;
    SystemRandom random;
    const SystemClock clock;
    if (!files.create_directories(folder)) {
        give_up("cannot make " + folder);
    }
    agent::SpoolOptions options;
    options.limits.keep_free = 0;
    agent::SpoolSet spools =
        agent::SpoolSet::open(files, folder, random, options, clock.mono(), clock.wall());
    std::string payload(1024, '\0');
    const std::uint64_t wanted = options.limits.max_bytes - options.segment_bytes;
    std::uint64_t bytes = 0;
    for (; bytes < wanted; bytes += payload.size() + 64) {
        random.fill(std::as_writable_bytes(std::span(payload)));
        if (!spools.append(wire::make_record(
                wire::RecordKind::results,
                wire::DropClass::results,
                200,
                clock.wall(),
                clock.mono(),
                payload
            ))) {
            give_up("the spool took no more");
        }
        if (spools.unsynced_bytes() > (1U << 20) && !spools.sync()) {
            give_up("the disk did not take the spool");
        }
    }
    if (!spools.sync()) {
        give_up("the disk did not take the spool");
    }
    return spools.disk_bytes();
}

/// From the start of a process that finds a full spool until it says that it is ready, the collector away.
void measure_restart() {
    BenchCollector collector(pings("full", 20, "10s"));
    const std::string folder = collector.enrol("full");
    collector.stop();
    const std::uint64_t bytes = fill_spool(folder + "/spool");
    std::vector<double> waits;
    for (int i = 0; i < 5; ++i) {
        test::ServiceManager manager;
        const SystemClock clock;
        const MonoTime started = clock.mono();
        const Process agent = start_agent(folder, manager.environment(30s));
        if (!manager.hears("READY=1", 60s)) {
            give_up("the agent was not ready:\n" + test::read_text(folder + ".log"));
        }
        waits.push_back(seconds(clock.mono() - started) * 1000);
    }
    const Figures figures;
    figures.print("agent.restart_ms", quantile(waits, 0.5), "ms");
    figures.print("agent.restart_backlog", static_cast<double>(bytes) / (1 << 20), "MiB");
}

/// Results of a time, and when they were stored.
struct Drained {
    double results = 0;
    double after_first = 0;  // of them, behind the first group
    std::optional<Elapsed> first{};
    Elapsed last{};
};

/// What was made from `from` on and before `until`, and stored after that.
Drained drained(const std::string& journal, WallTime from, WallTime until) {
    auto reader = collector::JournalReader::open(journal);
    Drained sum;
    for (collector::Lsn next = 1; reader;) {
        const auto entries = reader->read(next, 256, 4U << 20U);
        if (!entries || entries->empty()) {
            break;
        }
        next = entries->back().lsn + 1;
        for (const collector::Entry& entry : *entries) {
            if (entry.kind != collector::EntryKind::batch || entry.wall < until) {
                continue;
            }
            double results = 0;
            for (const collector::DecodedBatch& batch : *entry.batches) {
                const bool is_of_then = batch.wall >= from && batch.wall < until;
                results += is_of_then ? static_cast<double>(batch.results.size()) : 0;
            }
            if (results > 0) {
                sum.results += results;
                sum.after_first += sum.first ? results : 0;
                sum.first = sum.first.value_or(entry.elapsed);
                sum.last = entry.elapsed;
            }
        }
    }
    return sum;
}

/// An agent with a thousand results a second, its collector killed for a while: how fast what has piled up is stored afterwards,
/// beside what goes on coming.
void measure_drain(const Lengths& lengths) {
    constexpr double live_rate = 1000;
    constexpr double nearly_all = 0.95;  // some of it was made and not yet due to be written
    BenchCollector collector(pings("busy", 1000, "1s"));
    const std::string folder = collector.enrol("busy");
    const Process agent = start_agent(folder, {});
    wait_until("the agent's results", 120s, [&] {
        return collector.metric("muster_results_folded_total").value_or(0) > 5 * live_rate;
    });
    collector.kill();
    const SystemClock clock;
    const WallTime gone = clock.wall();
    let_pass(lengths.outage);
    const WallTime back = clock.wall();
    collector.start();
    const std::string journal = collector.dir() / "collector/journal";
    Drained found;
    const auto is_stored = [&] {
        found = drained(journal, gone, back);
        return found.results >= nearly_all * live_rate * seconds(lengths.outage);
    };
    // Seldom: looking costs what is measured.
    if (!eventually(600s, is_stored, 250ms)) {
        give_up("what has piled up is not stored");
    }
    const double rate = found.after_first / std::max(seconds(found.last - *found.first), 0.02);
    const Figures figures;
    figures.print("drain.results_per_second", rate, "1/s");
    figures.print("drain.times_live_rate", rate / live_rate, "x");
}

/// The collector is killed under a thousand agents and is back after 20 s: how long until it has all of them again.
void measure_reconnect() {
    constexpr int agents = 1000;
    BenchCollector collector(
        "targets:\n  - {name: \"field{n}\", each: 0..999, class: server, address: 127.0.0.1, from: "
        "{agent: \"field{n}\"}, probes: [{type: icmp, interval: 10s}]}\n"
    );
    const std::string out = collector.dir() / "field.out";
    const Process field = Process::start(
        {program("bench_ingest_field"),
         collector.dir() / "agents",
         std::to_string(collector.people_port()),
         std::to_string(collector.agents_port()),
         collector.join_token("field", agents),
         std::to_string(agents),
         "10000",
         collector.dir() / "window",
         out},
        {{}, collector.dir() / "field.log"}
    );
    const std::string sessions = "muster_link_sessions";
    wait_until("a thousand agents", 300s, [&] {
        return collector.metric(sessions).value_or(0) >= agents;
    });
    collector.kill();
    const SystemClock clock;
    let_pass(20s);
    collector.start();
    const MonoTime ready = clock.mono();
    std::vector<double> waits;
    wait_until("the thousand agents again", 300s, [&] {
        const MonoTime asked = clock.mono();
        const double there = collector.metric(sessions).value_or(0);
        waits.push_back(seconds(clock.mono() - asked) * 1000);
        return there >= agents;
    });
    const Figures figures;
    figures.print("reconnect.1000_agents_seconds", seconds(clock.mono() - ready), "s");
    figures.print("reconnect.api_p99_ms", quantile(waits, 0.99), "ms");
}

/// What the kernel counts as written to disk by the process (proc(5), io).
double bytes_written(const Process& process) {
    const std::string text = test::read_text(fmt::format("/proc/{}/io", process.pid()));
    const std::size_t at = text.find("\nwrite_bytes: ");
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + 14, nullptr);
}

/// What an agent writes to disk for each result, connected, at its default settings.
void measure_writing(const Lengths& lengths, int rate, int targets, const std::string& interval) {
    BenchCollector collector(pings("writer", targets, interval));
    const std::string folder = collector.enrol("writer");
    const Process agent = start_agent(folder, {});
    const std::string folded = "muster_results_folded_total";
    wait_until("the agent's results", 120s, [&] {
        return collector.metric(folded).value_or(0) > 2.0 * targets;
    });
    const double results_before = collector.metric(folded).value_or(0);
    const double bytes_before = bytes_written(agent);
    let_pass(lengths.writing);
    const double results = collector.metric(folded).value_or(0) - results_before;
    const double bytes = bytes_written(agent) - bytes_before;
    const Figures figures;
    figures.print(
        fmt::format("spool.bytes_written_per_result.at_{}_per_second", rate),
        bytes / std::max(results, 1.0),
        "B"
    );
}

void measure(const Lengths& lengths, const std::string& only) {
    const auto is_wanted = [&](const std::string& part) { return only.empty() || only == part; };
    if (is_wanted("restart")) {
        measure_restart();
    }
    if (is_wanted("drain")) {
        measure_drain(lengths);
    }
    if (is_wanted("recover")) {
        measure_recover(lengths.recover);
    }
    if (is_wanted("reconnect")) {
        measure_reconnect();
    }
    if (is_wanted("spool")) {
        measure_writing(lengths, 1000, 1000, "1s");
        measure_writing(lengths, 10, 100, "10s");
    }
    if (is_wanted("simulation")) {
        measure_simulation(lengths.simulation);
    }
}

}  // namespace
}  // namespace muster::bench

int main(int count, char** arguments) {
    muster::bench::Lengths lengths;
    std::string only;
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--quick") {
            lengths = {
                .outage = std::chrono::seconds(30),
                .writing = std::chrono::seconds(20),
                .simulation = std::chrono::seconds(10),
                .recover = {.store_bytes = 500e6, .kills = 3}
            };
        } else if (argument == "--only" && i + 1 < count) {
            only = arguments[++i];
        } else {
            std::cerr << "usage: bench_delivery [--quick] [--only "
                         "restart|drain|recover|reconnect|spool|simulation]\n";
            return 2;
        }
    }
    return muster::bench::measured([&] {
        muster::bench::refuse_memory_disks();
        muster::bench::measure(lengths, only);
    });
}
