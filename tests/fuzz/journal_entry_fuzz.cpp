// Owns: damaged bytes as a batch of the journal, whose checksums are those of the disk alone. What is read can be kept in memory.
#include "base/expect.hpp"
#include "collector/journal/pending.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::collector;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto batches = decode_batch_body(body);
    if (!batches) {
        return 0;
    }
    proto::BatchEntry stored;
    expect(stored.ParseFromArray(body.data(), static_cast<int>(body.size())), "it was read");
    expect(batches->size() == static_cast<std::size_t>(stored.items_size()), "each item is one");
    for (const DecodedBatch& each : *batches) {
        expect(each.span >= 1, "each stands for a record");
        expect(
            each.results.time_ms.size() == each.results.probe.size() &&
                each.results.state.size() == each.results.probe.size(),
            "columns agree"
        );
        (void)memory_bytes(each);
    }
    return 0;
}
