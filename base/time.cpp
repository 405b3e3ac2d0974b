#include "base/time.hpp"

#include "base/bytes.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace muster {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t ns;
};

constexpr std::array<Unit, 7> units{
    {{"d", 86'400'000'000'000},
     {"h", 3'600'000'000'000},
     {"m", 60'000'000'000},
     {"s", 1'000'000'000},
     {"ms", 1'000'000},
     {"us", 1'000},
     {"ns", 1}}
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Cuts the leading digits (or all that are not digits) off `text`.
std::string_view take(std::string_view& text, bool (*belongs)(char)) {
    std::size_t length = 0;
    while (length < text.size() && belongs(text[length])) {
        ++length;
    }
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(length);
    return taken;
}

Failure bad_duration(std::string_view text) {
    return failure(
        ErrorKind::invalid,
        "\"" + printable(text, 64) +
            "\" is not a duration; write a number and a unit (ms, s, m, h, d), like 30s or 1h30m"
    );
}

/// Consumes exactly `count` digits.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
    int value = 0;
    if (text.size() < count) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < count; ++at) {
        if (!is_digit(text[at])) {
            return std::nullopt;
        }
        value = value * 10 + (text[at] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take_char(std::string_view& text, std::string_view choices) {
    if (text.empty() || choices.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<WallTime::duration> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    const bool dash = take_char(text, "-");
    const auto month = take_number(text, 2);
    const bool second_dash = take_char(text, "-");
    const auto day = take_number(text, 2);
    if (!year || !dash || !month || !second_dash || !day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date(
        std::chrono::year(*year),
        std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*day))
    );
    // Nanoseconds since 1970 in 64 bits end within the years 1677 and 2262.
    if (!date.ok() || *year < 1678 || *year > 2261) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date).time_since_epoch();
}

std::optional<Duration> take_fraction(std::string_view& text) {
    if (!take_char(text, ".")) {
        return Duration{0};
    }
    const std::string_view digits = take(text, is_digit);
    if (digits.empty()) {
        return std::nullopt;
    }
    std::int64_t ns = 0;
    for (std::size_t at = 0; at < 9; ++at) {
        ns = ns * 10 + (at < digits.size() ? digits[at] - '0' : 0);
    }
    return Duration{ns};
}

std::optional<Duration> take_time_of_day(std::string_view& text) {
    const auto hour = take_number(text, 2);
    const bool colon = take_char(text, ":");
    const auto minute = take_number(text, 2);
    const bool second_colon = take_char(text, ":");
    const auto second = take_number(text, 2);
    const auto fraction = take_fraction(text);
    if (!hour || !colon || !minute || !second_colon || !second || !fraction) {
        return std::nullopt;
    }
    // 60 is a leap second (RFC 3339 §5.7); it becomes the first moment of the next minute.
    if (*hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + *fraction;
}

std::optional<Duration> take_offset(std::string_view& text) {
    if (take_char(text, "Zz")) {
        return Duration{0};
    }
    const bool west = text.starts_with('-');
    const bool sign = take_char(text, "+-");
    const auto hour = take_number(text, 2);
    const bool colon = take_char(text, ":");
    const auto minute = take_number(text, 2);
    if (!sign || !hour || !colon || !minute || *hour > 23 || *minute > 59) {
        return std::nullopt;
    }
    const Duration offset = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
    return west ? -offset : offset;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    std::string_view rest = text;
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    if (rest.empty()) {
        return bad_duration(text);
    }
    while (!rest.empty()) {
        const std::string_view digits = take(rest, is_digit);
        const std::string_view name = take(rest, [](char c) { return !is_digit(c); });
        std::int64_t count = 0;
        const auto [end, problem] =
            std::from_chars(digits.data(), digits.data() + digits.size(), count);
        while (next_unit < units.size() && units[next_unit].name != name) {
            ++next_unit;
        }
        std::int64_t part = 0;
        if (digits.empty() || problem != std::errc{} || next_unit == units.size() ||
            __builtin_mul_overflow(count, units[next_unit].ns, &part) ||
            __builtin_add_overflow(total, part, &total)) {
            return bad_duration(text);
        }
        ++next_unit;
    }
    return Duration{total};
}

std::string format_duration(Duration duration) {
    if (duration == Duration{0}) {
        return "0s";
    }
    if (duration < Duration{0}) {
        return "-" + format_duration(-duration);
    }
    std::string in_one_unit;
    std::string as_sum;
    std::int64_t rest = duration.count();
    for (const Unit& unit : units) {
        if (in_one_unit.empty() && duration.count() % unit.ns == 0) {
            in_one_unit = std::to_string(duration.count() / unit.ns) + std::string(unit.name);
        }
        if (rest >= unit.ns) {
            as_sum += std::to_string(rest / unit.ns) + std::string(unit.name);
            rest %= unit.ns;
        }
    }
    return in_one_unit.size() < as_sum.size() ? in_one_unit : as_sum;
}

std::string format_rfc3339(WallTime time) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
    const auto day = std::chrono::floor<std::chrono::days>(ms);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(ms - day);
    std::array<char, 40> text{};
    const int length = std::snprintf(
        text.data(),
        text.size(),
        "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count())
    );
    return {text.data(), static_cast<std::size_t>(length)};
}

Result<WallTime> parse_rfc3339(std::string_view text) {
    // 2026-11-22T09:26:00.000Z
    std::string_view rest = text;
    const auto date = take_date(rest);
    const bool separator = take_char(rest, "Tt ");
    const auto time = take_time_of_day(rest);
    const auto offset = take_offset(rest);
    if (!date || !separator || !time || !offset || !rest.empty()) {
        return failure(
            ErrorKind::invalid,
            "\"" + printable(text, 64) +
                "\" is not a time; write it like 2026-11-22T09:26:00Z (RFC 3339)"
        );
    }
    return WallTime{*date + *time - *offset};
}

}  // namespace muster
