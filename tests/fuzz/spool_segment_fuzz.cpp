// Owns: hostile bytes as a spool segment: a disk may bring back anything. What is read as a record is written the same, and a
// spool that finds such a segment opens, gives everything from its first number to its last without a hole, and counts right.
#include "agent/spool.hpp"
#include "agent/spool_segment.hpp"
#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/log.hpp"
#include "base/memory_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace muster;
using namespace muster::agent;

constexpr const char* dir = "/spool/00000000000040008000000000000000";
constexpr std::uint32_t any_seed = 1;

SpoolId folder_id() {
    return SpoolId(*Uuid::from_bytes(*from_hex(dir + 7)));
}

/// The checksums that the bytes claim are made true, so that the fuzzer gets behind them.
std::string mended(std::string bytes, std::uint32_t seed) {
    const auto put = [&bytes](std::size_t at, std::uint32_t value) {
        std::string raw;
        put_u32(raw, value);
        bytes.replace(at, raw.size(), raw);
    };
    std::size_t at = 0;
    if (bytes.starts_with("MUSP") && bytes.size() >= segment_head_bytes) {
        const std::size_t crc_at = segment_head_bytes - 4;
        put(crc_at, crc32c(std::string_view(bytes).substr(0, crc_at), seed));
        at = segment_head_bytes;
    }
    while (at + record_head_bytes <= bytes.size()) {
        const std::string_view rest = std::string_view(bytes).substr(at);
        const std::size_t payload = load_u32(rest.data());
        if (payload > rest.size() - record_head_bytes) {
            break;
        }
        put(at + 8, crc32c(rest.substr(record_head_bytes, payload), seed));
        const std::string_view head = std::string_view(bytes).substr(at, record_head_bytes);
        put(at + 4, crc32c(head.substr(8), crc32c(head.substr(0, 4), seed)));
        at += record_head_bytes + payload;
    }
    return bytes;
}

void check_scan(std::string_view bytes) {
    const SegmentScan scan = scan_segment(bytes, any_seed, 1);
    expect(scan.good_bytes <= bytes.size(), "what is good is in the segment");
    std::uint64_t seq = 0;
    std::uint64_t results = 0;
    for (const FoundRecord& found : scan.records) {
        expect(found.head.seq >= seq && found.head.results_before >= results, "numbers rise");
        seq = found.head.end_seq();
        results = found.head.end_results();
        const auto record = decode_record(bytes.substr(found.offset), any_seed);
        expect(record.has_value() == found.is_whole, "what the scan found whole can be read");
        if (record) {
            expect(
                encode_record_head(
                    record->seq, found.head.results_before, record->record, any_seed
                ) + record->record.payload ==
                    bytes.substr(found.offset, found.head.stored_bytes()),
                "and is written the same"
            );
        }
    }
}

void check_spool(const std::string& first, const std::string& second) {
    MemoryFiles files;
    expect(files.create_directories(dir).has_value(), "a folder");
    const auto put = [&files](const std::string& name, const std::string& bytes) {
        auto file = files.open(std::string(dir) + name, OpenMode::append);
        expect(file && (*file)->append(bytes), "a file");
    };
    put("/00000000000000000001.seg", first);
    put("/00000000000000000009.seg", second);
    auto spool = Spool::open(files, dir, folder_id(), {}, MonoTime{}, WallTime{});
    // It makes no sense.
    if (!spool) {
        return;
    }
    const auto position = spool->position();
    std::uint64_t seq = position.first_kept;
    while (seq < position.next_seq) {
        const auto part = spool->read(seq, 10'000);
        expect(part && !part->empty() && part->front().seq == seq, "there is no hole");
        seq = part->back().seq + part->back().record.span;
    }
    expect(seq == position.next_seq, "nothing reaches beyond the end");
    spool->ack(position.next_seq);
    const SpoolCounters& counters = spool->counters();
    expect(
        counters.found_results == counters.acked_results + counters.all_gaps() &&
            spool->waiting_results() == 0,
        "everything is accounted for"
    );
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool is_quiet = [] {
        configure_log(LogFormat::text, LogLevel::error);
        return true;
    }();
    static_cast<void>(is_quiet);
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    check_scan(bytes);
    check_scan(mended(bytes, any_seed));
    const std::uint32_t seed = checksum_seed(folder_id());
    check_spool(mended(bytes.substr(0, size / 2), seed), mended(bytes.substr(size / 2), seed));
    return 0;
}
