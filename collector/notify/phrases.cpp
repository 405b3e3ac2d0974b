#include "collector/notify/phrases.hpp"

#include "base/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

/// Phrases in phrases: "host … is down: 192.0.2.7: no reply; port 22: no connection, and …".
constexpr int deepest = 5;

struct Unit {
    std::string_view en;
    std::string_view zh;
};

// base/time.hpp and base/human_duration.hpp
constexpr std::array units{
    Unit{"d", " 天"},
    Unit{"h", " 小时"},
    Unit{"min", " 分钟"},
    Unit{"m", " 分钟"},
    Unit{"s", " 秒"},
    Unit{"ms", " 毫秒"},
    Unit{"us", " 微秒"},
    Unit{"ns", " 纳秒"},
};

bool is_digit(char c) {
    return (c >= '0' && c <= '9') || c == '.';
}

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

/// "2 min 35 s", "1m30s" → "2 分钟 35 秒", "1 分钟 30 秒"; nothing where it is no length of time.
std::optional<std::string> duration_in_chinese(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto number = std::ranges::find_if_not(text, is_digit) - text.begin();
        const std::string_view value = text.substr(0, static_cast<std::size_t>(number));
        text.remove_prefix(value.size());
        text.remove_prefix(text.starts_with(' ') ? 1 : 0);
        const auto letters = std::ranges::find_if_not(text, is_letter) - text.begin();
        const auto* const unit =
            std::ranges::find(units, text.substr(0, static_cast<std::size_t>(letters)), &Unit::en);
        if (value.empty() || unit == units.end()) {
            return std::nullopt;
        }
        text.remove_prefix(unit->en.size());
        text.remove_prefix(text.starts_with(' ') ? 1 : 0);
        out += (out.empty() ? "" : " ") + std::string(value) + std::string(unit->zh);
    }
    return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<std::string> say_phrase(
    const config::MailSettings& mail, Said where, std::string_view text, int depth
);

/// What stands in the braces of a phrase, as the mail says it; nothing where it is not of that kind.
std::optional<std::string> say_part(
    const config::MailSettings& mail, std::string_view kind, std::string_view text, int depth
) {
    const std::string as_it_is(text);
    if (text.empty()) {
        return std::nullopt;
    }
    if (kind == "word") {
        return text.find(' ') != std::string_view::npos ? std::nullopt : std::optional(as_it_is);
    }
    if (kind == "at") {
        const auto at = parse_rfc3339(text);
        const auto words = at ? word_time(*at, mail) : Result<std::string>(as_it_is);
        return at && words ? std::optional(*words) : std::nullopt;
    }
    if (kind == "for") {
        const auto in_chinese = duration_in_chinese(text);
        return in_chinese && mail.language == config::Language::en ? as_it_is : in_chinese;
    }
    if (kind == "said" || kind == "known") {
        const auto words = say_phrase(mail, Said::sight, text, depth - 1);
        return words || kind == "known" ? words : std::optional(as_it_is);
    }
    if (kind == "title") {
        return say_phrase(mail, Said::title, text, depth - 1).value_or(as_it_is);
    }
    return as_it_is;  // "name"
}

/// What stands where `pattern` has its braces, each as the mail says it. A part ends where the text behind it begins first.
std::optional<std::vector<std::string>> parts_of(
    const config::MailSettings& mail, std::string_view pattern, std::string_view text, int depth
) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t open = std::min(pattern.find('{'), pattern.size());
        if (!text.starts_with(pattern.substr(0, open))) {
            return std::nullopt;
        }
        text.remove_prefix(open);
        pattern.remove_prefix(open);
        if (pattern.empty()) {
            return text.empty() ? std::optional(std::move(parts)) : std::nullopt;
        }
        const std::size_t close = pattern.find('}');
        const std::string_view kind = pattern.substr(1, close - 1);
        pattern.remove_prefix(close + 1);
        const std::string_view behind = pattern.substr(0, pattern.find('{'));
        // The last one takes all there is.
        const std::size_t end = behind.empty()                    ? text.size()
                                : behind.size() == pattern.size() ? text.rfind(behind)
                                                                  : text.find(behind);
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        auto part = say_part(mail, kind, text.substr(0, end), depth);
        if (!part) {
            return std::nullopt;
        }
        parts.push_back(std::move(*part));
        text.remove_prefix(end);
    }
}

/// `pattern` with its braces filled, in their order or by their position.
std::string filled(std::string_view pattern, const std::vector<std::string>& parts) {
    std::string out;
    for (std::size_t next = 0; !pattern.empty(); ++next) {
        const std::size_t open = std::min(pattern.find('{'), pattern.size());
        out += pattern.substr(0, open);
        pattern.remove_prefix(open);
        if (pattern.empty()) {
            break;
        }
        const std::size_t at =
            is_digit(pattern[1]) ? static_cast<std::size_t>(pattern[1] - '0') : next;
        out += parts.at(at);
        pattern.remove_prefix(pattern.find('}') + 1);
    }
    return out;
}

std::optional<std::string> say_phrase(
    const config::MailSettings& mail, Said where, std::string_view text, int depth
) {
    if (depth == 0) {
        return std::nullopt;
    }
    for (const Phrase& phrase : phrases(where)) {
        if (const auto parts = parts_of(mail, phrase.en, text, depth)) {
            return filled(mail.language == config::Language::zh ? phrase.zh : phrase.en, *parts);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string say(const config::MailSettings& mail, Said where, std::string_view text) {
    auto words = say_phrase(mail, where, text, deepest);
    return words ? std::move(*words) : std::string(text);
}

std::string say_duration(config::Language language, std::string_view text) {
    const auto in_chinese = duration_in_chinese(text);
    return language == config::Language::zh && in_chinese ? *in_chinese : std::string(text);
}

Result<std::string> word_time(WallTime at, const config::MailSettings& mail) {
    const auto shown = local_time(at, mail.zone);
    if (!shown) {
        return failure(shown.error());
    }
    const auto offset = shown->offset.count();
    const auto absolute = offset < 0 ? -offset : offset;
    const std::string day =
        mail.language == config::Language::zh
            ? fmt::format("{}年{}月{}日", shown->year, shown->month, shown->day)
            : fmt::format("{:04}-{:02}-{:02}", shown->year, shown->month, shown->day);
    return fmt::format(
        "{} {:02}:{:02}:{:02} {}{:02}:{:02}",
        day,
        shown->hour,
        shown->minute,
        shown->second,
        offset < 0 ? '-' : '+',
        absolute / 60,
        absolute % 60
    );
}

}  // namespace muster::collector
