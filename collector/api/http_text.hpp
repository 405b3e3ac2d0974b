// Owns: the texts of the listener: an answer as HTTP/1.1 bytes, and the address to listen on. Leaves to http_server: sending.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "collector/api/http_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// What happens to the connection when the answer is sent.
enum class After { keep_open, close };

/// The whole answer (RFC 9112), with the headers that every answer has; for HEAD without its body.
std::string http_text(
    const HttpResponse& response, std::string_view method, After after, WallTime now
);

/// Where to listen.
struct ListenAddress {
    std::string address;  ///< an IPv4 or IPv6 address
    std::uint16_t port = 0;
};

/// From "[::]:8443" or "127.0.0.1:0"; host names are refused.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace muster::collector
