// Owns: journal entries as the tests of history need them, and the samples that must come out.
#pragma once

#include "base/uuid.hpp"
#include "collector/journal/entries.pb.h"
#include "collector/journal/entry.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector::test {

inline constexpr std::int64_t ns_a_ms = 1'000'000;
/// 2026-03-01T00:00:00Z
inline constexpr std::int64_t day_ms = 1'772'323'200'000;

inline WallTime at_ms(std::int64_t ms) {
    return wall_from_ns(ms * ns_a_ms);
}

inline ProbeId probe_named(const std::string& name) {
    return ProbeId{Uuid::named(name)};
}

inline AgentId agent_named(const std::string& name) {
    return AgentId{Uuid::named(name)};
}

/// One result to be put into a batch.
struct Given {
    std::uint32_t dense = 0;
    std::int64_t time_ms = 0;
    std::vector<std::int64_t> values;
    wire::ResultState state = wire::ResultState::ok;
};

/// Sorted by (dense, time), as agents send it.
inline DecodedBatch batch_of(
    AgentId agent, std::uint32_t epoch, std::int64_t base_ms, const std::vector<Given>& results
) {
    DecodedBatch batch;
    batch.agent = agent;
    batch.wall = at_ms(base_ms);
    batch.results.epoch = epoch;
    for (const Given& one : results) {
        batch.results.probe.push_back(one.dense);
        batch.results.time_ms.push_back(static_cast<std::int32_t>(one.time_ms - base_ms));
        batch.results.state.push_back(static_cast<std::uint8_t>(one.state));
        batch.results.values.insert(
            batch.results.values.end(), one.values.begin(), one.values.end()
        );
        const auto width = static_cast<std::uint32_t>(one.values.size());
        if (batch.results.value_runs.empty() || batch.results.value_runs.back().values != width) {
            batch.results.value_runs.push_back({.results = 0, .values = width});
        }
        ++batch.results.value_runs.back().results;
    }
    return batch;
}

/// Gives entries their LSNs and a journal time that grows by a second each.
class EntryLine {
  public:
    Entry issued(AgentId agent, std::uint32_t epoch, const std::vector<ProbeId>& probes) {
        proto::AssignmentIssued body;
        body.set_agent_id(std::string(agent.raw()));
        body.set_epoch(epoch);
        for (const ProbeId& probe : probes) {
            body.add_probe_ids(std::string(probe.raw()));
        }
        Entry entry = next(EntryKind::assignment_issued);
        entry.body = body.SerializeAsString();
        return entry;
    }

    Entry batches(std::vector<DecodedBatch> batches) {
        Entry entry = next(EntryKind::batch);
        entry.batches = std::make_shared<const std::vector<DecodedBatch>>(std::move(batches));
        return entry;
    }

    Entry batch(AgentId agent, std::uint32_t epoch, const std::vector<Given>& results) {
        return batches({batch_of(agent, epoch, results.front().time_ms, results)});
    }

    Entry tick() { return next(EntryKind::tick); }

    /// The collector's clock at the entries to come; so much time passes.
    void clock(std::int64_t wall_ms) {
        passed_ += std::max(at_ms(wall_ms) - wall_, Duration{});
        wall_ = at_ms(wall_ms);
    }

    /// Somebody sets it.
    void set_clock(std::int64_t wall_ms) { wall_ = at_ms(wall_ms); }

    /// Of the next entry.
    Lsn lsn() const { return lsn_; }

  private:
    Entry next(EntryKind kind) {
        Entry entry;
        entry.lsn = lsn_++;
        entry.kind = kind;
        entry.elapsed =
            elapsed_from_ns(static_cast<std::int64_t>(entry.lsn) * 1000 * ns_a_ms) + passed_;
        entry.wall = wall_;
        return entry;
    }

    Lsn lsn_ = 1;
    WallTime wall_{};
    Duration passed_{};
};

}  // namespace muster::collector::test
