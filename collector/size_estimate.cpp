#include "collector/size_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

// Taken when the question does not say. An ICMP probe gives 5 values, SNMP 3, HTTP 8; some of each hardly ever change.
constexpr std::uint64_t usual_probes = 5;
constexpr std::uint64_t usual_values = 4;
constexpr Duration usual_interval = std::chrono::minutes(1);

// Bytes on disk. History: `bench_history --benchmark_filter=day` for 1,000 probes a minute apart with 1 and with 3 values that
// vary by 1.5 %: 1.19 and 3.29 B a result, 3.53 and 9.82 B a row of five minutes, 3.36 and 8.94 B one of an hour. Five minutes
// apart, a row holds a single result: 2.30 and 6.54 B.
struct Bytes {
    double alone;
    double a_value;
};

constexpr Bytes raw_bytes{.alone = 0.14, .a_value = 1.05};
constexpr Bytes row_bytes{.alone = 0.4, .a_value = 3.15};
constexpr Bytes single_row_bytes{.alone = 0.2, .a_value = 2.1};
// The journal: `bench_results_codec --benchmark_filter=small`: 80 and 162 B for 10 results of 1 and 4 values, 563 and 1,243 B
// for 100. Beside the 25 B of an empty batch its ids, its times and its row. `bench_ingest`: 4.2 B with large batches.
constexpr double journal_bytes_a_batch = 150;
constexpr Bytes journal_bytes{.alone = 2.9, .a_value = 2.4};
constexpr double journal_bytes_a_tick = 48;
// A tick each second: an idle collector with `journal.tick: 10ms`, 180,224 B of journal after 3,709 entries.
// state.db of an idle collector with 5,000 devices with 5 probes each and with one: 13,537,280 and 7,008,256 B.
constexpr double state_bytes_a_device = 1'080;
constexpr double state_bytes_a_probe = 330;
// An agent sends what it has so often at most, and as a rule one looks after so many devices.
constexpr double batches_a_day = 5 * 86'400.0;
constexpr double devices_an_agent = 1'000;
// A block goes as a whole when its newest sample is too old: a day of results or of five minutes, a month of hours.
constexpr double day_longer = 1;
constexpr double month_longer = 30;

constexpr std::uint64_t most = 1'000'000'000;

double days(Duration duration) {
    return std::chrono::duration<double>(duration) / std::chrono::hours(24);
}

Failure not_understood(std::string_view word) {
    return failure(
        ErrorKind::invalid,
        fmt::format(
            "\"{}\" is not understood; say for example \"500 devices\" or \"2000 devices, 20 "
            "probes "
            "each, every 30s\"",
            word
        )
    );
}

/// Words in small letters; commas, but for those between digits, separate them too.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words(1);
    const auto is_digit = [text](std::size_t at) {
        return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto one = static_cast<unsigned char>(text[at]);
        const bool is_grouping = one == ',' && at > 0 && is_digit(at - 1) && is_digit(at + 1) &&
                                 is_digit(at + 2) && is_digit(at + 3) && !is_digit(at + 4);
        if (std::isspace(one) != 0 || (one == ',' && !is_grouping)) {
            words.emplace_back();
        } else if (!is_grouping) {
            words.back().push_back(static_cast<char>(std::tolower(one)));
        }
    }
    std::erase(words, std::string());
    return words;
}

/// 1 to a thousand million; "2k" is 2,000.
std::optional<std::uint64_t> count_of(std::string_view word) {
    std::uint64_t factor = 1;
    if (word.ends_with('k')) {
        factor = 1'000;
        word.remove_suffix(1);
    }
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    const bool is_good = error == std::errc() && end == word.data() + word.size();
    if (!is_good || count == 0 || count > most / factor) {
        return std::nullopt;
    }
    return count * factor;
}

/// "30s", or "30" and then "seconds", or "minute".
Result<Duration> interval_of(std::span<const std::string> words, std::size_t& used) {
    used = 1;
    if (words.empty()) {
        return failure(ErrorKind::invalid, "expected a duration such as 30s after \"every\"");
    }
    std::string text = words[0];
    constexpr std::array<std::string_view, 12> units{
        "s",
        "sec",
        "second",
        "seconds",
        "m",
        "min",
        "minute",
        "minutes",
        "h",
        "hour",
        "hours",
        "hrs"
    };
    const bool is_apart = words.size() > 1 && count_of(words[0]);
    const std::string& unit = words[is_apart ? 1 : 0];
    if (std::ranges::find(units, unit) != units.end()) {
        used = is_apart ? 2 : 1;
        text = (is_apart ? words[0] : std::string("1")) + unit[0];
    }
    auto interval = parse_duration(text);
    if (!interval || *interval <= Duration::zero()) {
        return not_understood("every " + words[0]);
    }
    return interval;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> others) {
    return std::ranges::find(others, word) != others.end();
}

std::string bytes_text(double bytes) {
    constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1'023.5 && unit + 1 < units.size(); ++unit) {
        bytes /= 1'024;
    }
    return fmt::format("{:.{}f} {}", bytes, bytes < 9.95 && unit > 0 ? 1 : 0, units[unit]);
}

std::string row(const char* name, const SizeShare& share, const std::string& kept) {
    return fmt::format(
        "{:<14}{:>12}{:>14}   {}\n",
        name,
        share.a_day > 0 ? bytes_text(share.a_day) : "",
        bytes_text(share.kept),
        kept
    );
}

std::string told(std::uint64_t number, const char* what, bool is_assumed) {
    return fmt::format("{} {}{}", number, what, is_assumed ? " (assumed)" : "");
}

}  // namespace

