// Owns: hostile bytes as a spool segment: a disk may bring back anything. What is read as a record is written the same.
#include "agent/spool_segment.hpp"
#include "base/expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::agent;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const SegmentScan scan = scan_segment(bytes, 1);
    expect(scan.good_bytes <= size, "what is good is in the segment");
    for (const RecordPlace& place : scan.places) {
        if (place.offset == lost_offset) {
            continue;
        }
        std::size_t used = 0;
        const auto record = decode_record(bytes.substr(place.offset), used);
        expect(record.has_value(), "what the scan found can be read");
        expect(
            encode_record_head(record->seq, record->record) + record->record.payload ==
                bytes.substr(place.offset, used),
            "and is written the same"
        );
    }
    return 0;
}
