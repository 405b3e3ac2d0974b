#include "config/values.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace muster::config {

namespace {

constexpr std::size_t longest_text = 4096;
constexpr std::size_t longest_regex = 1000;
constexpr std::size_t most_arcs = 128;

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool is_address6_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':' || c == '%';
}

bool is_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        const auto inside = host.substr(1, host.size() - 2);
        return inside.find(':') != std::string_view::npos &&
               std::all_of(inside.begin(), inside.end(), is_address6_character);
    }
    return !host.empty() && host.size() <= 253 &&
           std::all_of(host.begin(), host.end(), is_host_character);
}

bool is_port(std::string_view text) {
    const auto number = parse_integer(text);
    return number && *number >= 0 && *number <= 65535;
}

/// Splits "host:port" at the colon behind the host; `port` is empty where there is none.
bool split_host_port(std::string_view text, std::string_view& host, std::string_view& port) {
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == std::string_view::npos) {
        return false;
    }
    const std::size_t colon = text.find(':', bracket);
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    return is_host(host) && (colon == std::string_view::npos || is_port(port));
}

/// Letters added, left out, exchanged, or swapped with their neighbour (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, substituted});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return failure(ErrorKind::invalid, "expected a whole number");
    }
    return value;
}

Result<std::int64_t> parse_millionths(std::string_view text) {
    constexpr std::size_t most_whole = 12;
    constexpr std::size_t most_decimals = 6;
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    const std::size_t point = std::min(digits.find('.'), digits.size());
    const std::string_view before = digits.substr(0, point);
    const std::string_view after = point == digits.size() ? "" : digits.substr(point + 1);
    const auto are_digits = [](std::string_view part) {
        return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (before.empty() || before.size() > most_whole || !are_digits(before) || !are_digits(after) ||
        after.size() > most_decimals || (point != digits.size() && after.empty())) {
        return failure(ErrorKind::invalid, "expected a number such as 200 or 0.5");
    }
    std::string all(before);
    all += after;
    all.append(most_decimals - after.size(), '0');
    const Result<std::int64_t> value = parse_integer(all);
    if (!value) {
        return value;
    }
    return negative ? -*value : *value;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    struct Unit {
        std::string_view name;
        int shift;
    };

    constexpr Unit units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}, {"B", 0}};
    for (const Unit& unit : units) {
        if (!text.ends_with(unit.name)) {
            continue;
        }
        const auto number = parse_integer(text.substr(0, text.size() - unit.name.size()));
        if (number && *number >= 0 && *number <= (std::int64_t{1} << (62 - unit.shift))) {
            return static_cast<std::uint64_t>(*number) << unit.shift;
        }
        break;
    }
    return failure(ErrorKind::invalid, "expected a size such as 256MiB");
}

Result<std::string> check_address(std::string_view text) {
    std::string_view host;
    std::string_view port;
    if (!split_host_port(text, host, port) || port.empty()) {
        return failure(ErrorKind::invalid, "expected HOST:PORT such as muster.example.net:8444");
    }
    return std::string(text);
}

Result<std::string> check_host(std::string_view text) {
    constexpr std::string_view number = "{n}";
    std::string host(text);
    for (auto at = host.find(number); at != std::string::npos; at = host.find(number)) {
        host.replace(at, number.size(), "1");
    }
    const bool is_v6 = host.find(':') != std::string::npos;
    const bool is_v4 = !is_v6 && host.find_first_not_of("0123456789.") == std::string::npos;
    std::array<unsigned char, sizeof(in6_addr)> raw{};
    const std::string v6 = host.substr(0, host.find('%'));
    const bool is_good = is_v6   ? ::inet_pton(AF_INET6, v6.c_str(), raw.data()) == 1
                         : is_v4 ? ::inet_pton(AF_INET, host.c_str(), raw.data()) == 1
                                 : is_host(host);
    if (!is_good) {
        return failure(
            ErrorKind::invalid,
            "expected a name or an address, such as sw1.example.net, 192.0.2.10 or 2001:db8::10"
        );
    }
    return std::string(text);
}

