// Owns: the bytes of a spool segment: one record after another, each with its own checksum.
// Leaves to spool.hpp: files, sequence numbers, what is kept.
//
//   u32 length of the rest | u32 CRC-32C over the rest | u64 seq | u8 kind | u8 class |
//   i64 wall ns | i64 mono ns | u32 count | u32 raw size | payload          (all little-endian)
#pragma once

#include "base/result.hpp"
#include "wire/link_client.hpp"
#include "wire/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

/// Length, checksum and fields before the payload.
inline constexpr std::size_t record_head_bytes = 8 + 34;
/// Where a record is in its segment; `lost` marks one whose bytes were damaged.
inline constexpr std::uint32_t lost_offset = 0xffffffff;

struct RecordPlace {
    std::uint32_t offset = lost_offset;
    std::uint32_t count = 0;  ///< results inside; 0 where it is lost
};

/// Everything before the payload: record_head_bytes bytes. The record on disk is this and then
/// record.payload.
std::string encode_record_head(std::uint64_t seq, const wire::Record& record);

/// The record at the beginning of `bytes`; `used` becomes its whole length. `corrupt` when it is
/// cut, damaged or absurd.
Result<wire::SequencedRecord> decode_record(std::string_view bytes, std::size_t& used);

/// A record in place of one that is lost: it holds nothing, and keeps the sequence without a hole.
wire::SequencedRecord lost_record(std::uint64_t seq);

struct SegmentScan {
    std::vector<RecordPlace>
        places;  ///< of first_seq, first_seq + 1, …; those with lost_offset are damaged
    std::uint64_t good_bytes = 0;  ///< up to the end of the last good record
    bool clean = true;             ///< no bytes behind good_bytes, nothing lost
    std::int64_t first_wall_ns = 0;
};

/// Reads a whole segment whose first record must have `first_seq`. A damaged record whose length
/// still leads to its successor is lost alone; otherwise the scan ends there.
SegmentScan scan_segment(std::string_view bytes, std::uint64_t first_seq);

}  // namespace muster::agent
