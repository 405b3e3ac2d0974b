// Owns: cutting a stream of bytes into frames, in place. Leaves to connection.cpp: where the bytes come from.
#pragma once

#include "base/result.hpp"
#include "wire/link.pb.h"
#include "wire/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace muster::wire {

/// Read into `space()`, say how much with `add()`, take frames with `next()` until there is none, and again.
/// Memory: one frame of the accepted size, and never before its header was checked.
class FrameReader {
  public:
    explicit FrameReader(std::uint32_t most_frame_bytes);

    /// Holds for every frame whose header comes after this.
    void accept_up_to(std::uint32_t most_frame_bytes) { most_frame_bytes_ = most_frame_bytes; }

    /// Never empty. Invalidated by the next call.
    std::span<char> space();
    /// `count` bytes were put into the space.
    void add(std::size_t count);

    struct Taken {
        proto::Frame frame;
        std::size_t bytes;  ///< on the wire
    };

    /// A complete frame; nothing when more bytes are needed; `corrupt` when a rule is broken: then nothing after it counts.
    Result<std::optional<Taken>> next();

  private:
    std::string buffer_;
    std::size_t begin_ = 0;  // buffer_[begin_, end_) is not yet parsed
    std::size_t end_ = 0;
    std::uint32_t most_frame_bytes_;
};

}  // namespace muster::wire
