// Owns: one spool record: what the agent stores, sends and the collector journals, byte for byte.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace muster::wire {

enum class RecordKind : std::uint8_t { results = 1, observations = 2, gap = 3 };
/// What is dropped first when the spool is full: the highest class.
enum class DropClass : std::uint8_t { state = 0, results = 1, samples = 2 };

/// A record without its sequence number. The payload is compressed once, on the agent, and never again.
struct Record {
    RecordKind kind = RecordKind::results;
    DropClass drop_class = DropClass::results;
    std::uint32_t count = 0;  ///< results inside
    WallTime wall;            ///< base of the times inside
    MonoTime mono;
    std::uint32_t raw_size =
        0;  ///< payload before zstd; equal to payload.size() where it is stored plain
    std::string payload;
    std::uint32_t span = 1;           ///< sequence numbers it stands for; more than 1 only for gaps
    bool possible_duplicate = false;  ///< may have been stored before, under another spool
};

inline constexpr std::uint32_t max_raw_bytes = 8u << 20;
inline constexpr std::uint32_t max_frame_bytes = 1u << 20;
inline constexpr std::uint32_t max_frame_bytes_before_hello = 64u << 10;

/// What a record takes in a frame, at most.
inline std::size_t framed_bytes(const Record& record) {
    constexpr std::size_t most_beside_payload = 64;
    return record.payload.size() + most_beside_payload;
}

/// Compresses `raw` (level 1) where that makes it smaller; payloads under 256 bytes stay plain.
Record make_record(
    RecordKind kind,
    DropClass drop_class,
    std::uint32_t count,
    WallTime wall,
    MonoTime mono,
    std::string raw
);
/// The raw payload, at most max_raw_bytes; `out`'s memory is reused.
Status open_payload(const Record& record, std::string& out);

}  // namespace muster::wire
