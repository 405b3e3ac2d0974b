#include "wire/http_client.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace muster::wire {

namespace {

constexpr std::size_t longest_url = 8192;

Failure wrong(std::string what, std::string_view url) {
    return failure(ErrorKind::invalid, std::move(what), std::string(url.substr(0, 200)));
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_visible_ascii(char c) {
    return c > ' ' && c < '\x7f';
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

struct Authority {
    std::string host;
    std::string_view port;  // empty: the scheme's
};

/// "host", "host:8443", "[::1]:8443"
Result<Authority> split_authority(std::string_view text, std::string_view url) {
    if (text.find('@') != std::string_view::npos) {
        return wrong("a user name or password has no place in a URL here", url);
    }
    std::string host;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t end = std::min(text.find(']'), text.size());
        host = text.substr(1, end == 0 ? 0 : end - 1);
        boost::system::error_code problem;
        (void)boost::asio::ip::make_address_v6(host, problem);
        if (problem || end == text.size()) {
            return wrong("no IPv6 address between the brackets", url);
        }
        rest = text.substr(end + 1);
    } else {
        const std::size_t end = std::min(text.find(':'), text.size());
        host = text.substr(0, end);
        std::ranges::transform(host, host.begin(), lower);
        if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, is_host_character)) {
            return wrong("no host name or address after the scheme", url);
        }
        rest = text.substr(end);
    }
    if (!rest.empty() && (rest.front() != ':' || rest.size() == 1)) {
        return wrong("expected \":PORT\" or a path after the host", url);
    }
    return Authority{std::move(host), rest.empty() ? rest : rest.substr(1)};
}

}  // namespace

Result<UrlParts> parse_url(std::string_view url) {
    if (url.size() > longest_url || !std::ranges::all_of(url, is_visible_ascii) ||
        url.find('\\') != std::string_view::npos) {
        return wrong("a URL has at most 8192 visible ASCII characters, and no backslash", url);
    }
    const std::size_t colon = std::min(url.find("://"), url.size());
    std::string scheme(url.substr(0, colon));
    std::ranges::transform(scheme, scheme.begin(), lower);
    if (scheme != "http" && scheme != "https") {
        return wrong("expected http:// or https://", url);
    }
    std::string_view rest = url.substr(colon + 3);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
    const Result<Authority> authority = split_authority(rest.substr(0, path), url);
    if (!authority) {
        return failure(authority.error());
    }
    std::uint16_t port = scheme == "https" ? 443 : 80;
    if (!authority->port.empty()) {
        const char* const end = authority->port.data() + authority->port.size();
        const auto [stop, problem] = std::from_chars(authority->port.data(), end, port);
        if (problem != std::errc{} || stop != end || port == 0) {
            return wrong("a port is a number from 1 to 65535", url);
        }
    }
    std::string target(rest.substr(path));
    if (!target.starts_with('/')) {
        target.insert(0, "/");
    }
    return UrlParts{std::move(scheme), authority->host, port, std::move(target)};
}

}  // namespace muster::wire
