// Owns: the bytes of a spool segment: a head, then one record after another, each with its own checksums; finding again what can
// be read in bytes that a disk has spoilt. Leaves to spool.hpp: files, sequence numbers, what is kept.
//
//   segment   "MUSP" | u32 version | spool id (16) | u64 begins_at | u64 duplicates_before | u64 first seq |
//             u64 results in the stream before it | u32 CRC
//   record    u32 payload length | u32 CRC of the rest of the head and the length | u32 CRC of the payload | u64 seq |
//             u64 results in the stream before it | u32 span | u32 count | u32 raw size | i64 wall ns | i64 mono ns |
//             u8 kind | u8 class | payload
//
// All little-endian, CRC-32C. The checksums begin with a seed made of the name of the spool's folder, so that bytes that only look
// like a record (in a payload, left on the disk by another spool) are none.
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "wire/link_client.hpp"
#include "wire/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

inline constexpr std::size_t segment_head_bytes = 68;
/// Of a record: everything before the payload.
inline constexpr std::size_t record_head_bytes = 58;

/// What the checksums of a spool's bytes begin with.
std::uint32_t checksum_seed(SpoolId folder);

struct SegmentHead {
    SpoolId spool;                        ///< the stream's name when the segment was begun
    std::uint64_t begins_at = 1;          ///< the first seq under this name
    std::uint64_t results_at_begin = 0;   ///< results before it
    std::uint64_t duplicates_before = 0;  ///< records below may have been sent under another name
    std::uint64_t first_seq = 1;
    std::uint64_t results_before = 0;

    bool operator==(const SegmentHead&) const = default;
};

/// segment_head_bytes bytes.
std::string encode_segment_head(const SegmentHead& head, std::uint32_t seed);
/// `corrupt` when it is cut or damaged; `invalid` when another version has written it.
Result<SegmentHead> decode_segment_head(std::string_view bytes, std::uint32_t seed);

/// What stands before a payload.
struct RecordHead {
    std::uint32_t payload_bytes = 0;
    std::uint32_t payload_crc = 0;
    std::uint64_t seq = 0;
    std::uint64_t results_before = 0;  ///< in the stream: a hole is counted by its two edges
    std::uint32_t span = 1;
    std::uint32_t count = 0;
    std::uint32_t raw_size = 0;
    std::int64_t wall_ns = 0;
    std::int64_t mono_ns = 0;
    wire::RecordKind kind = wire::RecordKind::results;
    wire::DropClass drop_class = wire::DropClass::results;

    std::uint64_t end_seq() const { return seq + span; }

    std::uint64_t end_results() const { return results_before + count; }

    std::size_t stored_bytes() const { return record_head_bytes + payload_bytes; }
};

/// What a record takes on disk.
inline std::size_t stored_bytes(const wire::Record& record) {
    return record_head_bytes + record.payload.size();
}

/// record_head_bytes bytes; the record on disk is this and then record.payload.
std::string encode_record_head(
    std::uint64_t seq, std::uint64_t results_before, const wire::Record& record, std::uint32_t seed
);
/// Nothing where the bytes are no head: cut, damaged or absurd.
std::optional<RecordHead> decode_record_head(std::string_view bytes, std::uint32_t seed);

/// The record at the beginning of `bytes`, whole. `corrupt` when it is cut, damaged or absurd.
Result<wire::SequencedRecord> decode_record(std::string_view bytes, std::uint32_t seed);

struct FoundRecord {
    RecordHead head;
    std::uint32_t offset = 0;
    bool is_whole = true;  ///< false: only the head can be believed
};

struct SegmentScan {
    /// What stands behind the last record found.
    enum class Tail {
        clean,   ///< nothing
        torn,    ///< the beginning of a record: it was being written
        damaged  ///< what never was the beginning of one
    };

    std::optional<SegmentHead> head;
    bool is_of_other_version = false;
    /// Rising in seq and in results; a hole between two neighbours is lost.
    std::vector<FoundRecord> records;
    std::uint64_t good_bytes = 0;  ///< up to the end of the last record
    Tail tail = Tail::clean;
};

/// Reads a whole segment whose records begin at `first_seq` or later. Where a record is damaged, the next one that can be
/// believed is searched in the rest: only what is damaged is lost.
SegmentScan scan_segment(std::string_view bytes, std::uint32_t seed, std::uint64_t first_seq);

}  // namespace muster::agent
