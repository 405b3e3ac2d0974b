// Owns: what reading and writing a batch of results costs. Figures are per batch of 25,000 results; `ns/result` is the counter.
#include "base/random.hpp"
#include "wire/record.hpp"
#include "wire/results.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace muster;
using namespace muster::wire;

constexpr std::size_t results = 25'000;

/// One flush of an agent with 250,000 probes: every tenth probe, starts spread over a second, delays of 0.2 to 20 ms.
ResultBatch flush_of(std::uint32_t values_each, std::size_t count = results) {
    SeededRandom random(7);
    ResultBatch batch;
    batch.epoch = 3;
    batch.boot = random.next_u64();
    std::uint32_t probe = 0;
    for (std::size_t i = 0; i < count; ++i) {
        probe += static_cast<std::uint32_t>(1 + random.below(19));
        batch.probe.push_back(probe);
        batch.time_ms.push_back(static_cast<std::int32_t>(random.below(1000)));
        batch.state.push_back(random.below(10'000) == 0 ? 2 : 0);
        for (std::uint32_t v = 0; v < values_each; ++v) {
            batch.values.push_back(static_cast<std::int64_t>(200 + random.below(20'000)));
        }
    }
    batch.value_runs = {{static_cast<std::uint32_t>(count), values_each}};
    return batch;
}

void per_result(benchmark::State& state) {
    const double done = static_cast<double>(state.iterations()) * static_cast<double>(results);
    state.counters["ns/result"] =
        benchmark::Counter(done / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void decode(benchmark::State& state) {
    const std::string payload =
        encode_results(flush_of(static_cast<std::uint32_t>(state.range(0))));
    ResultBatch out;
    for (auto _ : state) {
        benchmark::DoNotOptimize(decode_results(payload, out));
    }
    per_result(state);
    state.counters["bytes/result"] =
        static_cast<double>(payload.size()) / static_cast<double>(results);
}

void encode(benchmark::State& state) {
    const ResultBatch batch = flush_of(static_cast<std::uint32_t>(state.range(0)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode_results(batch));
    }
    per_result(state);
}

Record record_of(const std::string& payload) {
    return make_record(
        RecordKind::results, DropClass::results, results, WallTime{}, MonoTime{}, payload
    );
}

void compress(benchmark::State& state) {
    const std::string payload =
        encode_results(flush_of(static_cast<std::uint32_t>(state.range(0))));
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = record_of(payload).payload.size();
    }
    per_result(state);
    state.counters["bytes/result"] = static_cast<double>(bytes) / static_cast<double>(results);
}

/// What the journal keeps of a batch of few results, the ids and times around it not counted.
void small(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const std::string payload =
        encode_results(flush_of(static_cast<std::uint32_t>(state.range(1)), count));
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = record_of(payload).payload.size();
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}

void decompress(benchmark::State& state) {
    const Record record =
        record_of(encode_results(flush_of(static_cast<std::uint32_t>(state.range(0)))));
    std::string out;
    for (auto _ : state) {
        benchmark::DoNotOptimize(open_payload(record, out));
    }
    per_result(state);
}

}  // namespace

BENCHMARK(decode)->Arg(0)->Arg(1)->Arg(5);
BENCHMARK(encode)->Arg(0)->Arg(1)->Arg(5);
BENCHMARK(compress)->Arg(1);
BENCHMARK(decompress)->Arg(1);
BENCHMARK(small)->ArgsProduct({{1, 10, 100, 1000}, {1, 4}});
