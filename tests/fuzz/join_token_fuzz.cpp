// Owns: hostile bytes as tokens: they come before anybody is known.
#include "collector/enrolment/tokens.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::collector;
    const Secret token(std::string(reinterpret_cast<const char*>(data), size));
    (void)parse_join_token(token);
    (void)parse_api_token(token);
    return 0;
}
