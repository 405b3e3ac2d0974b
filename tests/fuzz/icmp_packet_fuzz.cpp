// Owns: hostile bytes as answers to a ping, of both families, with and without the IPv4 header.
#include "probes/icmp_packet.hpp"

#include <cstddef>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::probes;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const Family family : {Family::ip4, Family::ip6}) {
        for (const Header header : {Header::present, Header::absent}) {
            (void)decode_echo_reply(family, header, bytes);
        }
        (void)decode_quoted_request(family, bytes);
    }
    return 0;
}
