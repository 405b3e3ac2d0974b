// Owns: hostile bytes as a payload of observations. What decodes must survive encoding.
#include "base/expect.hpp"
#include "wire/observations.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::wire;
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    const auto first = decode_observations(payload);
    if (!first) {
        return 0;
    }
    const auto second = decode_observations(encode_observations(*first));
    expect(second.has_value(), "what was decoded can be sent");
    expect(*first == *second, "and comes back the same");
    return 0;
}
