#include "probes/http_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace muster::probes {

Result<HttpOrigin> parse_http_origin(const std::string& url) {
    // https://[2001:db8::7]:8443/path
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) {
        return failure(ErrorKind::invalid, "not a URL", url);
    }
    HttpOrigin origin;
    if (parsed->scheme_id() == boost::urls::scheme::https) {
        origin.scheme = HttpScheme::https;
        origin.port = 443;
    } else if (parsed->scheme_id() != boost::urls::scheme::http) {
        return failure(ErrorKind::invalid, "neither http nor https", url);
    }
    const bool is_name = parsed->host_type() == boost::urls::host_type::name;
    origin.kind = is_name ? HttpHost::name : HttpHost::address;
    origin.host = is_name ? parsed->host_name() : parsed->host_address();
    std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (origin.host.empty()) {
        return failure(ErrorKind::invalid, "no host in the URL", url);
    }
    if (!parsed->port().empty()) {
        if (parsed->port_number() == 0) {
            return failure(ErrorKind::invalid, "not a port number", url);
        }
        origin.port = parsed->port_number();
    }
    return origin;
}

std::string bracketed(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

}  // namespace muster::probes
