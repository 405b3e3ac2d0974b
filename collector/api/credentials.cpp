#include "collector/api/credentials.hpp"

#include "collector/api/parameters.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace muster::collector {

namespace {

std::string_view header(const HttpRequest& request, const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Of "127.0.0.1:1" or "[::1]:1"; nothing for anything else. IPv4 as IPv6 becomes IPv4.
std::optional<boost::asio::ip::address> peer_address(const HttpRequest& request) {
    std::string text = address_of(request);
    if (text.starts_with('[') && text.ends_with(']')) {
        text = text.substr(1, text.size() - 2);
    }
    boost::system::error_code wrong;
    const auto address = boost::asio::ip::make_address(text, wrong);
    if (wrong) {
        return std::nullopt;
    }
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    }
    return address;
}

}  // namespace

std::optional<Secret> bearer_of(const HttpRequest& request) {
    constexpr std::string_view scheme = "bearer ";
    const std::string_view value = header(request, "authorization");
    if (value.size() <= scheme.size()) {
        return std::nullopt;
    }
    const bool is_bearer =
        std::ranges::equal(value.substr(0, scheme.size()), scheme, [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
        });
    return is_bearer ? std::optional<Secret>(std::string(value.substr(scheme.size())))
                     : std::nullopt;
}

/// Cookie: a=b; __Host-muster=se1.….…
std::optional<Secret> cookie_of(const HttpRequest& request) {
    std::string_view rest = header(request, "cookie");
    while (!rest.empty()) {
        // Repeated headers were joined with ", ", which no cookie of ours has.
        const std::size_t end = rest.find_first_of(";,");
        const std::string_view pair = trimmed(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == session_cookie) {
            return std::optional<Secret>(std::string(pair.substr(equals + 1)));
        }
    }
    return std::nullopt;
}

std::string set_cookie(std::string_view value, Duration lasts) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lasts).count();
    return std::string(session_cookie) + "=" + std::string(value) +
           "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
}

Sender sender_of(const HttpRequest& request) {
    const std::string_view site = header(request, "sec-fetch-site");
    const std::string_view origin = header(request, "origin");
    if (site.empty() && origin.empty()) {
        return Sender::unsaid;
    }
    const std::string own = "https://" + std::string(header(request, "host"));
    const bool good = (site.empty() || site == "same-origin") && (origin.empty() || origin == own);
    return good ? Sender::own_page : Sender::foreign_page;
}

bool is_this_machine(const HttpRequest& request) {
    const auto address = peer_address(request);
    return address && address->is_loopback();
}

std::string attempt_address(const HttpRequest& request) {
    const auto address = peer_address(request);
    if (!address || address->is_v4()) {
        return address ? address->to_string() : address_of(request);
    }
    auto bytes = address->to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace muster::collector
