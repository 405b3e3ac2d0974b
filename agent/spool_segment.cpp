#include "agent/spool_segment.hpp"

#include "base/bytes.hpp"

#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t rest_before_payload = record_head_bytes - 8;

/// A record never grows beyond its raw bound; compressed or not, its payload is no larger.
constexpr std::size_t most_payload = wire::max_raw_bytes;

std::uint64_t unsigned_of(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

std::int64_t signed_of(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// Length of the record at `bytes` by its own word, 0 when that cannot be.
std::size_t claimed_length(std::string_view bytes) {
    if (bytes.size() < record_head_bytes) {
        return 0;
    }
    const std::size_t rest = load_u32(bytes.data());
    if (rest < rest_before_payload || rest - rest_before_payload > most_payload) {
        return 0;
    }
    return rest + 8 <= bytes.size() ? rest + 8 : 0;
}

struct Head {
    std::size_t length = 0;  // of the whole record; 0: not a good record
    std::uint64_t seq = 0;
    std::int64_t wall_ns = 0;
    std::uint32_t count = 0;
};

/// Checks the record at the beginning of `bytes` without copying it.
Head check_record(std::string_view bytes) {
    const std::size_t length = claimed_length(bytes);
    if (length == 0 || crc32c(bytes.substr(8, length - 8)) != load_u32(bytes.data() + 4)) {
        return {};
    }
    const char* at = bytes.data();
    return {length, load_u64(at + 8), signed_of(load_u64(at + 18)), load_u32(at + 34)};
}

}  // namespace

std::string encode_record_head(std::uint64_t seq, const wire::Record& record) {
    std::string rest;
    rest.reserve(rest_before_payload);
    put_u64(rest, seq);
    rest.push_back(static_cast<char>(record.kind));
    rest.push_back(static_cast<char>(record.drop_class));
    put_u64(rest, unsigned_of(to_ns(record.wall)));
    put_u64(rest, unsigned_of(to_ns(record.mono)));
    put_u32(rest, record.count);
    put_u32(rest, record.raw_size);
    std::string head;
    head.reserve(record_head_bytes);
    put_u32(head, static_cast<std::uint32_t>(rest.size() + record.payload.size()));
    put_u32(head, crc32c(record.payload, crc32c(rest)));
    head += rest;
    return head;
}

Result<wire::SequencedRecord> decode_record(std::string_view bytes, std::size_t& used) {
    const Head head = check_record(bytes);
    if (head.length == 0) {
        return failure(ErrorKind::corrupt, "a spool record does not match its checksum");
    }
    const char* at = bytes.data();
    wire::SequencedRecord out;
    out.seq = head.seq;
    out.record.kind = static_cast<wire::RecordKind>(at[16]);
    out.record.drop_class = static_cast<wire::DropClass>(at[17]);
    out.record.wall = wall_from_ns(head.wall_ns);
    out.record.mono = mono_from_ns(signed_of(load_u64(at + 26)));
    out.record.count = head.count;
    out.record.raw_size = load_u32(at + 38);
    out.record.payload = bytes.substr(record_head_bytes, head.length - record_head_bytes);
    used = head.length;
    return out;
}

wire::SequencedRecord lost_record(std::uint64_t seq) {
    wire::SequencedRecord out;
    out.seq = seq;
    out.record.kind = wire::RecordKind::gap;
    out.record.drop_class = wire::DropClass::state;
    return out;
}

SegmentScan scan_segment(std::string_view bytes, std::uint64_t first_seq) {
    SegmentScan scan;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::uint64_t expected = first_seq + scan.places.size();
        const Head head = check_record(bytes.substr(at));
        if (head.length != 0 && head.seq == expected) {
            scan.first_wall_ns = scan.places.empty() ? head.wall_ns : scan.first_wall_ns;
            scan.places.push_back({static_cast<std::uint32_t>(at), head.count});
            at += head.length;
            scan.good_bytes = at;
            continue;
        }
        const std::size_t skip = claimed_length(bytes.substr(at));
        if (skip == 0 || check_record(bytes.substr(at + skip)).seq != expected + 1) {
            break;
        }
        scan.places.push_back({lost_offset, 0});
        scan.clean = false;
        at += skip;
    }
    scan.clean = scan.clean && scan.good_bytes == bytes.size();
    return scan;
}

}  // namespace muster::agent
