// Owns: a batch of probe results as columns, and their codec. Leaves to record.hpp: the record around them.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

/// The state of one result. The number is what is sent.
enum class ResultState : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

std::string_view to_string(ResultState state);

/// "Not measured this time", in a value column.
inline constexpr std::int64_t absent_value = std::numeric_limits<std::int64_t>::min();

/// What was expected and seen, for one result of the batch; only where the state changed, or its reason.
struct ResultNote {
    std::uint32_t index = 0;
    std::string reason;
    std::string expected;
    std::string seen;
};

/// `results` consecutive results carry `values` values each.
struct ValueRun {
    std::uint32_t results = 0;
    std::uint32_t values = 0;
};

/// One flush interval of one agent. All of probe, time_ms and state have one element a result, sorted by (probe, time).
struct ResultBatch {
    std::uint32_t epoch = 0;
    std::uint64_t boot = 0;
    std::vector<std::uint32_t> probe;  ///< dense id in the epoch
    std::vector<std::int32_t>
        time_ms;  ///< start of the probe, offset from the record's wall and mono time
    std::vector<std::uint8_t> state;  ///< ResultState
    std::vector<ValueRun> value_runs;
    std::vector<std::int64_t> values;  ///< flattened by value_runs
    std::vector<ResultNote> notes;     ///< by rising index

    std::size_t size() const { return probe.size(); }

    /// Empties the columns, keeps their memory.
    void clear();
};

/// Bounds checked while decoding; beyond them the payload is `corrupt`.
struct ResultLimits {
    std::uint32_t results = 100'000;
    std::uint32_t values_per_result = 64;
    std::uint32_t notes = 100'000;
    std::uint32_t text_bytes = 1024;
};

/// The payload (a serialised proto::ResultColumns, uncompressed). The batch is sorted and consistent: that is the caller's promise.
std::string encode_results(const ResultBatch& batch);

/// Reads hostile bytes into `out` (its memory is reused). `corrupt` when columns disagree in length, are not sorted,
/// a state is unknown, a note points outside or a limit is passed. A few ns a result.
Status decode_results(std::string_view payload, ResultBatch& out, const ResultLimits& limits = {});

}  // namespace muster::wire
