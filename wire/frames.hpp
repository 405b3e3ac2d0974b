// Owns: a frame as bytes, and records inside frames. Leaves to connection.cpp: the socket they travel on.
#pragma once

#include "base/result.hpp"
#include "wire/link.pb.h"
#include "wire/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::wire {

/// What stands before every message, little-endian: length u32 | raw_size u32.
struct FrameHeader {
    std::uint32_t length = 0;    ///< of the serialised message
    std::uint32_t raw_size = 0;  ///< sum of the records' raw_size for a Batch; else equal to length
};

inline constexpr std::size_t frame_header_bytes = 8;
/// An agent counts each as 64 bytes at least (framed_bytes), so it sends no more; unpacked, a million of two bytes would fill memory.
inline constexpr std::size_t max_frame_records = max_frame_bytes / 64;
/// A record with a larger payload has no place in a frame.
inline constexpr std::size_t max_record_payload = max_frame_bytes - 4096;

/// Appends header and message. `full`, and nothing is appended, when the message is beyond max_frame_bytes or 8 MiB raw.
Status append_frame(const proto::Frame& frame, std::string& out);
/// Checks the header before anything is allocated: `corrupt` for a length of 0 or beyond `most`, or a raw_size beyond 8 MiB.
Result<FrameHeader> read_frame_header(std::string_view header, std::uint32_t most);
/// The message of `header.length` bytes. `corrupt` when it does not parse, its records disagree with the header, or are more
/// than max_frame_records.
Result<proto::Frame> parse_frame(const FrameHeader& header, std::string_view message);

/// Moves the payload.
proto::Record to_proto(Record record);
/// `corrupt` where kind or class do not fit a byte or raw_size is beyond 8 MiB. Kinds of a newer agent pass: what cannot be
/// understood is for the reader to set aside, not for the link to refuse. The payload is moved, not opened.
Result<Record> from_proto(proto::Record&& record);

}  // namespace muster::wire
