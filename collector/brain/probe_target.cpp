#include "collector/brain/probe_target.hpp"

#include "base/expect.hpp"

#include <string_view>

namespace muster::collector {

namespace {

/// "https://user:word@host/path?token=x#part" → "https://host/path".
std::string without_secrets(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return std::string(url);
    }
    const std::size_t authority = scheme + 3;
    const std::size_t user = url.substr(0, url.find('/', authority)).rfind('@');
    if (user == std::string_view::npos || user < authority) {
        return std::string(url);
    }
    return std::string(url.substr(0, authority)) + std::string(url.substr(user + 1));
}

}  // namespace

std::string probe_target(const ProbeSpec& probe, const std::string& host) {
    wire::proto::Assignment told;
    expect(told.ParseFromString(probe.encoded), "a spec was encoded by encode_spec");
    if (const auto url = told.params().find("url"); url != told.params().end()) {
        return without_secrets(url->second);
    }
    const auto port = told.params().find("port");
    if (port == told.params().end() || port->second.empty() || port->second == "0") {
        return host;
    }
    const bool is_ip6 = host.find(':') != std::string::npos;
    return (is_ip6 ? "[" + host + "]" : host) + ":" + port->second;
}

}  // namespace muster::collector
