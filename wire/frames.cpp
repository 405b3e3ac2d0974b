#include "wire/frames.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "wire/bounds.hpp"
#include "wire/varint.hpp"

#include <limits>
#include <utility>

namespace muster::wire {

namespace {

std::uint64_t raw_size_of(const proto::Frame& frame, std::size_t length) {
    if (!frame.has_batch()) {
        return length;
    }
    std::uint64_t sum = 0;
    for (const proto::Record& record : frame.batch().records()) {
        sum += record.raw_size();
    }
    return sum;
}

/// As protobuf does, which does not look at what of the tenth byte is too much.
bool skip_varint(ByteReader& in) {
    constexpr int longest = 10;
    std::string_view byte;
    for (int i = 0; i < longest && in.fixed(1, byte); ++i) {
        if ((static_cast<unsigned char>(byte.front()) & 0x80U) == 0) {
            return true;
        }
    }
    return false;
}

/// Gives `visit` each field `number` that is bytes or a message. What is malformed ends it: the parser will say so. Whatever the
/// parser takes for such a field is given, and perhaps more.
template <class Visit>
void for_each_field(std::string_view bytes, std::uint32_t number, Visit visit) {
    enum WireType : std::uint8_t { varint = 0, fixed64 = 1, sized = 2, fixed32 = 5 };

    ByteReader in(bytes);
    std::uint64_t tag = 0;
    std::string_view body;
    for (bool good = true; good && !in.empty() && in.varint(tag);) {
        switch (tag & 7U) {
            case varint:
                good = skip_varint(in);
                break;
            case fixed64:
                good = in.fixed(sizeof(std::uint64_t), body);
                break;
            case fixed32:
                good = in.fixed(sizeof(std::uint32_t), body);
                break;
            case sized:
                good = in.bytes(body);
                // A parser looks at 32 bits of a tag.
                if (good && static_cast<std::uint32_t>(tag) >> 3U == number) {
                    visit(body);
                }
                break;
            default:
                break;  // where a group begins or ends
        }
    }
}

/// Counted before any of them is unpacked.
std::size_t records_in(std::string_view message) {
    std::size_t count = 0;
    const auto batch = [&count](std::string_view body) {
        for_each_field(body, proto::Batch::kRecordsFieldNumber, [&count](std::string_view) {
            ++count;
        });
    };
    for_each_field(message, proto::Frame::kBatchFieldNumber, batch);
    return count;
}

}  // namespace

Status append_frame(const proto::Frame& frame, std::string& out) {
    const std::size_t length = frame.ByteSizeLong();
    const std::uint64_t raw_size = raw_size_of(frame, length);
    if (length == 0 || length > max_frame_bytes || raw_size > max_raw_bytes) {
        return failure(
            ErrorKind::full,
            "a frame of " + std::to_string(length) + " bytes (" + std::to_string(raw_size) +
                " unpacked) cannot be sent"
        );
    }
    put_u32(out, static_cast<std::uint32_t>(length));
    put_u32(out, static_cast<std::uint32_t>(raw_size));
    const std::size_t begin = out.size();
    out.resize(begin + length);
    // The sizes were cached by ByteSizeLong just above.
    auto* const to = reinterpret_cast<std::uint8_t*>(out.data() + begin);
    frame.SerializeWithCachedSizesToArray(to);
    return {};
}

Result<FrameHeader> read_frame_header(std::string_view header, std::uint32_t most) {
    expect(header.size() >= frame_header_bytes, "a frame header is eight bytes");
    const FrameHeader read{load_u32(header.data()), load_u32(header.data() + 4)};
    if (read.length == 0 || read.length > most) {
        return failure(
            ErrorKind::corrupt,
            "a frame of " + std::to_string(read.length) + " bytes; at most " +
                std::to_string(most) + " are accepted here"
        );
    }
    if (read.raw_size > max_raw_bytes) {
        return failure(
            ErrorKind::corrupt,
            "a frame of " + std::to_string(read.raw_size) + " bytes unpacked; at most " +
                std::to_string(max_raw_bytes) + " are accepted"
        );
    }
    return read;
}

Result<proto::Frame> parse_frame(const FrameHeader& header, std::string_view message) {
    expect(message.size() == header.length, "the whole message");
    if (const std::size_t records = records_in(message); records > max_frame_records) {
        return failure(
            ErrorKind::corrupt,
            "a frame of " + std::to_string(records) + " records; at most " +
                std::to_string(max_frame_records) + " are accepted"
        );
    }
    proto::Frame frame;
    if (!frame.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
        return failure(ErrorKind::corrupt, "a frame does not parse");
    }
    if (raw_size_of(frame, message.size()) != header.raw_size) {
        return failure(ErrorKind::corrupt, "a frame's records disagree with its header in size");
    }
    return frame;
}

proto::Record to_proto(Record record) {
    proto::Record out;
    out.set_kind(static_cast<std::uint32_t>(record.kind));
    out.set_drop_class(static_cast<std::uint32_t>(record.drop_class));
    out.set_count(record.count);
    out.set_wall_ns(to_ns(record.wall));
    out.set_mono_ns(to_ns(record.mono));
    out.set_raw_size(record.raw_size);
    out.set_payload(std::move(record.payload));
    out.set_span(record.span == 1 ? 0 : record.span);
    out.set_possible_duplicate(record.possible_duplicate);
    return out;
}

Result<Record> from_proto(proto::Record&& record) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint8_t>::max();
    if (record.kind() == 0 || record.kind() > most || record.drop_class() > most) {
        return failure(
            ErrorKind::corrupt,
            "a record of impossible kind " + std::to_string(record.kind()) + " or class " +
                std::to_string(record.drop_class())
        );
    }
    if (record.span() > 1 && record.kind() != static_cast<std::uint32_t>(RecordKind::gap)) {
        return failure(ErrorKind::corrupt, "a record that is no gap stands for several");
    }
    if (record.raw_size() > max_raw_bytes) {
        return failure(ErrorKind::corrupt, "a record that unpacks to more than 8 MiB");
    }
    if (auto possible = check_clocks("a record", record.wall_ns(), record.mono_ns()); !possible) {
        return failure(possible.error());
    }
    Record out{
        .kind = static_cast<RecordKind>(record.kind()),
        .drop_class = static_cast<DropClass>(record.drop_class()),
        .count = record.count(),
        .wall = wall_from_ns(record.wall_ns()),
        .mono = mono_from_ns(record.mono_ns()),
        .raw_size = record.raw_size(),
        .payload = {},
        .span = std::max(1U, record.span()),
        .possible_duplicate = record.possible_duplicate()
    };
    out.payload = std::move(*record.mutable_payload());
    return out;
}

}  // namespace muster::wire
