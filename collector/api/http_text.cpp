#include "collector/api/http_text.hpp"

#include "collector/api/problem.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/chrono.h>

#include <charconv>

namespace muster::collector {

namespace {

/// What every answer says to a browser: show nothing of this as a page, keep none of it.
constexpr std::string_view fixed_headers =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n";

/// A control character in a value would begin a header of its own.
void append_header(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    out += "\r\n";
}

/// "Sun, 22 Nov 2026 09:26:00 GMT" (RFC 9110 §5.6.7).
std::string http_date(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
}

}  // namespace

std::string http_text(
    const HttpResponse& response, std::string_view method, After after, WallTime now
) {
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_title(response.status));
    append_header(out, "Date", http_date(now));
    append_header(out, "Content-Type", response.content_type);
    // A body without a length ends with the connection (RFC 9112 §6.3).
    if (!response.stream) {
        append_header(out, "Content-Length", std::to_string(response.body.size()));
    }
    const bool closes = after == After::close || response.stream;
    append_header(out, "Connection", closes ? "close" : "keep-alive");
    out += fixed_headers;
    for (const auto& [name, value] : response.headers) {
        append_header(out, name, value);
    }
    out += "\r\n";
    if (method != "HEAD") {
        out += response.body;
    }
    return out;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    const Failure bad = failure(
        ErrorKind::invalid,
        "expected ADDRESS:PORT, like [::]:8443 or 127.0.0.1:8443",
        std::string(text)
    );
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return bad;
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    ListenAddress found{std::string(host), 0};
    const char* const last = text.data() + text.size();
    const auto [end, wrong] = std::from_chars(text.data() + colon + 1, last, found.port);
    boost::system::error_code not_an_address;
    static_cast<void>(boost::asio::ip::make_address(found.address, not_an_address));
    if (wrong != std::errc{} || end != last || not_an_address) {
        return bad;
    }
    return found;
}

}  // namespace muster::collector
