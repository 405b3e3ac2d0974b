// The brain alone: entries in memory → state, rules, rows of state.db (a real file), commits and snapshots as they fall due.
// Large batches: 4 agents × 250,000 probes in scheduled order, 25,000 results sorted by probe, 1 in 10,000 changes state,
// "3 in a row" on every probe, one entry a batch at 1,000,000 results per second of journal time. Small ones: 1,000 agents ×
// 100 probes, 20 results a batch, 50 batches an entry. Leaves out: journal, decoding, history, sending.
#include "base/crypto.hpp"
#include "base/random.hpp"
#include "collector/brain/brain.hpp"
#include "collector/journal/entries.pb.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>

namespace muster::collector {
namespace {

using Clock = std::chrono::steady_clock;

void check(const Status& status) {
    if (!status) {
        std::fprintf(stderr, "%s\n", status.error().text().c_str());
        std::exit(1);
    }
}

/// Processor time of this thread: other work on the machine is not in it, waiting for the disk neither.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Shape {
    std::uint32_t agents;
    std::uint32_t targets_each;
    std::uint32_t probes_each;
    std::uint32_t batch;
    std::uint32_t batches_per_entry;

    std::uint32_t per_agent() const { return targets_each * probes_each; }
};

/// Targets "a3-17" at agent a3, with probes p0 … each.
std::string yaml_of(const Shape& shape) {
    std::string text = "targets:\n";
    for (std::uint32_t agent = 0; agent < shape.agents; ++agent) {
        const std::string name = "a" + std::to_string(agent);
        text += "  - name: " + name + "-{n}\n    each: 1.." + std::to_string(shape.targets_each) +
                "\n    class: server\n    address: 127.0.0.1\n    from: {agent: " + name +
                "}\n    breach: {failures: 3}\n    probes:\n";
        for (std::uint32_t probe = 0; probe < shape.probes_each; ++probe) {
            text += "      - {type: icmp, name: p" + std::to_string(probe) +
                    ", interval: 1s, timeout: 500ms}\n";
        }
    }
    return text;
}

/// A brain with its agents connected and every probe proven.
class World {
  public:
    explicit World(const Shape& shape) : shape_(shape) {
        folder_ = std::filesystem::temp_directory_path() /
                  ("muster-brain-bench-" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        BrainOptions options;
        options.state_path = (folder_ / "state.db").string();
        options.probe_types = {{"icmp", {}}};
        auto opened = Brain::open(std::move(options));
        check(opened ? Status{} : Status(failure(opened.error())));
        brain_ = std::make_unique<Brain>(std::move(*opened));
        build();
        states_.assign(shape.agents, std::vector<std::uint8_t>(shape.per_agent(), 0));
        next_.assign(shape.agents, 0);
        seq_.assign(shape.agents, 0);
    }

    ~World() {
        brain_.reset();
        std::filesystem::remove_all(folder_);
    }

    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// The next entry; made outside what is timed.
    Entry next_entry() {
        auto batches = std::make_shared<std::vector<DecodedBatch>>();
        for (std::uint32_t i = 0; i < shape_.batches_per_entry; ++i) {
            batches->push_back(next_batch());
        }
        Entry entry;
        entry.kind = EntryKind::batch;
        entry.batches = std::move(batches);
        return entry;
    }

    void fold(Entry entry) {
        entry.lsn = brain_->next_lsn();
        entry.elapsed = elapsed_;
        entry.wall = wall_;
        check(brain_->fold(entry));
        auto effects = brain_->commit();
        check(effects ? Status{} : Status(failure(effects.error())));
        for (auto& asked : effects->append) {
            Entry more;
            more.kind = asked.kind;
            more.body = std::move(asked.body);
            fold(std::move(more));
        }
        check(brain_->snapshot_if_due());
    }

    void advance(Duration by) {
        wall_ += by;
        elapsed_ += by;
    }

    Brain& brain() { return *brain_; }

  private:
    void append(EntryKind kind, std::string body) {
        Entry entry;
        entry.kind = kind;
        entry.body = std::move(body);
        fold(std::move(entry));
    }

    void build() {
        append(EntryKind::collector_started, proto::CollectorStarted{}.SerializeAsString());
        for (std::uint32_t i = 0; i < shape_.agents; ++i) {
            ids_.push_back(AgentId{Uuid::named("a" + std::to_string(i))});
            proto::AgentEnrolled body;
            body.set_agent_id(std::string(ids_.back().raw()));
            body.set_name("a" + std::to_string(i));
            append(EntryKind::agent_enrolled, body.SerializeAsString());
        }
        proto::ConfigLoaded config;
        auto* file = config.add_files();
        file->set_name("watch.yaml");
        file->set_text(yaml_of(shape_));
        config.set_hash("1");
        const auto start = Clock::now();
        const double start_cpu = cpu_seconds();
        append(EntryKind::config_loaded, config.SerializeAsString());
        const double built = seconds_since(start);
        const double built_cpu = cpu_seconds() - start_cpu;
        const auto saving = Clock::now();
        check(brain_->snapshot_now());
        std::printf(
            "figure brain.build_seconds %.2f s\nfigure brain.build_cpu_seconds %.2f s\n"
            "figure brain.first_snapshot_seconds %.2f s\n",
            built,
            built_cpu,
            seconds_since(saving)
        );
        for (const AgentId& id : ids_) {
            proto::AgentConnected body;
            body.set_agent_id(std::string(id.raw()));
            body.set_assignment_epoch(1);
            body.set_boot_id("0123456701234567");
            append(EntryKind::agent_connected, body.SerializeAsString());
        }
    }

    DecodedBatch next_batch() {
        const std::uint32_t agent = turn_++ % shape_.agents;
        DecodedBatch batch;
        batch.agent = ids_[agent];
        batch.spool = SpoolId{ids_[agent].uuid()};
        batch.seq = ++seq_[agent];
        batch.wall = wall_;
        batch.mono = mono_from_ns(to_ns(elapsed_));
        batch.results.epoch = 1;
        batch.results.boot = 0x3736353433323130ULL;
        std::vector<std::uint8_t>& states = states_[agent];
        const std::uint32_t from = next_[agent];
        const std::uint32_t to = std::min(shape_.per_agent(), from + shape_.batch);
        for (std::uint32_t dense = from; dense < to; ++dense) {
            if (random_() % 10'000 == 0) {
                states[dense] = states[dense] == 0 ? 2 : 0;
                batch.results.notes.push_back(
                    {dense - from, "timeout", "reply within 500ms", "no reply"}
                );
            }
            batch.results.probe.push_back(dense);
            batch.results.time_ms.push_back(-static_cast<std::int32_t>(dense % 20));
            batch.results.state.push_back(states[dense]);
        }
        next_[agent] = to == shape_.per_agent() ? 0 : to;
        return batch;
    }

    std::uint64_t random_() {
        seed_ ^= seed_ << 13U;
        seed_ ^= seed_ >> 7U;
        seed_ ^= seed_ << 17U;
        return seed_;
    }

    Shape shape_;
    std::filesystem::path folder_;
    std::unique_ptr<Brain> brain_;
    std::vector<AgentId> ids_;
    std::vector<std::vector<std::uint8_t>> states_;
    std::vector<std::uint32_t> next_;
    std::vector<std::uint64_t> seq_;
    std::uint32_t turn_ = 0;
    std::uint64_t seed_ = 88172645463325252ULL;
    WallTime wall_ = wall_from_ns(1'700'000'000'000'000'000);
    Elapsed elapsed_{};
};

void run(benchmark::State& state, const Shape& shape) {
    World world(shape);
    const std::uint64_t per_entry = std::uint64_t{shape.batch} * shape.batches_per_entry;
    const Duration step{1000 * static_cast<std::int64_t>(per_entry)};
    const std::uint64_t warm_up = 3ULL * shape.agents * shape.per_agent() / per_entry;
    for (std::uint64_t i = 0; i < warm_up; ++i) {
        world.advance(step);
        world.fold(world.next_entry());
    }
    double seconds = 0;
    double cpu = 0;
    for (auto _ : state) {
        world.advance(step);
        Entry entry = world.next_entry();
        const auto start = Clock::now();
        const double start_cpu = cpu_seconds();
        world.fold(std::move(entry));
        const double took = cpu_seconds() - start_cpu;
        state.SetIterationTime(took);
        cpu += took;
        seconds += seconds_since(start);
    }
    const auto entries = static_cast<double>(state.iterations());
    const double results = entries * static_cast<double>(per_entry);
    state.counters["cpu_ns_per_result"] = 1e9 * cpu / results;
    state.counters["ns_per_result"] = 1e9 * seconds / results;
    state.counters["cpu_us_per_batch"] = 1e6 * cpu / (entries * shape.batches_per_entry);
}

void large_batches(benchmark::State& state) {
    run(state, {4, 2'500, 100, 25'000, 1});
}

void small_batches(benchmark::State& state) {
    run(state, {1'000, 10, 10, 20, 50});
}

BENCHMARK(large_batches)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(4'000);
BENCHMARK(small_batches)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(10'000);

}  // namespace
}  // namespace muster::collector
