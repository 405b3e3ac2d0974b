// What a result costs in history: folding and sealing, merging with and without roll-ups, asking; and the bytes it and its
// roll-ups take, for round-trip times of 0.2–20 ms in µs with 1.5 % of noise, scheduled to the millisecond.
#include "base/expect.hpp"
#include "base/uuid.hpp"
#include "collector/history/history.hpp"
#include "collector/history/merge.hpp"
#include "collector/journal/entries.pb.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
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
    Load(
        std::uint32_t probes,
        std::int64_t interval_ms,
        std::uint32_t slots,
        std::uint32_t values = 1
    )
        : interval_ms_(interval_ms), slots_(slots), values_(values), by_slot_(slots) {
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
                for (std::uint32_t value = 0; value < values_; ++value) {
                    results.values.push_back(
                        level + static_cast<std::int64_t>(random_()) % spread - spread / 2
                    );
                }
            }
            results.value_runs.push_back(
                {.results = static_cast<std::uint32_t>(results.size()), .values = values_}
            );
        }
        ++round_;
        return batches;
    }

  private:
    std::int64_t interval_ms_;
    std::uint32_t slots_;
    std::uint32_t values_;
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
        entry.wall = wall_;
        return entry;
    }

    Entry entry_of(Load& load) {
        Entry entry = next(EntryKind::batch);
        entry.batches = std::make_shared<const std::vector<DecodedBatch>>(load.next());
        return entry;
    }

    const std::string& path() const { return path_; }

    Files& files() { return files_; }

    /// The collector's clock at the entries to come.
    void clock(std::int64_t wall_ms) { wall_ = wall_from_ns(wall_ms * ns_a_ms); }

    History& operator*() { return *history_; }

    History* operator->() { return &*history_; }

  private:
    std::string path_;
    RealFiles files_;
    std::optional<History> history_;
    Lsn lsn_ = 1;
    WallTime wall_{};
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

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Twelve blocks of a minute become one, alone and with its roll-up: the part of merging that roll-ups make dearer.
void merge_with_roll_up(benchmark::State& state) {
    const std::int64_t interval_ms = state.range(0) * 1'000;
    constexpr std::uint32_t blocks = 12;
    constexpr std::uint32_t slots = 10;
    const auto probes = static_cast<std::uint32_t>(2'500 * state.range(0));
    Load load(probes, interval_ms, slots);
    HistoryOptions options;
    options.fan_in = {};
    Store store("roll-up", probes, options);
    const auto slots_a_block = static_cast<std::uint32_t>(slots * 60'000 / interval_ms);
    for (std::uint32_t block = 0; block < blocks; ++block) {
        for (std::uint32_t slot = 0; slot < slots_a_block; ++slot) {
            check(store->fold(store.entry_of(load)));
        }
        check(store->seal());
    }
    const auto merge = [&store](const std::string& roll_up) {
        const MergePlan plan{.path = store.path() + "/merged", .roll_up_path = roll_up};
        check(store.files().remove(plan.path));
        check(roll_up.empty() ? Status() : store.files().remove(roll_up));
        std::vector<BlockReader> inputs;
        const std::vector<std::string> names = store.files().list(store.path()).value();
        for (const std::string& name : names) {
            if (name.ends_with(".block")) {
                inputs.push_back(BlockReader::open(store.files(), store.path() + "/" + name).value()
                );
            }
        }
        auto merger = Merger::create(store.files(), std::move(inputs), plan).value();
        const auto begin = std::chrono::steady_clock::now();
        const MergeExtent extent = merger.step(1'000'000'000).value().value();
        return std::pair(seconds_since(begin), extent);
    };
    double without = 0;
    double with = 0;
    MergeExtent extent;
    for ([[maybe_unused]] auto unused : state) {
        without += merge({}).first;
        const auto [seconds, done] = merge(store.path() + "/rolled-up");
        with += seconds;
        extent = done;
        state.SetIterationTime(seconds);
    }
    const auto results =
        static_cast<double>(extent.merged.samples) * static_cast<double>(state.iterations());
    state.counters["ns_per_result"] = with * 1e9 / results;
    state.counters["ns_without"] = without * 1e9 / results;
    state.counters["ratio"] = with / without;
    state.counters["bytes_per_row"] =
        static_cast<double>(extent.roll_up->bytes) / static_cast<double>(extent.roll_up->samples);
}

BENCHMARK(merge_with_roll_up)->Unit(benchmark::kMillisecond)->UseManualTime()->Arg(10)->Arg(60);

/// A day of 1,000 probes, a result of `values` values each `interval`, in blocks of a minute: what is left of it in each kind,
/// and the processor's time for merging it three times over, with all roll-ups.
void day(benchmark::State& state) {
    const std::int64_t interval_ms = state.range(0) * 1'000;
    constexpr std::uint32_t probes = 250;
    const auto slots = static_cast<std::uint32_t>(state.range(0) / 10);
    const auto values = static_cast<std::uint32_t>(state.range(1));
    std::clock_t merging = 0;
    HistoryStats stats;
    for ([[maybe_unused]] auto unused : state) {
        Load load(probes, interval_ms, slots, values);
        Store store("day", probes, {});
        for (std::uint32_t minute = 0; minute < 24 * 60; ++minute) {
            for (std::uint32_t slot = 0; slot < 6; ++slot) {
                check(store->fold(store.entry_of(load)));
            }
            check(store->seal());
            const std::clock_t begin = std::clock();
            while (store->merge_if_due().value()) {
            }
            merging += std::clock() - begin;
        }
        stats = store->stats();
    }
    constexpr ByKind<const char*> names{"raw", "five_minutes", "hourly"};
    for (const HistoryKind kind : history_kinds) {
        const BlockTotals& totals = stats.kinds[number(kind)];
        const std::string name = names[number(kind)];
        state.counters[name + "_B_series_day"] =
            static_cast<double>(totals.bytes) / (agents * probes);
        state.counters[name + "_B_sample"] =
            static_cast<double>(totals.bytes) / static_cast<double>(totals.samples);
    }
    state.counters["merge_ns_per_result"] = static_cast<double>(merging) * 1e9 /
                                            static_cast<double>(CLOCKS_PER_SEC) /
                                            static_cast<double>(stats.block_samples);
}

BENCHMARK(day)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Args({10, 1})
    ->Args({60, 1})
    ->Args({60, 3})
    ->Args({300, 1})
    ->Args({300, 3});

/// One probe of 400 with a result each five minutes, a year in steps of a day: hours, then five minutes, then results.
void ask_year(benchmark::State& state) {
    constexpr std::uint32_t probes = 100;
    constexpr std::int64_t interval_ms = 300'000;
    constexpr std::int64_t hour_ms = 3'600'000;
    constexpr std::int64_t year_ms = 365 * 24 * hour_ms;
    Load load(probes, interval_ms, 1);
    HistoryOptions options;
    options.fan_in = {2, 6};  // 2 h → 4 h → 1 day
    Store store("year", probes, options);
    for (std::int64_t at = 0; at < year_ms; at += interval_ms) {
        store.clock(start_ms + at);
        check(store->fold(store.entry_of(load)));
        if (at % (2 * hour_ms) == 0) {
            check(store->seal());
            while (store->merge_if_due().value()) {
            }
        }
    }
    std::uint32_t asked = 0;
    std::size_t points = 0;
    for ([[maybe_unused]] auto unused : state) {
        const HistoryQuery query{
            .probe = probe_of(asked % agents, asked * 79 % probes),
            .from = wall_from_ns(start_ms * ns_a_ms),
            .to = wall_from_ns((start_ms + year_ms) * ns_a_ms),
            .step = std::chrono::hours(24),
        };
        ++asked;
        points = store->query(query).value().points.size();
    }
    const HistoryStats stats = store->stats();
    state.counters["points"] = static_cast<double>(points);
    for (const HistoryKind kind : history_kinds) {
        state.counters[std::string(to_string(kind)) + "_blocks"] =
            static_cast<double>(stats.kinds[number(kind)].blocks);
    }
}

BENCHMARK(ask_year)->Unit(benchmark::kMillisecond);

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