Result<SizeQuestion> parse_size_question(std::string_view text) {
    const std::vector<std::string> words = words_of(text);
    SizeQuestion question;
    std::optional<std::uint64_t> number;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        const bool is_device = is_one_of(
            word, {"device", "devices", "host", "hosts", "target", "targets", "cis", "servers"}
        );
        if (is_device && number) {
            question.devices = *std::exchange(number, std::nullopt);
        } else if (is_device && at == 0) {
            break;
        } else if (number && is_one_of(word, {"probe", "probes"})) {
            question.probes = std::exchange(number, std::nullopt);
        } else if (number && is_one_of(word, {"value", "values", "metric", "metrics"})) {
            question.values = std::exchange(number, std::nullopt);
        } else if (!number && word == "every") {
            std::size_t used = 0;
            const auto interval = interval_of(std::span(words).subspan(at + 1), used);
            if (!interval) {
                return failure(interval.error());
            }
            question.interval = *interval;
            at += used;
        } else if (!number && count_of(word)) {
            number = count_of(word);
        } else if (number ||
                   !is_one_of(word, {"each", "and", "with", "per", "a", "of", "device", "probe"})) {
            return not_understood(word);
        }
    }
    if (number) {
        return not_understood(words.back());
    }
    if (question.devices == 0) {
        return failure(
            ErrorKind::invalid, "how many devices? Say for example \"500 devices\" or \"40 hosts\""
        );
    }
    return question;
}

double SizeEstimate::all_kept() const {
    return journal.kept + raw.kept + five_minutes.kept + hourly.kept + state.kept - history_cut;
}

SizeEstimate estimate_size(const SizeQuestion& question, const config::CollectorConfig& process) {
    const auto probes = static_cast<double>(question.devices) *
                        static_cast<double>(question.probes.value_or(usual_probes));
    const auto values = static_cast<double>(question.values.value_or(usual_values));
    const double each = 1 / days(question.interval.value_or(usual_interval));
    const auto share = [](double a_day, double kept_days) {
        return SizeShare{.a_day = a_day, .kept = a_day * kept_days};
    };
    const auto of = [values](Bytes bytes) { return bytes.alone + bytes.a_value * values; };
    const auto rows_a_day = [&](double buckets) {
        return probes * std::min(each, buckets) * of(each > buckets ? row_bytes : single_row_bytes);
    };
    SizeEstimate size;
    size.results_a_day = probes * each;
    const double agents = std::ceil(static_cast<double>(question.devices) / devices_an_agent);
    size.journal.a_day =
        86'400 * journal_bytes_a_tick +
        std::min(size.results_a_day, agents * batches_a_day) * journal_bytes_a_batch +
        size.results_a_day * of(journal_bytes);
    size.journal.kept = std::max(
        static_cast<double>(process.journal_keep_bytes),
        size.journal.a_day * days(process.journal_keep_at_least)
    );
    size.raw = share(size.results_a_day * of(raw_bytes), days(process.history_raw) + day_longer);
    size.five_minutes = share(rows_a_day(288), days(process.history_five_minutes) + day_longer);
    size.hourly = share(rows_a_day(24), days(process.history_hourly) + month_longer);
    size.state.kept =
        static_cast<double>(question.devices) * state_bytes_a_device + probes * state_bytes_a_probe;
    const double history = size.raw.kept + size.five_minutes.kept + size.hourly.kept;
    size.history_cut = std::max(0.0, history - static_cast<double>(process.history_keep_bytes));
    return size;
}

std::string size_text(const SizeQuestion& question, const config::CollectorConfig& process) {
    const SizeEstimate size = estimate_size(question, process);
    const Duration interval = question.interval.value_or(usual_interval);
    std::string text = fmt::format(
        "{} devices, {}, {}, every {}{}: {:.{}f} results a second\n\n",
        question.devices,
        told(question.probes.value_or(usual_probes), "probes each", !question.probes),
        told(question.values.value_or(usual_values), "values a probe", !question.values),
        format_duration(interval),
        question.interval ? "" : " (assumed)",
        size.results_a_day / 86'400,
        size.results_a_day < 864'000 ? 1 : 0
    );
    text += fmt::format("{:<14}{:>12}{:>14}   {}\n", "", "a day", "in the end", "kept");
    const double full_days = size.journal.kept / size.journal.a_day;
    text +=
        row("journal",
            size.journal,
            fmt::format(
                "journal.keep {}, at least {}; full after {:.0f} days",
                bytes_text(static_cast<double>(process.journal_keep_bytes)),
                format_duration(process.journal_keep_at_least),
                full_days
            ));
    text += row("raw", size.raw, "history.raw " + format_duration(process.history_raw));
    text +=
        row("five minutes",
            size.five_minutes,
            "history.five_minutes " + format_duration(process.history_five_minutes));
    text += row("hourly", size.hourly, "history.hourly " + format_duration(process.history_hourly));
    text += row("state", size.state, "while there are the devices");
    text += fmt::format("{:<14}{:>12}{:>14}\n", "in all", "", bytes_text(size.all_kept()));
    if (size.history_cut > 0) {
        text += fmt::format(
            "\nhistory.keep is {}: there is no room for {} of that; the oldest results go first, "
            "then "
            "five minutes, then hours.\n",
            bytes_text(static_cast<double>(process.history_keep_bytes)),
            bytes_text(size.history_cut)
        );
    }
    return text +
           "\nValues are taken to vary by a few percent, as round trips do; counters and constant "
           "values take less. Merging wants\nroom for one day of results once more. Incidents and "
           "their messages are not counted: a few KiB each.\n";
}

}  // namespace muster::collector
