#include "ctl/moment.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>
#include <vector>

namespace muster::ctl {

namespace {

using namespace std::chrono_literals;
using Date = std::chrono::year_month_day;
using Words = std::vector<std::string_view>;

struct ClockTime {
    int hour = 0;
    int minute = 0;
    int second = 0;
};

/// That of the process; one at a fixed distance from UTC; or that of the process at times that have this abbreviation.
struct Zone {
    std::optional<std::chrono::seconds> offset;
    std::string abbreviation;
};

/// "2026-11-24 02:14 CET" in its parts.
struct Spoken {
    std::optional<Date> date;
    std::optional<int> days_from_today;
    std::optional<ClockTime> clock;
    Zone zone;
};

Words words_of(std::string_view text) {
    Words words;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        if (blank > 0) {
            words.push_back(text.substr(0, blank));
        }
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    return words;
}

/// Numbers of two or four digits with a mark between each: "02:14", "2026-11-24".
std::vector<int> numbers_of(std::string_view word, char mark) {
    std::vector<int> numbers;
    for (;;) {
        const std::string_view digits = word.substr(0, word.find(mark));
        const std::size_t expected = numbers.empty() && mark == '-' ? 4 : 2;
        int number = 0;
        const auto end = digits.data() + digits.size();
        const bool is_short_hour = numbers.empty() && mark == ':' && digits.size() == 1;
        if ((digits.size() != expected && !is_short_hour) || digits.front() == '-' ||
            std::from_chars(digits.data(), end, number).ptr != end) {
            return {};
        }
        numbers.push_back(number);
        if (digits.size() == word.size()) {
            return numbers;
        }
        word.remove_prefix(digits.size() + 1);
    }
}

std::optional<Date> date_of(std::string_view word) {
    const std::vector<int> numbers = numbers_of(word, '-');
    if (numbers.size() != 3) {
        return std::nullopt;
    }
    const Date date = std::chrono::year(numbers[0]) /
                      std::chrono::month(static_cast<unsigned>(numbers[1])) /
                      std::chrono::day(static_cast<unsigned>(numbers[2]));
    return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<int> days_from_today(std::string_view word) {
    return word == "yesterday"  ? std::optional(-1)
           : word == "today"    ? std::optional(0)
           : word == "tomorrow" ? std::optional(1)
                                : std::nullopt;
}

std::optional<ClockTime> clock_of(std::string_view word) {
    std::vector<int> numbers = numbers_of(word, ':');
    if (numbers.size() != 2 && numbers.size() != 3) {
        return std::nullopt;
    }
    numbers.resize(3);
    const bool is_clock = numbers[0] < 24 && numbers[1] < 60 && numbers[2] < 60;
    return is_clock ? std::optional(ClockTime{numbers[0], numbers[1], numbers[2]}) : std::nullopt;
}

/// "UTC", "+02:00", "-0330", "+05", "CET"
std::optional<Zone> zone_of(std::string_view word) {
    if (word == "UTC" || word == "GMT" || word == "Z") {
        return Zone{0s, {}};
    }
    const bool is_abbreviation =
        word.size() >= 2 && word.size() <= 6 && std::ranges::all_of(word, [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        });
    if (is_abbreviation) {
        return Zone{std::nullopt, std::string(word)};
    }
    if (word.empty() || (word.front() != '+' && word.front() != '-')) {
        return std::nullopt;
    }
    std::string digits(word.substr(1));
    std::erase(digits, ':');
    digits += digits.size() == 2 ? "00" : "";
    int number = 0;
    const char* const end = digits.data() + digits.size();
    if (digits.size() != 4 || digits.front() == '-' ||
        std::from_chars(digits.data(), end, number).ptr != end || number % 100 >= 60) {
        return std::nullopt;
    }
    const std::chrono::seconds east =
        std::chrono::hours(number / 100) + std::chrono::minutes(number % 100);
    return Zone{word.front() == '-' ? -east : east, {}};
}

/// A day, a clock or both, in this order, and perhaps a zone.
std::optional<Spoken> spoken_of(std::string text) {
    // "2026-11-24T02:14" without a zone.
    if (text.size() > 10 && text[10] == 'T') {
        text[10] = ' ';
    }
    const Words words = words_of(text);
    Spoken out;
    std::size_t at = 0;
    const auto word = [&] { return at < words.size() ? words[at] : std::string_view(); };
    if ((out.date = date_of(word())) || (out.days_from_today = days_from_today(word()))) {
        ++at;
    }
    if ((out.clock = clock_of(word()))) {
        ++at;
    }
    if (at == 0) {
        return std::nullopt;
    }
    if (const auto zone = zone_of(word())) {
        out.zone = *zone;
        ++at;
    }
    return at == words.size() ? std::optional(out) : std::nullopt;
}

std::tm civil(WallTime time, const Zone& zone) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch();
    const std::time_t there = (seconds + zone.offset.value_or(0s)).count();
    std::tm out{};
    zone.offset ? ::gmtime_r(&there, &out) : ::localtime_r(&there, &out);
    return out;
}

/// When a clock shows that; nothing where it never does in a zone with this abbreviation.
std::optional<WallTime> time_of(Date date, ClockTime clock, const Zone& zone) {
    std::tm asked{};
    asked.tm_year = static_cast<int>(date.year()) - 1900;
    asked.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
    asked.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
    asked.tm_hour = clock.hour;
    asked.tm_min = clock.minute;
    asked.tm_sec = clock.second;
    const auto wall = [](std::time_t seconds) { return WallTime(std::chrono::seconds(seconds)); };
    if (zone.offset) {
        return wall(::timegm(&asked)) - *zone.offset;
    }
    // An hour that comes twice a year is told apart by the abbreviation.
    for (const int summer : {-1, 0, 1}) {
        std::tm read = asked;
        read.tm_isdst = summer;
        const std::time_t seconds = ::mktime(&read);
        const bool is_meant = zone.abbreviation.empty() ||
                              (zone.abbreviation == read.tm_zone && read.tm_hour == clock.hour &&
                               read.tm_min == clock.minute);
        if (is_meant) {
            return wall(seconds);
        }
    }
    return std::nullopt;
}

std::optional<WallTime> time_of(const Spoken& spoken, WallTime now, Sought sought) {
    const std::tm today = civil(now, spoken.zone);
    const auto day = [&](int days) {
        const Date date = std::chrono::year(today.tm_year + 1900) /
                          std::chrono::month(static_cast<unsigned>(today.tm_mon) + 1) /
                          std::chrono::day(static_cast<unsigned>(today.tm_mday));
        return Date(std::chrono::sys_days(date) + std::chrono::days(days));
    };
    const ClockTime clock = spoken.clock.value_or(ClockTime{});
    if (spoken.date || spoken.days_from_today) {
        const Date date = spoken.date ? *spoken.date : day(*spoken.days_from_today);
        return time_of(date, clock, spoken.zone);
    }
    const auto first = time_of(day(0), clock, spoken.zone);
    if (sought == Sought::past && first && *first > now) {
        return time_of(day(-1), clock, spoken.zone);
    }
    if (sought == Sought::coming && first && *first <= now) {
        return time_of(day(1), clock, spoken.zone);
    }
    return first;
}

/// "now", "-2h", "2h ago"
std::optional<Duration> time_back(std::string_view text) {
    constexpr std::string_view ago = " ago";
    if (text == "now") {
        return Duration{};
    }
    if (text.starts_with('-')) {
        text.remove_prefix(1);
    } else if (text.ends_with(ago)) {
        text.remove_suffix(ago.size());
    } else {
        return std::nullopt;
    }
    const Result<Duration> back = parse_duration(text);
    return back ? std::optional(*back) : std::nullopt;
}

}  // namespace

Result<std::string> moment(const std::string& text, WallTime now, Sought sought) {
    if (parse_rfc3339(text)) {
        return text;
    }
    if (const std::optional<Duration> back = time_back(text)) {
        return sought == Sought::past ? "-" + format_duration(*back) : format_rfc3339(now - *back);
    }
    const std::optional<Spoken> spoken = spoken_of(text);
    if (!spoken) {
        return failure(
            ErrorKind::invalid, fmt::format("expected {}", moment_forms), printable(text)
        );
    }
    const std::optional<WallTime> time = time_of(*spoken, now, sought);
    if (!time) {
        return failure(
            ErrorKind::invalid,
            fmt::format(
                "clocks here are not at {} then; expected UTC, a distance from it such as +02:00, "
                "or --tz ZONE",
                spoken->zone.abbreviation
            ),
            printable(text)
        );
    }
    return format_rfc3339(*time);
}

}  // namespace muster::ctl
