// Ingest figures of a whole collector: the real daemon, real TLS, durable commits on a real file system, history on, a "3 in a row"
// rule on every probe. Prints one line a figure. Generators and collector share the machine's cores.
//   bench_ingest [--quick] [--only load|everything|field] [--peer-file FILE]
// "everything" is the same load where each probe has, beside the count of failures, a share of a window and a limit of a metric with
// hysteresis, a policy gives the probes, a maintenance window is open and a channel is there.
// TMPDIR says where the files go (not a tmpfs, or nothing is durable). FILE: what a peer reached in as long (bench/README.md).
#include "base/clock.hpp"
#include "bench/bench_collector.hpp"
#include "bench/figures.hpp"
#include "bench/load.hpp"
#include "collector/history/history.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

namespace muster::bench {
namespace {

using namespace std::chrono_literals;
using test::Process;
using test::program;

struct Lengths {
    Duration warm_up = 30s;
    Duration measure = 60s;
};

/// What the generators counted between two moments.
struct Counted {
    double results = 0;
    double batches = 0;
    double unacked = 0;
    std::vector<double> waits_ms;

    void add(const std::string& path) {
        std::istringstream lines(test::read_text(path));
        std::string what;
        double value = 0;
        while (lines >> what >> value) {
            if (what == "results") {
                results += value;
            } else if (what == "batches") {
                batches += value;
            } else if (what == "unacked") {
                unacked += value;
            } else {
                waits_ms.push_back(value);
            }
        }
    }

