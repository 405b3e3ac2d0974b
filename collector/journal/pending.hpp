// Owns: what waits to be appended to the journal, and what an append answers. Leaves to journal.hpp: appending.
#pragma once

#include "collector/journal/entries.pb.h"
#include "collector/journal/entry.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// Spools of one agent that are remembered: those used last. An agent has eight at most, and each comes back for as long as it
/// keeps its results; one that names new ones all the time loses only its own.
inline constexpr std::size_t cursors_kept = 64;

/// Records `first_seq … last_seq` of one spool become stored, provided that `first_seq − 1` was the last before.
struct CursorUpdate {
    AgentId agent;
    SpoolId spool;
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    std::uint64_t fingerprint = 0;  ///< of the last record
    std::uint64_t results = 0;      ///< in these records, as the agent counts them
    bool begins =
        false;  ///< first_seq is where the spool begins; `results` then counts those before as well
};

/// How far a spool is stored.
struct AgentCursor {
    AgentId agent;
    SpoolId spool;
    std::uint64_t committed_seq = 0;
    std::uint64_t fingerprint = 0;  ///< of the record it ends with; 0: unknown
    std::uint64_t results = 0;      ///< up to there, those in gaps included
    Lsn used = 0;                   ///< the entry that moved it last; 0: unknown

    bool operator==(const AgentCursor&) const = default;
};

/// A record that cannot be taken: kept for inspection in the same transaction, so that the cursor may go on.
struct QuarantinedRecord {
    AgentId agent;
    SpoolId spool;
    std::uint64_t seq = 0;
    std::string why;
    std::string payload;
};

/// What a segment keeps of records that were set aside: the newest that fit all of these.
struct QuarantineBounds {
    std::uint64_t rows = 1000;
    std::uint64_t bytes = 64ULL << 20U;  ///< of payload
    std::uint64_t agent_rows = 100;      ///< of one agent: it cannot push out what others left
    std::uint64_t agent_bytes = 4ULL << 20U;
};

/// The records of one group commit. `entry.items` and `decoded` have the same order; both leave out what is quarantined.
struct BatchGroup {
    proto::BatchEntry entry;
    std::vector<DecodedBatch> decoded;
    std::vector<CursorUpdate> cursors;  ///< at most one a spool
    std::vector<QuarantinedRecord> quarantined;
};

/// One entry to be. For `batch` the body is made of `batch`; all others carry it serialised.
struct Pending {
    EntryKind kind = EntryKind::tick;
    std::string body;
    BatchGroup batch;
    std::string config_hash;  ///< config.loaded: remembered beside the entry
};

/// What one durable append did.
struct Appended {
    std::vector<Entry> entries;  ///< as stored, for the folds; `batch` without body
    std::vector<Lsn> lsns;       ///< one a Pending; 0 where nothing was left to store
    std::vector<AgentCursor>
        rejected;  ///< updates that did not fit, with where those spools really stand
    std::vector<std::size_t> rejected_in;  ///< beside `rejected`: the Pending it was part of
};

/// Reads the unpacked payload of a record into `out`: results or observations. `invalid` for kinds that are not
/// understood, `corrupt` beyond the bounds of its codec.
Status decode_payload(wire::RecordKind kind, std::string_view raw, DecodedBatch& out);

/// Takes the times of `batch`, the known ones of a gap too, from the calendar of its agent to ours, which that was `ahead` of.
void correct_times(DecodedBatch& batch, Duration ahead);

/// Bytes held in memory, roughly.
std::size_t memory_bytes(const DecodedBatch& batch);
std::size_t memory_bytes(const Entry& entry);

/// The items of a stored `batch` body, decoded. `corrupt` names the first item that cannot be read.
Result<std::vector<DecodedBatch>> decode_batch_body(std::string_view body);

}  // namespace muster::collector
