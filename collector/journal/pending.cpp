#include "collector/journal/pending.hpp"

#include "wire/observations.hpp"
#include "wire/results.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// No machine has more; deciding what belongs together costs more than their number.
const wire::ObservationLimits limits{.items = 5'000};

Result<DecodedBatch> decode_item(proto::BatchEntry::Item& item, std::string& raw) {
    auto agent = Uuid::from_bytes(item.agent_id());
    auto spool = Uuid::from_bytes(item.spool_id());
    if (!agent || !spool) {
        return failure(ErrorKind::corrupt, "an id is not 16 bytes long");
    }
    wire::Record record;
    record.kind = static_cast<wire::RecordKind>(item.kind());
    record.count = item.count();
    record.raw_size = item.raw_size();
    record.payload = std::move(*item.mutable_payload());
    if (auto opened = wire::open_payload(record, raw); !opened) {
        return failure(opened.error());
    }
    DecodedBatch decoded{
        .agent = AgentId(*agent),
        .spool = SpoolId(*spool),
        .seq = item.seq(),
        .wall = wall_from_ns(item.wall_ns()),
        .mono = mono_from_ns(item.mono_ns()),
        .results = {},
        .lost = item.kind() == static_cast<std::uint32_t>(wire::RecordKind::gap) ? item.count() : 0,
        .span = std::max(1U, item.span()),
        .possible_duplicate = item.possible_duplicate()
    };
    if (auto done = decode_payload(record.kind, raw, decoded); !done) {
        return failure(done.error());
    }
    correct_times(decoded, Duration(item.ahead_ns()));
    return decoded;
}

}  // namespace

Status decode_payload(wire::RecordKind kind, std::string_view raw, DecodedBatch& out) {
    switch (kind) {
        case wire::RecordKind::results:
            return wire::decode_results(raw, out.results);
        case wire::RecordKind::observations: {
            auto seen = wire::decode_observations(raw, limits);
            if (!seen) {
                return failure(seen.error());
            }
            out.observations = std::make_shared<const wire::Observations>(std::move(*seen));
            return {};
        }
        case wire::RecordKind::gap: {
            auto gap = wire::decode_gap(raw);
            if (!gap) {
                return failure(gap.error());
            }
            out.gap = *gap;
            return {};
        }
    }
    return failure(
        ErrorKind::invalid,
        "records of kind " + std::to_string(static_cast<int>(kind)) + " are not understood"
    );
}

void correct_times(DecodedBatch& batch, Duration ahead) {
    batch.wall -= ahead;
    if (!batch.gap) {
        return;
    }
    for (WallTime* time : {&batch.gap->from, &batch.gap->to}) {
        if (*time != WallTime{}) {
            *time -= ahead;
        }
    }
}

std::size_t memory_bytes(const DecodedBatch& batch) {
    const wire::ResultBatch& results = batch.results;
    const std::size_t seen = batch.observations ? wire::memory_bytes(*batch.observations) : 0;
    return sizeof(DecodedBatch) + seen +
           results.probe.size() *
               (sizeof(std::uint32_t) + sizeof(std::int32_t) + sizeof(std::uint8_t)) +
           results.values.size() * sizeof(std::int64_t) +
           results.value_runs.size() * sizeof(wire::ValueRun) +
           results.notes.size() * sizeof(wire::ResultNote);
}

std::size_t memory_bytes(const Entry& entry) {
    std::size_t bytes = sizeof(Entry) + entry.body.size();
    if (entry.batches) {
        for (const DecodedBatch& batch : *entry.batches) {
            bytes += memory_bytes(batch);
        }
    }
    return bytes;
}

Result<std::vector<DecodedBatch>> decode_batch_body(std::string_view body) {
    proto::BatchEntry stored;
    if (!stored.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return failure(ErrorKind::corrupt, "not a batch entry");
    }
    std::vector<DecodedBatch> decoded;
    decoded.reserve(static_cast<std::size_t>(stored.items_size()));
    std::string raw;
    for (auto& item : *stored.mutable_items()) {
        auto one = decode_item(item, raw);
        if (!one) {
            return failure(one.error(), "item " + std::to_string(decoded.size() + 1));
        }
        decoded.push_back(std::move(*one));
    }
    return decoded;
}

}  // namespace muster::collector
