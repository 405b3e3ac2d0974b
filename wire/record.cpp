#include "wire/record.hpp"

#include "base/compression.hpp"
#include "base/expect.hpp"

#include <utility>

namespace muster::wire {

namespace {

/// Below this the zstd header and the call cost more than they save.
constexpr std::size_t worth_compressing = 256;
constexpr int compression_level = 1;

}  // namespace

Record make_record(
    RecordKind kind,
    DropClass drop_class,
    std::uint32_t count,
    WallTime wall,
    MonoTime mono,
    std::string raw
) {
    expect(raw.size() <= max_raw_bytes, "a record's payload is at most 8 MiB");
    Record record{
        .kind = kind,
        .drop_class = drop_class,
        .count = count,
        .wall = wall,
        .mono = mono,
        .raw_size = static_cast<std::uint32_t>(raw.size()),
        .payload = {}
    };
    if (raw.size() >= worth_compressing) {
        std::string packed = zstd_compress(raw, compression_level);
        // Equal sizes would read as "stored plain".
        if (packed.size() < raw.size()) {
            record.payload = std::move(packed);
            return record;
        }
    }
    record.payload = std::move(raw);
    return record;
}

Status open_payload(const Record& record, std::string& out) {
    if (record.raw_size > max_raw_bytes) {
        return failure(
            ErrorKind::corrupt,
            "record says it holds " + std::to_string(record.raw_size) + " bytes, more than " +
                std::to_string(max_raw_bytes)
        );
    }
    if (record.payload.size() == record.raw_size) {
        out.assign(record.payload);
        return {};
    }
    if (record.payload.size() > record.raw_size) {
        return failure(ErrorKind::corrupt, "record is longer than the size it states");
    }
    return zstd_decompress(record.payload, record.raw_size, out);
}

}  // namespace muster::wire
