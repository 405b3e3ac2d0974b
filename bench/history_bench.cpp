// What a result costs in history: folding and sealing, merging, asking; and the bytes it takes, for round-trip times of
// 0.2–20 ms in µs with 1.5 % of noise, scheduled to the millisecond.
#include "base/expect.hpp"
#include "base/uuid.hpp"
#include "collector/history/history.hpp"
#include "collector/journal/entries.pb.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace muster::collector {
namespace {

constexpr std::uint32_t agents = 4;
constexpr std::int64_t start_ms = 1'772'323'200'000;
constexpr std::int64_t ns_a_ms = 1'000'000;

void check(const Status& status) {
    expect(status.has_value(), status ? "" : status.error().text());
}

AgentId agent_of(std::uint32_t number) {
    return AgentId{Uuid::named("agent" + std::to_string(number))};
}

ProbeId probe_of(std::uint32_t agent, std::uint32_t dense) {
    return ProbeId{Uuid::named(std::to_string(agent) + "/" + std::to_string(dense))};
}

/// Probes with a phase and a level each; `next()` gives the records of one slot of time, sorted by probe.
class Load {
  public:
    Load(std::uint32_t probes, std::int64_t interval_ms, std::uint32_t slots)
        : interval_ms_(interval_ms), slots_(slots), by_slot_(slots) {
        std::minstd_rand random(42);
        for (std::uint32_t dense = 0; dense < probes; ++dense) {
            const auto phase = static_cast<std::int64_t>(random()) % interval_ms;
            phase_.push_back(phase);
            level_.push_back(200 + static_cast<std::int64_t>(random() % 19'800));
            by_slot_[static_cast<std::size_t>(phase * slots / interval_ms)].push_back(dense);
        }
    }

    std::vector<DecodedBatch> next() {
        const std::uint32_t slot = round_ % slots_;
        const std::int64_t base = start_ms + round_ / slots_ * interval_ms_;
        std::vector<DecodedBatch> batches(agents);
        for (std::uint32_t agent = 0; agent < agents; ++agent) {
            DecodedBatch& batch = batches[agent];
            batch.agent = agent_of(agent);
            batch.wall = wall_from_ns(base * ns_a_ms);
            wire::ResultBatch& results = batch.results;
            results.epoch = 1;
            for (const std::uint32_t dense : by_slot_[slot]) {
                const std::int64_t level = level_[dense];
                const std::int64_t spread = std::max<std::int64_t>(1, level * 3 / 100);
                const auto late = static_cast<std::int64_t>(random_() % 2);
                results.probe.push_back(dense);
                results.time_ms.push_back(static_cast<std::int32_t>(phase_[dense] + late));
                results.state.push_back(random_() % 10'000 == 0 ? 2 : 0);
                results.values.push_back(
                    level + static_cast<std::int64_t>(random_()) % spread - spread / 2
                );
            }
            results.value_runs.push_back(
                {.results = static_cast<std::uint32_t>(results.size()), .values = 1}
            );
        }
        ++round_;
        return batches;
    }

  private:
    std::int64_t interval_ms_;
    std::uint32_t slots_;
    std::vector<std::vector<std::uint32_t>> by_slot_;
    std::vector<std::int64_t> phase_;
    std::vector<std::int64_t> level_;
    std::minstd_rand random_{7};
    std::uint32_t round_ = 0;
};

/// A history in a folder of its own, which knows `probes` probes of each agent.
class Store {
  public:
    Store(const std::string& name, std::uint32_t probes, HistoryOptions options)
        : path_(std::filesystem::temp_directory_path() / ("muster-bench-" + name)) {
        std::filesystem::remove_all(path_);
        history_.emplace(History::open(files_, path_, std::move(options)).value());
        for (std::uint32_t agent = 0; agent < agents; ++agent) {
            proto::AssignmentIssued body;
            body.set_agent_id(std::string(agent_of(agent).raw()));
            body.set_epoch(1);
            for (std::uint32_t dense = 0; dense < probes; ++dense) {
                body.add_probe_ids(std::string(probe_of(agent, dense).raw()));
            }
            Entry entry = next(EntryKind::assignment_issued);
            entry.body = body.SerializeAsString();
            check(history_->fold(entry));
        }
    }

    ~Store() {
        history_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    Entry next(EntryKind kind) {
        Entry entry;
        entry.lsn = lsn_++;
        entry.kind = kind;
        return entry;
    }

    Entry entry_of(Load& load) {
        Entry entry = next(EntryKind::batch);
        entry.batches = std::make_shared<const std::vector<DecodedBatch>>(load.next());
        return entry;
    }

    History& operator*() { return *history_; }

    History* operator->() { return &*history_; }

  private:
    std::string path_;
    RealFiles files_;
    std::optional<History> history_;
    Lsn lsn_ = 1;
};

void report(
    benchmark::State& state, const Store& store, const HistoryStats& stats, std::uint64_t results
) {
    static_cast<void>(store);
    state.SetItemsProcessed(static_cast<std::int64_t>(results));
    state.counters["ns_per_result"] = benchmark::Counter(
        static_cast<double>(results) / 1e9,
        benchmark::Counter::kIsRate | benchmark::Counter::kInvert
    );
    state.counters["bytes_per_sample"] =
        static_cast<double>(stats.block_bytes) /
        static_cast<double>(std::max<std::uint64_t>(1, stats.block_samples));
}

/// probes per agent, results per probe in one block.
void fold_and_seal(benchmark::State& state) {
    const auto probes = static_cast<std::uint32_t>(state.range(0));
    const auto rounds = static_cast<std::uint32_t>(state.range(1));
    constexpr std::uint32_t slots = 10;
    Load load(probes, 1'000, slots);
    HistoryOptions options;
    options.tail_samples = 1'000'000'000;
    options.tail_bytes = std::uint64_t{1} << 40U;
    Store store("seal", probes, options);
    std::uint64_t results = 0;
    for ([[maybe_unused]] auto unused : state) {
        state.PauseTiming();
        std::vector<Entry> entries;
        for (std::uint32_t i = 0; i < rounds * slots; ++i) {
            entries.push_back(store.entry_of(load));
        }
        state.ResumeTiming();
        for (const Entry& entry : entries) {
            check(store->fold(entry));
        }
        check(store->seal());
        results += std::uint64_t{agents} * probes * rounds;
    }
    report(state, store, store->stats(), results);
}

BENCHMARK(fold_and_seal)
    ->Unit(benchmark::kMillisecond)
    ->Args({250'000, 8})  // 1,000,000 probes: 8 results each are a full tail
    ->Args({25'000, 60})
    ->Args({2'500, 600})
    ->Args({250, 6'000});

/// Twelve blocks of probes × 6 results become one.
void merge(benchmark::State& state) {
    const auto probes = static_cast<std::uint32_t>(state.range(0));
    constexpr std::uint32_t blocks = 12;
    Load load(probes, 10'000, 10);
    HistoryOptions options;
    options.fan_in = {blocks};
    Store store("merge", probes, options);
    std::uint64_t results = 0;
    for ([[maybe_unused]] auto unused : state) {
        state.PauseTiming();
        for (std::uint32_t block = 0; block < blocks; ++block) {
            for (std::uint32_t i = 0; i < 60; ++i) {
                check(store->fold(store.entry_of(load)));
            }
            check(store->seal());
        }
        results += std::uint64_t{agents} * probes * 6 * blocks;
        state.ResumeTiming();
        while (store->merge_if_due().value()) {
        }
    }
    report(state, store, store->stats(), results);
}

BENCHMARK(merge)->Unit(benchmark::kMillisecond)->Arg(25'000)->Arg(2'500);

/// One probe of 100,000, an hour of results each 10 s: 60 blocks of a minute, then merged.
void ask(benchmark::State& state) {
    constexpr std::uint32_t probes = 25'000;
    Load load(probes, 10'000, 10);
    HistoryOptions options;
    if (state.range(0) == 0) {
        options.fan_in = {};
    }
    Store store("ask", probes, options);
    for (std::uint32_t i = 0; i < 3'600; ++i) {
        check(store->fold(store.entry_of(load)));
        if (i % 60 == 59) {
            check(store->seal());
        }
    }
    while (store->merge_if_due().value()) {
    }
    std::uint32_t asked = 0;
    std::size_t points = 0;
    for ([[maybe_unused]] auto unused : state) {
        const HistoryQuery query{
            .probe = probe_of(asked % agents, asked * 7919 % probes),
            .from = wall_from_ns(start_ms * ns_a_ms),
            .to = wall_from_ns((start_ms + 3'600'000) * ns_a_ms),
            .step = std::chrono::seconds(60),
        };
        ++asked;
        points = store->query(query).value().points.size();
    }
    state.counters["points"] = static_cast<double>(points);
    state.counters["blocks"] = static_cast<double>(store->stats().blocks);
}

BENCHMARK(ask)->Unit(benchmark::kMillisecond)->Arg(0)->Arg(1);

}  // namespace
}  // namespace muster::collector
