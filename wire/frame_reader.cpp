#include "wire/frame_reader.hpp"

#include "base/expect.hpp"
#include "wire/frames.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace muster::wire {

namespace {

/// What an idle connection keeps: of thousands, nearly all are idle. A heartbeat fits; a longer frame makes room once its header is there.
constexpr std::size_t least_buffer = 4U << 10;

}  // namespace

FrameReader::FrameReader(std::uint32_t most_frame_bytes)
    : buffer_(least_buffer, '\0'), most_frame_bytes_(most_frame_bytes) {}

std::span<char> FrameReader::space() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    std::size_t wanted = std::max(least_buffer, end_ + 1);
    if (end_ >= frame_header_bytes) {
        const std::string_view header(buffer_.data(), frame_header_bytes);
        if (const auto known = read_frame_header(header, most_frame_bytes_)) {
            wanted = std::max(wanted, frame_header_bytes + known->length);
        }
    }
    const bool is_idle_and_large = end_ == 0 && buffer_.size() > least_buffer;
    if (buffer_.size() < wanted || is_idle_and_large) {
        buffer_.resize(wanted);
        buffer_.shrink_to_fit();
    }
    return {buffer_.data() + end_, buffer_.size() - end_};
}

void FrameReader::add(std::size_t count) {
    expect(count <= buffer_.size() - end_, "no more bytes than there was space for");
    end_ += count;
}

Result<std::optional<FrameReader::Taken>> FrameReader::next() {
    const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
    if (bytes.size() < frame_header_bytes) {
        return std::nullopt;
    }
    const Result<FrameHeader> header = read_frame_header(bytes, most_frame_bytes_);
    if (!header) {
        return failure(header.error());
    }
    const std::size_t whole = frame_header_bytes + header->length;
    if (bytes.size() < whole) {
        return std::nullopt;
    }
    Result<proto::Frame> frame =
        parse_frame(*header, bytes.substr(frame_header_bytes, header->length));
    if (!frame) {
        return failure(frame.error());
    }
    begin_ += whole;
    return Taken{std::move(*frame), whole};
}

}  // namespace muster::wire
