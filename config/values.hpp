// Owns: checks of single texts that both the files and probe options need. Leaves to reader.hpp: where they stand.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// A whole number in decimal with optional sign, nothing else in the text.
Result<std::int64_t> parse_integer(std::string_view text);
/// A decimal number such as "200", "-3" or "99.95", times 10^6, exact: at most 12 digits before the point and 6 after it.
Result<std::int64_t> parse_millionths(std::string_view text);
/// "256MiB", "20GiB", "4KiB", "1TiB", "512B". No bare numbers.
Result<std::uint64_t> parse_size(std::string_view text);
/// "host:8444", "[::1]:8444", "127.0.0.1:0": checks host and port and gives the text back.
Result<std::string> check_address(std::string_view text);
/// A name, an IPv4 address or an IPv6 address without brackets; `{n}` stands for a number. Gives the text back.
Result<std::string> check_host(std::string_view text);
/// http or https, a host, no user information, no blanks. Gives the text back.
Result<std::string> check_url(std::string_view text);
/// A numeric object identifier, at most 128 arcs below 2^32 (RFC 2578 §3.5); a leading dot is cut.
Result<std::string> check_oid(std::string_view text);
/// RE2 syntax, at most 1000 bytes.
Result<std::string> check_regex(std::string_view text);
/// No control characters, at most 4096 bytes.
Result<std::string> check_text(std::string_view text);

/// The bytes that a text with escapes means: \r \n \t \\ and \xHH; any other backslash is an error.
Result<std::string> unescape(std::string_view text);

/// The text split at each separator; an empty text has no parts.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate within a typing error or two of `given`, or nothing.
std::string_view nearest(std::string_view given, const std::vector<std::string_view>& candidates);

}  // namespace muster::config
