// Owns: entries and records that tests of the journal append.
#pragma once

#include "collector/journal/journal.hpp"
#include "wire/results.hpp"

#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

inline AgentId agent_named(const std::string& name) {
    return AgentId(Uuid::named("agent " + name));
}

inline SpoolId spool_named(const std::string& name) {
    return SpoolId(Uuid::named("spool " + name));
}

inline wire::ResultBatch some_results(std::uint32_t probes, std::uint32_t epoch = 1) {
    wire::ResultBatch batch;
    batch.epoch = epoch;
    batch.boot = 7;
    for (std::uint32_t probe = 0; probe < probes; ++probe) {
        batch.probe.push_back(probe);
        batch.time_ms.push_back(static_cast<std::int32_t>(probe));
        batch.state.push_back(0);
        batch.values.push_back(1000 + probe);
    }
    batch.value_runs.push_back({.results = probes, .values = 1});
    return batch;
}

inline wire::Record some_record(std::uint32_t probes, std::uint32_t epoch = 1) {
    return wire::make_record(
        wire::RecordKind::results,
        wire::DropClass::results,
        probes,
        wall_from_ns(1'700'000'000'000'000'000),
        mono_from_ns(5'000'000'000),
        wire::encode_results(some_results(probes, epoch))
    );
}

/// What the agent has seen of its machine: a host and an interface.
inline wire::Observations some_observations(AgentId agent) {
    wire::Observations seen;
    seen.run = "1";
    seen.full = true;
    seen.items.push_back(
        {.object = "host",
         .ci_class = "server",
         .keys = {{"agent", "machine_key", agent.text()}},
         .attributes = {{"name", "web1"}, {"memory_bytes", "8589934592"}},
         .observed = wall_from_ns(1'700'000'000'000'000'000)}
    );
    seen.items.push_back(
        {.object = "interface/eth0",
         .ci_class = "interface",
         .keys = {},
         .attributes = {{"name", "eth0"}},
         .observed = wall_from_ns(1'700'000'000'000'000'000)}
    );
    seen.relations.push_back({.from = 0, .to = 1, .type = "contains"});
    seen.lacking = {"serial: permission denied"};
    return seen;
}

inline wire::Record record_of(const wire::Observations& seen) {
    return wire::make_record(
        wire::RecordKind::observations,
        wire::DropClass::state,
        static_cast<std::uint32_t>(seen.items.size()),
        wall_from_ns(1'700'000'000'000'000'000),
        mono_from_ns(5'000'000'000),
        wire::encode_observations(seen)
    );
}

inline Pending some_entry(EntryKind kind, std::string body) {
    Pending pending;
    pending.kind = kind;
    pending.body = std::move(body);
    return pending;
}

/// Records first … last of one spool, three results each.
inline Pending some_batch(AgentId agent, SpoolId spool, std::uint64_t first, std::uint64_t last) {
    Pending pending;
    pending.kind = EntryKind::batch;
    pending.batch.cursors.push_back(
        {.agent = agent, .spool = spool, .first_seq = first, .last_seq = last}
    );
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        wire::Record record = some_record(3);
        auto& item = *pending.batch.entry.add_items();
        item.set_agent_id(std::string(agent.raw()));
        item.set_spool_id(std::string(spool.raw()));
        item.set_seq(seq);
        item.set_kind(1);
        item.set_count(3);
        item.set_wall_ns(to_ns(record.wall));
        item.set_mono_ns(to_ns(record.mono));
        item.set_raw_size(record.raw_size);
        item.set_payload(record.payload);
        pending.batch.decoded.push_back(
            {.agent = agent,
             .spool = spool,
             .seq = seq,
             .wall = record.wall,
             .mono = record.mono,
             .results = some_results(3)}
        );
    }
    return pending;
}

template <class... Parts>
std::vector<Pending> together(Parts... parts) {
    std::vector<Pending> all;
    (all.push_back(std::move(parts)), ...);
    return all;
}

inline JournalMoment moment(Duration elapsed) {
    return {.elapsed = Elapsed(elapsed), .wall = wall_from_ns(1'700'000'000'000'000'000) + elapsed};
}

}  // namespace muster::collector
