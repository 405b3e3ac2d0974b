// Owns: the parts of an http URL that probes need. Leaves to config/: whether an option is a URL.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace muster::probes {

enum class HttpScheme { http, https };
enum class HttpHost { name, address };

/// Scheme, host and port: headers of one origin go to no other.
struct HttpOrigin {
    HttpScheme scheme = HttpScheme::http;
    HttpHost kind = HttpHost::name;
    std::string host;         ///< in lower case; IPv6 without brackets
    std::uint16_t port = 80;  ///< the scheme's where the URL names none

    bool operator==(const HttpOrigin&) const = default;
};

/// `invalid` where it is not an absolute http or https URL with a host.
Result<HttpOrigin> parse_http_origin(const std::string& url);

/// "192.0.2.7", "[2001:db8::7]".
std::string bracketed(const std::string& address);

}  // namespace muster::probes