    double wait_ms(double share) const { return quantile(waits_ms, share); }
};

/// Writes the window and gives the collector's processor time within it.
Cpu measure_window(
    BenchCollector& collector, const std::string& window, Lengths lengths, double& journal_bytes
) {
    const std::int64_t from = to_ns(SystemClock().wall() + lengths.warm_up);
    const std::int64_t to = from + lengths.measure.count();
    test::write_text(window, fmt::format("{} {}\n", from, to));
    const auto reached = [](std::int64_t when) {
        eventually(1h, [&] { return to_ns(SystemClock().wall()) >= when; }, 1ms);
    };
    reached(from);
    const Cpu before = collector.cpu();
    const double bytes_before = collector.folder_bytes("journal");
    reached(to);
    journal_bytes = collector.folder_bytes("journal") - bytes_before;
    return collector.cpu() - before;
}

void wait_for(const std::string& path, Duration patience) {
    if (!eventually(patience, [&] { return std::filesystem::exists(path); })) {
        give_up("waited in vain for " + path);
    }
}

std::string everything(const std::string& key_file) {
    std::string text = targets_of_load(", labels: {from: gen}");
    for (int i = 0; i < 4; ++i) {
        text += fmt::format(
            "{}  - {{name: \"of gen{}\", match: \"name ~ gen{}-*\", from: {{agent: gen{}}}, "
            "breach: {{any: "
            "[{{failures: 3}}, {{availability: \"< 50%\", over: 5m, min_samples: 10}}, {{metric: "
            "rtt_avg, "
            "above: 5000, clear: 4000, for: 3}}]}}, probes: [{}]}}\n",
            i == 0 ? "policies:\n" : "",
            i,
            i,
            i,
            hundred_probes("1s")
        );
    }
    return text + fmt::format(
                      "channels:\n  - {{name: ops, type: webhook, url: \"http://127.0.0.1:9/\", "
                      "secret: {{file: "
                      "{}}}}}\n",
                      key_file
                  );
}

/// Prints what a window of the load reached; gives the number of results in it and the growth of the journal.
std::pair<double, double> measure(
    BenchCollector& collector,
    const Load& load,
    Lengths lengths,
    const Figures& figures,
    const std::string& suffix
) {
    const auto held_back = [&collector] {
        return collector.metric("muster_agent_held_back_seconds_total").value_or(0);
    };
    double journal_bytes = 0;
    const double held_back_before = held_back();
    const Cpu cpu = measure_window(collector, load.window(), lengths, journal_bytes);
    const double seconds_held_back = held_back() - held_back_before;
    const std::optional<std::uint64_t> brain_behind = collector.entries_behind("brain");
    const std::optional<std::uint64_t> history_behind = collector.entries_behind("history");
    Counted counted;
    for (const std::string& out : load.outputs()) {
        wait_for(out, 30s);
        counted.add(out);
    }
    const double seconds = std::chrono::duration<double>(lengths.measure).count();
    figures.print("ingest.results_per_second" + suffix, counted.results / seconds, "1/s");
    figures.print("ingest.results_per_cpu_second" + suffix, counted.results / cpu.all, "1/s");
    figures.print("ingest.ack_p50_ms" + suffix, counted.wait_ms(0.5), "ms");
    figures.print("ingest.ack_p99_ms" + suffix, counted.wait_ms(0.99), "ms");
    // What is acknowledged is journalled; what is behind, the folds have yet to take.
    const auto behind = [](const std::optional<std::uint64_t>& entries) {
        return static_cast<double>(entries.value_or(0));
    };
    figures.print("ingest.brain_behind" + suffix, behind(brain_behind), "entries");
    figures.print("ingest.history_behind" + suffix, behind(history_behind), "entries");
    figures.print("ingest.held_back" + suffix, seconds_held_back, "s");
    figures.print("ingest.collector_rss" + suffix, collector.rss_mib(), "MiB");
    return {counted.results, journal_bytes};
}

void measure_everything(Lengths lengths, const Figures& figures) {
    const test::TempDir dir;
    test::write_text(dir / "hmac", "key");
    BenchCollector collector(everything(dir / "hmac"));
    Load load(collector);
    const test::CommandResult window =
        collector.muster({"window", "start", "name ~ gen0-1*", "--for", "2h", "--reason", "bench"});
    if (window.exit_code != 0) {
        give_up("no maintenance window: " + window.output);
    }
    measure(collector, load, lengths, figures, ".everything");
}

void measure_load(Lengths lengths, const Figures& figures) {
    BenchCollector collector(targets_of_load(", probes: [" + hundred_probes("1s") + "]"));
    Load load(collector);
    const auto [results, journal_bytes] = measure(collector, load, lengths, figures, "");
    figures.print("journal.bytes_per_result", journal_bytes / results, "B");

    collector.kill();
    const auto killed = std::chrono::steady_clock::now();
    collector.start();
    if (!eventually(120s, [&] { return collector.is_caught_up(); }, 5ms)) {
        give_up("not caught up 120 s after kill -9");
    }
    figures.print(
        "start.refold_seconds",
        std::chrono::duration<double>(std::chrono::steady_clock::now() - killed).count(),
        "s"
    );
    load.stop();
    const auto idle = std::chrono::steady_clock::now();
    if (!eventually(600s, [&] { return collector.entries_behind("history") == 0U; }, 100ms)) {
        give_up("history is behind ten minutes after the load");
    }
    figures.print(
        "history.catch_up_seconds",
        std::chrono::duration<double>(std::chrono::steady_clock::now() - idle).count(),
        "s"
    );
    collector.stop();
    RealFiles files;
    auto history = collector::History::open(files, collector.dir() / "collector/history", {});
    if (!history) {
        give_up(history.error().text());
    }
    while (history->merge_if_due().value_or(false)) {
    }
    const collector::HistoryStats stats = history->stats();
    figures.print(
        "history.bytes_per_sample",
        static_cast<double>(stats.block_bytes) /
            static_cast<double>(std::max<std::uint64_t>(stats.block_samples, 1)),
        "B"
    );
}

/// A thousand agents of a hundred probes, each with a batch of 20 results every `batch_every`.
void measure_field(
    Lengths lengths, const Figures& figures, Duration batch_every, const std::string& suffix
) {
    BenchCollector collector(
        "targets:\n  - {name: \"field{n}\", each: 0..999, class: server, address: 127.0.0.1, from: "
        "{agent: \"field{n}\"}, "
        "probes: [" +
        hundred_probes("10s") + "]}\n"
    );
    const std::string window = collector.dir() / "window";
    const std::string out = collector.dir() / "field.out";
    const Process field = Process::start(
        {program("bench_ingest_field"),
         collector.dir() / "agents",
         std::to_string(collector.people_port()),
         std::to_string(collector.agents_port()),
         collector.join_token("field", 1000),
         "1000",
         std::to_string(to_ms(batch_every)),
         window,
         out},
        {{}, collector.dir() / "field.log"}
    );
    wait_for(out + ".joined", 300s);
    double journal_bytes = 0;
    const Cpu cpu = measure_window(collector, window, lengths, journal_bytes);
    wait_for(out, 30s);
    Counted counted;
    counted.add(out);
    const double seconds = std::chrono::duration<double>(lengths.measure).count();
    figures.print("ingest.field_results_per_second" + suffix, counted.results / seconds, "1/s");
    const double us_per_batch = 1e6 / std::max(counted.batches, 1.0);
    figures.print("ingest.us_per_batch" + suffix, cpu.all * us_per_batch, "us");
    figures.print("ingest.us_per_batch.behind_the_link" + suffix, cpu.folds * us_per_batch, "us");
    figures.print("ingest.field_unacked_batches" + suffix, counted.unacked, "batches");
    figures.print("ingest.field_ack_p99_ms" + suffix, counted.wait_ms(0.99), "ms");
}

void measure(const Lengths& lengths, const std::string& only, const std::string& peer_file) {
    std::optional<Figures> figures(std::in_place);
    if (!peer_file.empty()) {
        figures = Figures::beside_peer("ingest", peer_file);
    }
    if (!figures) {
        give_up("not what a peer reached: " + peer_file);
    }
    if (!figures->are_comparable(
            std::chrono::floor<std::chrono::seconds>(lengths.warm_up).count(),
            std::chrono::floor<std::chrono::seconds>(lengths.measure).count()
        )) {
        give_up("the peer was measured for another length of time");
    }
    if (only.empty() || only == "load") {
        measure_load(lengths, *figures);
    }
    if (only.empty() || only == "everything") {
        measure_everything(lengths, *figures);
    }
    if (only.empty() || only == "field") {
        measure_field(lengths, *figures, std::chrono::seconds(2), "");
        // What a batch costs where there are many: commits and waking up are shared.
        measure_field(lengths, *figures, std::chrono::milliseconds(100), ".at_20_times_the_rate");
    }
}

}  // namespace
}  // namespace muster::bench

int main(int count, char** arguments) {
    muster::bench::Lengths lengths;
    std::string only;
    std::string peer_file;
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--quick") {
            lengths = {
                std::chrono::seconds(12), std::chrono::seconds(10)
            };  // every probe has begun
        } else if (argument == "--only" && i + 1 < count) {
            only = arguments[++i];
        } else if (argument == "--peer-file" && i + 1 < count) {
            peer_file = arguments[++i];
        } else {
            std::cerr
                << "usage: bench_ingest [--quick] [--only load|everything|field] [--peer-file "
                   "FILE]\n";
            return 2;
        }
    }
    return muster::bench::measured([&] {
        muster::bench::refuse_memory_disks();
        muster::bench::measure(lengths, only, peer_file);
    });
}
