#include "wire/placeholder.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

namespace muster::wire {

namespace {

/// So long, a value of one character is nobody's; shorter ones are numbers of VLANs, and names.
constexpr std::size_t least_repeated = 6;

std::string plain(std::string_view text) {
    const auto is_blank = [](unsigned char c) { return std::isspace(c) != 0; };
    while (!text.empty() && is_blank(static_cast<unsigned char>(text.front()))) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(static_cast<unsigned char>(text.back()))) {
        text.remove_suffix(1);
    }
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

}  // namespace

bool is_placeholder(std::string_view text) {
    constexpr std::string_view known[] = {
        "",
        "none",
        "unknown",
        "n/a",
        "na",
        "null",
        "empty",
        "default",
        "default string",
        "not specified",
        "not available",
        "not applicable",
        "not present",
        "not settable",
        "no asset tag",
        "no asset information",
        "asset tag",
        "asset-1234567890",
        "invalid",
        "o.e.m.",
        "oem",
        "to be filled by o.e.m.",
        "to be filled by o.e.m",
        "to be filled by oem",
        "system serial number",
        "system product name",
        "system manufacturer",
        "system version",
        "serial number",
        "chassis serial number",
        "base board serial number",
        "0123456789",
        "123456789",
        "1234567890",
        "012345678901234567890123456789"
    };
    const std::string value = plain(text);
    if (std::ranges::find(known, value) != std::end(known)) {
        return true;
    }
    return value.find_first_not_of(value.front()) == std::string::npos &&
           (value.size() >= least_repeated ||
            std::string_view("0x-.*").find(value.front()) != std::string_view::npos);
}

}  // namespace muster::wire
