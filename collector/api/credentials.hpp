// Owns: what a request brings to prove who asks: token, cookie, where the browser says it comes from, from which machine.
// Leaves to api.cpp: which routes ask for what; to enrolment/: whether it counts.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"
#include "collector/api/http_message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace muster::collector {

/// `__Host-` ties it to this very host, HTTPS and Path=/ (RFC 6265bis §4.1.3.2).
inline constexpr std::string_view session_cookie = "__Host-muster";

/// The token after "Authorization: Bearer ".
std::optional<Secret> bearer_of(const HttpRequest& request);
/// The value of the session's cookie.
std::optional<Secret> cookie_of(const HttpRequest& request);
/// The value of Set-Cookie that opens a session, or ends it where `value` is empty.
std::string set_cookie(std::string_view value, Duration lasts);

/// What the browser says of the page that sent a request (Sec-Fetch-Site, Origin). `unsaid`: no browser, or an old one.
enum class Sender { unsaid, own_page, foreign_page };
Sender sender_of(const HttpRequest& request);

/// Whether the peer is this machine: 127.0.0.0/8, ::1 and the former as IPv6.
bool is_this_machine(const HttpRequest& request);
/// What counts as one address when attempts are counted: of IPv6 the network of 64 bits.
std::string attempt_address(const HttpRequest& request);

}  // namespace muster::collector
