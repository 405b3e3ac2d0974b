#include "agent/spool_segment.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <limits>

namespace muster::agent {

namespace {

constexpr std::string_view magic = "MUSP";
constexpr std::uint32_t version = 2;

/// A record never grows beyond its raw bound; compressed or not, its payload is no larger.
constexpr std::size_t most_payload = wire::max_raw_bytes;

/// Numbers in one segment differ by less, so that they, and a hole behind, are kept in 32 bits.
constexpr std::uint64_t most_distance = std::numeric_limits<std::int32_t>::max();

// Where the fields of a record's head are.
constexpr std::size_t head_crc_at = 4;
constexpr std::size_t payload_crc_at = 8;
constexpr std::size_t seq_at = 12;
constexpr std::size_t kind_at = 56;

std::uint64_t unsigned_of(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

std::int64_t signed_of(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

std::uint32_t head_crc(std::string_view head, std::uint32_t seed) {
    return crc32c(head.substr(payload_crc_at), crc32c(head.substr(0, head_crc_at), seed));
}

/// Numbers that a stream can reach.
constexpr std::uint64_t most_number = std::numeric_limits<std::uint64_t>::max() / 2;

bool is_sane(const RecordHead& head) {
    const auto kind = static_cast<std::uint8_t>(head.kind);
    const bool is_gap = head.kind == wire::RecordKind::gap;
    return head.payload_bytes <= most_payload && head.seq > 0 && head.span > 0 && kind >= 1 &&
           kind <= static_cast<std::uint8_t>(wire::RecordKind::gap) &&
           head.drop_class <= wire::DropClass::samples && (is_gap || head.span == 1) &&
           head.seq <= most_number && head.results_before <= most_number;
}

/// What is expected next while a segment is read.
struct Cursor {
    std::uint64_t first_seq = 0;
    std::uint64_t first_results = 0;
    std::uint64_t seq = 0;
    std::uint64_t results = 0;
    bool knows_results = false;

    /// Whether `head` can stand here or, beyond a hole, later.
    bool can_be(const RecordHead& head) const {
        if (head.seq < seq || head.end_seq() - first_seq > most_distance) {
            return false;
        }
        if (!knows_results) {
            return true;
        }
        return head.results_before >= results &&
               head.end_results() - first_results <= most_distance &&
               (head.seq > seq || head.results_before == results);
    }

    void take(const RecordHead& head) {
        if (!knows_results) {
            first_results = head.results_before;
            knows_results = true;
        }
        seq = head.end_seq();
        results = head.end_results();
    }
};

bool has_payload(const RecordHead& head, std::string_view at) {
    return at.size() >= head.stored_bytes();
}

bool payload_is_good(const RecordHead& head, std::string_view at, std::uint32_t seed) {
    return crc32c(at.substr(record_head_bytes, head.payload_bytes), seed) == head.payload_crc;
}

/// From `from` on, where the next record begins whose head can be believed; bytes.size(): nowhere.
std::size_t find_record(
    std::string_view bytes, std::size_t from, std::uint32_t seed, const Cursor& cursor
) {
    for (std::size_t at = from; at + record_head_bytes <= bytes.size(); ++at) {
        const std::uint64_t seq = load_u64(bytes.data() + at + seq_at);
        // Nearly every wrong place ends here, long before a checksum.
        if (seq < cursor.seq || seq - cursor.first_seq > most_distance) {
            continue;
        }
        const std::string_view rest = bytes.substr(at);
        const auto head = decode_record_head(rest, seed);
        if (head && cursor.can_be(*head) && has_payload(*head, rest)) {
            return at;
        }
    }
    return bytes.size();
}

/// What is left behind the last record: the beginning of one, or no record at all.
SegmentScan::Tail judge_tail(std::string_view rest, std::uint32_t seed) {
    if (rest.empty()) {
        return SegmentScan::Tail::clean;
    }
    const bool is_short =
        rest.size() < record_head_bytes || decode_record_head(rest, seed).has_value();
    return is_short ? SegmentScan::Tail::torn : SegmentScan::Tail::damaged;
}

}  // namespace

std::uint32_t checksum_seed(SpoolId folder) {
    return crc32c(folder.raw());
}

std::string encode_segment_head(const SegmentHead& head, std::uint32_t seed) {
    std::string out(magic);
    out.reserve(segment_head_bytes);
    put_u32(out, version);
    out += head.spool.raw();
    put_u64(out, head.begins_at);
    put_u64(out, head.results_at_begin);
    put_u64(out, head.duplicates_before);
    put_u64(out, head.first_seq);
    put_u64(out, head.results_before);
    put_u32(out, crc32c(out, seed));
    return out;
}

Result<SegmentHead> decode_segment_head(std::string_view bytes, std::uint32_t seed) {
    if (bytes.size() < segment_head_bytes || !bytes.starts_with(magic)) {
        return failure(ErrorKind::corrupt, "a spool segment without a head");
    }
    if (load_u32(bytes.data() + 4) != version) {
        return failure(ErrorKind::invalid, "a spool segment of another version");
    }
    constexpr std::size_t crc_at = segment_head_bytes - 4;
    if (crc32c(bytes.substr(0, crc_at), seed) != load_u32(bytes.data() + crc_at)) {
        return failure(ErrorKind::corrupt, "the head of a spool segment is damaged");
    }
    const auto id = Uuid::from_bytes(bytes.substr(8, 16));
    if (!id) {
        return failure(id.error());
    }
    const char* at = bytes.data() + 24;
    const SegmentHead head{
        .spool = SpoolId(*id),
        .begins_at = load_u64(at),
        .results_at_begin = load_u64(at + 8),
        .duplicates_before = load_u64(at + 16),
        .first_seq = load_u64(at + 24),
        .results_before = load_u64(at + 32),
    };
    if (head.first_seq == 0 || head.begins_at == 0 || head.first_seq > most_number ||
        head.results_before > most_number || head.results_at_begin > most_number) {
        return failure(ErrorKind::corrupt, "the head of a spool segment is absurd");
    }
    return head;
}

std::string encode_record_head(
    std::uint64_t seq, std::uint64_t results_before, const wire::Record& record, std::uint32_t seed
) {
    std::string rest;
    rest.reserve(record_head_bytes);
    put_u32(rest, crc32c(record.payload, seed));
    put_u64(rest, seq);
    put_u64(rest, results_before);
    put_u32(rest, record.span);
    put_u32(rest, record.count);
    put_u32(rest, record.raw_size);
    put_u64(rest, unsigned_of(to_ns(record.wall)));
    put_u64(rest, unsigned_of(to_ns(record.mono)));
    rest.push_back(static_cast<char>(record.kind));
    rest.push_back(static_cast<char>(record.drop_class));
    std::string head;
    // Small payloads are put behind it.
    head.reserve(record_head_bytes + std::min(record.payload.size(), std::size_t{64} << 10U));
    put_u32(head, static_cast<std::uint32_t>(record.payload.size()));
    put_u32(head, crc32c(rest, crc32c(head, seed)));
    head += rest;
    return head;
}

std::optional<RecordHead> decode_record_head(std::string_view bytes, std::uint32_t seed) {
    if (bytes.size() < record_head_bytes) {
        return std::nullopt;
    }
    const char* at = bytes.data();
    const RecordHead head{
        .payload_bytes = load_u32(at),
        .payload_crc = load_u32(at + payload_crc_at),
        .seq = load_u64(at + seq_at),
        .results_before = load_u64(at + 20),
        .span = load_u32(at + 28),
        .count = load_u32(at + 32),
        .raw_size = load_u32(at + 36),
        .wall_ns = signed_of(load_u64(at + 40)),
        .mono_ns = signed_of(load_u64(at + 48)),
        .kind = static_cast<wire::RecordKind>(at[kind_at]),
        .drop_class = static_cast<wire::DropClass>(at[kind_at + 1]),
    };
    if (!is_sane(head) ||
        head_crc(bytes.substr(0, record_head_bytes), seed) != load_u32(at + head_crc_at)) {
        return std::nullopt;
    }
    return head;
}

Result<wire::SequencedRecord> decode_record(std::string_view bytes, std::uint32_t seed) {
    const auto head = decode_record_head(bytes, seed);
    if (!head || !has_payload(*head, bytes) || !payload_is_good(*head, bytes, seed)) {
        return failure(ErrorKind::corrupt, "a spool record does not match its checksum");
    }
    wire::SequencedRecord out;
    out.seq = head->seq;
    out.record.kind = head->kind;
    out.record.drop_class = head->drop_class;
    out.record.count = head->count;
    out.record.wall = wall_from_ns(head->wall_ns);
    out.record.mono = mono_from_ns(head->mono_ns);
    out.record.raw_size = head->raw_size;
    out.record.payload = bytes.substr(record_head_bytes, head->payload_bytes);
    out.record.span = head->span;
    out.results_before = head->results_before;
    return out;
}

SegmentScan scan_segment(std::string_view bytes, std::uint32_t seed, std::uint64_t first_seq) {
    SegmentScan scan;
    Cursor cursor{.first_seq = first_seq, .seq = first_seq};
    if (auto head = decode_segment_head(bytes, seed)) {
        scan.head = *head;
        cursor = {
            .first_seq = head->first_seq,
            .first_results = head->results_before,
            .seq = head->first_seq,
            .results = head->results_before,
            .knows_results = true
        };
    } else {
        scan.is_of_other_version = head.error().kind() == ErrorKind::invalid;
    }
    std::size_t at = scan.head ? segment_head_bytes : 0;
    if (!scan.head && bytes.size() > segment_head_bytes) {
        // The head is spoilt; records stand where they always stand.
        const auto first = decode_record_head(bytes.substr(segment_head_bytes), seed);
        at = first && cursor.can_be(*first) ? segment_head_bytes : 0;
    }
    while (at < bytes.size()) {
        const std::string_view rest = bytes.substr(at);
        const auto head = decode_record_head(rest, seed);
        const bool fits = head && cursor.can_be(*head) && has_payload(*head, rest);
        if (!fits) {
            const std::size_t next = find_record(bytes, at + 1, seed, cursor);
            if (next == bytes.size()) {
                break;
            }
            at = next;
            continue;
        }
        const bool is_whole = payload_is_good(*head, rest, seed);
        scan.records.push_back({*head, static_cast<std::uint32_t>(at), is_whole});
        cursor.take(*head);
        at += head->stored_bytes();
        scan.good_bytes = at;
    }
    if (scan.head && scan.records.empty()) {
        scan.good_bytes = segment_head_bytes;
    }
    const bool has_torn_head = !scan.head && bytes.size() < segment_head_bytes && !bytes.empty();
    scan.tail =
        has_torn_head ? SegmentScan::Tail::torn : judge_tail(bytes.substr(scan.good_bytes), seed);
    return scan;
}

}  // namespace muster::agent