Result<std::string> check_url(std::string_view text) {
    const auto wrong = [](std::string_view why) {
        return failure(ErrorKind::invalid, fmt::format("expected an http or https URL; {}", why));
    };
    if (text.size() > longest_text) {
        return wrong("this one is too long");
    }
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7F; })) {
        return wrong("it has a blank or control character");
    }
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return wrong("it begins with neither http:// nor https://");
    }
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.find('@') != std::string_view::npos) {
        return wrong("a user or password in it would be a secret in plain sight");
    }
    std::string_view host;
    std::string_view port;
    if (!split_host_port(authority, host, port)) {
        return wrong("its host or port is not valid");
    }
    return std::string(text);
}

Result<std::string> check_oid(std::string_view text) {
    if (text.starts_with('.')) {
        text.remove_prefix(1);
    }
    const auto arcs = split(text, '.');
    const bool valid = arcs.size() >= 2 && arcs.size() <= most_arcs &&
                       std::all_of(arcs.begin(), arcs.end(), [](std::string_view arc) {
                           const auto number = parse_integer(arc);
                           return number && arc.front() != '-' &&
                                  *number <= std::numeric_limits<std::uint32_t>::max();
                       });
    if (!valid || *parse_integer(arcs.front()) > 2) {
        return failure(ErrorKind::invalid, "expected a numeric OID such as 1.3.6.1.2.1.1.3.0");
    }
    return std::string(text);
}

Result<std::string> check_regex(std::string_view text) {
    if (text.size() > longest_regex) {
        return failure(
            ErrorKind::invalid, fmt::format("expected a pattern of at most {} bytes", longest_regex)
        );
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    const RE2 pattern(re2::StringPiece(text.data(), text.size()), options);
    if (!pattern.ok()) {
        return failure(
            ErrorKind::invalid,
            fmt::format("expected a regular expression (RE2): {}", pattern.error())
        );
    }
    return std::string(text);
}

Result<std::string> check_text(std::string_view text) {
    if (text.size() > longest_text) {
        return failure(
            ErrorKind::invalid, fmt::format("expected at most {} bytes of text", longest_text)
        );
    }
    if (std::any_of(text.begin(), text.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        })) {
        return failure(ErrorKind::invalid, "expected text without control characters");
    }
    return std::string(text);
}

Result<std::string> unescape(std::string_view text) {
    constexpr std::string_view names = "rnt\\";
    constexpr std::string_view bytes = "\r\n\t\\";
    std::string out;
    while (!text.empty()) {
        if (text.front() != '\\') {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        const std::size_t known = text.size() < 2 ? names.npos : names.find(text[1]);
        if (known != names.npos) {
            out += bytes[known];
            text.remove_prefix(2);
            continue;
        }
        const auto byte = text.starts_with("\\x") && text.size() >= 4
                              ? from_hex(text.substr(2, 2))
                              : Result<std::string>(failure(ErrorKind::invalid, "no byte"));
        if (!byte) {
            return failure(
                ErrorKind::invalid, "expected \\r, \\n, \\t, \\xHH or \\\\ after each backslash"
            );
        }
        out += *byte;
        text.remove_prefix(4);
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        text.remove_prefix(end + 1);
        if (text.empty()) {
            parts.emplace_back();
        }
    }
    return parts;
}

std::string_view nearest(std::string_view given, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t best_distance = given.size() <= 3 ? 2 : 3;
    for (const std::string_view candidate : candidates) {
        const std::size_t longer = std::max(given.size(), candidate.size());
        const std::size_t shorter = std::min(given.size(), candidate.size());
        if (longer - shorter >= best_distance || longer > 100) {
            continue;
        }
        const std::size_t distance = edit_distance(given, candidate);
        if (distance < best_distance && distance < longer) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace muster::config
