// Owns: gathering probe results into records: sorted columns, notes where the state or its reason changed, when
// to flush. A value. Leaves to spool.hpp: keeping them; to wire/results.hpp: the encoding.
#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "probes/outcome.hpp"
#include "wire/record.hpp"
#include "wire/results.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::agent {

struct BatcherOptions {
    /// Between records: after a quiet time a result goes at once, later ones wait at most this
    /// long.
    Duration flush = std::chrono::milliseconds(200);
    /// The same where a state changed.
    Duration change_pace = std::chrono::milliseconds(20);
    /// Between notes of one probe that fails all the while, each time for another reason.
    Duration note_pace = std::chrono::seconds(10);
    std::uint32_t most_results = 25'000;  ///< in one record
    std::size_t most_bytes =
        900u << 10;  ///< of an encoded record: it must fit a frame even where it does not compress
};

/// Results in, records out. A record holds results of one epoch only. Text ("what was seen") is
/// kept only where the state of a probe differs from its last one, for a first result that is not ok,
/// and where what is not ok is so for another reason than was said last, digits aside: they are times
/// and counts.
class ResultBatcher {
  public:
    /// `boot_id`: its first 8 bytes mark the boot whose monotonic times the results carry.
    ResultBatcher(BatcherOptions options, std::string_view boot_id);

    /// A new table of probes: `ids[dense]`. What waits is closed under the epoch before; last
    /// states follow the ids.
    void assign(std::uint32_t epoch, std::span<const ProbeId> ids);

    /// One result; `wall` and `mono` say when its run began. `outcome` is consumed.
    void add(std::uint32_t dense, WallTime wall, MonoTime mono, probes::Outcome outcome);

    /// A record that is due at `now`: class `state` where a state changed. Call until it gives
    /// nothing.
    std::optional<wire::Record> take(MonoTime now);
    /// The same, due or not: at the end of the process.
    std::optional<wire::Record> take_all(MonoTime now);
    /// When `take` has something; MonoTime::max() when nothing waits.
    MonoTime next_due() const;

    /// Results ever added.
    std::uint64_t produced() const { return produced_; }

  private:
    struct Pending {
        std::uint32_t dense;
        std::uint8_t state;
        std::uint8_t values;        // how many
        std::uint32_t first_value;  // in values_
        std::uint32_t note;         // 1 + index in notes_, 0: none
        WallTime wall;
        MonoTime mono;
    };

    /// The note of what is not ok that was sent last.
    struct Told {
        std::size_t words = 0;  // a hash
        MonoTime at{};
    };

    bool changes(std::uint32_t dense, wire::ResultState state);
    /// Remembers what is said of a probe that is not ok; true: it was not said before.
    bool is_news(std::uint32_t dense, const probes::Outcome& outcome, MonoTime now, bool differs);
    void close();
    wire::Record encode();

    BatcherOptions options_;
    std::uint64_t boot_;
    std::uint32_t epoch_ = 0;
    std::vector<ProbeId> ids_;
    std::vector<std::uint8_t> last_state_;          // by dense id; no_state before the first result
    std::unordered_map<std::uint32_t, Told> told_;  // by dense id, of those that are not ok

    std::vector<Pending> pending_;
    std::vector<std::int64_t> values_;
    std::vector<wire::ResultNote> notes_;
    std::size_t bytes_ = 0;  // an upper bound of the encoded size
    bool changed_ = false;
    MonoTime last_taken_{};
    std::deque<wire::Record> closed_;
    wire::ResultBatch columns_;  // its memory is reused
    std::uint64_t produced_ = 0;
};

}  // namespace muster::agent
