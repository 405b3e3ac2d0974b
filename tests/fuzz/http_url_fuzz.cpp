// Owns: hostile bytes as the URL of a redirect. The origin of what parses parses to itself.
#include "base/expect.hpp"
#include "probes/http_url.hpp"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::probes;
    const auto origin = parse_http_origin(std::string(reinterpret_cast<const char*>(data), size));
    if (origin) {
        const std::string scheme = origin->scheme == HttpScheme::https ? "https" : "http";
        const auto again = parse_http_origin(
            scheme + "://" + bracketed(origin->host) + ":" + std::to_string(origin->port) + "/"
        );
        expect(again && *again == *origin, "an origin is its own origin");
    }
    return 0;
}
