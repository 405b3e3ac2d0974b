// Owns: hostile bytes as a payload of results. What decodes must survive encoding.
#include "base/expect.hpp"
#include "wire/results.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::wire;
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    ResultBatch first;
    if (!decode_results(payload, first)) {
        return 0;
    }
    expect(
        first.time_ms.size() == first.size() && first.state.size() == first.size(), "columns agree"
    );
    ResultBatch second;
    const Status again = decode_results(encode_results(first), second);
    expect(again.has_value(), "what was decoded can be sent");
    expect(
        first.probe == second.probe && first.time_ms == second.time_ms &&
            first.state == second.state && first.values == second.values &&
            first.notes.size() == second.notes.size(),
        "and comes back the same"
    );
    return 0;
}
