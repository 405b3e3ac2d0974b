#include "ctl/output.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <numeric>

namespace muster::ctl {

namespace {

constexpr std::size_t widest_cell = 60;

/// One code point; the text is valid UTF-8.
char32_t next_character(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned lead = byte(at);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    char32_t code = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        code = (code << 6U) | (byte(at + i) & 0x3FU);
    }
    at += length;
    return code;
}

/// Unicode Standard Annex 11, the ranges that matter on a terminal.
std::size_t width_of(char32_t code) {
    if (code == 0x200B || (code >= 0x0300 && code <= 0x036F)) {
        return 0;
    }
    const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                      (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                      (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                      (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
                      (code >= 0x20000 && code <= 0x3FFFD);
    return wide ? 2 : 1;
}

/// Safe for a terminal, and not wider than `widest`.
std::string fitted(const std::string& text, std::size_t widest) {
    std::string safe = printable(text, 4096);
    std::replace(safe.begin(), safe.end(), '\n', ' ');
    if (display_width(safe) <= widest) {
        return safe;
    }
    std::size_t at = 0;
    std::size_t width = 0;
    while (at < safe.size()) {
        const std::size_t before = at;
        width += width_of(next_character(safe, at));
        if (width > widest - 1) {
            return safe.substr(0, before) + "…";
        }
    }
    return safe;
}

std::string_view colour_of(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "\x1b[32m";
        case Tone::doubtful:
            return "\x1b[33m";
        case Tone::bad:
            return "\x1b[31m";
        case Tone::quiet:
            return "\x1b[2m";
        case Tone::plain:
            return "";
    }
    return "";
}

std::string csv_cell(const std::string& text) {
    constexpr std::string_view formula_starts = "=+-@\t\r";
    const bool formula =
        !text.empty() && formula_starts.find(text.front()) != std::string_view::npos;
    std::string safe = formula ? "'" + text : text;
    if (safe.find_first_of(",\"\r\n") == std::string::npos) {
        return safe;
    }
    std::string quoted = "\"";
    for (const char c : safe) {
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    }
    return quoted + "\"";
}

void put_json(std::string& out, const json::value& value, std::size_t depth) {
    const std::string indent(2 * depth + 2, ' ');
    const std::string closing(2 * depth, ' ');
    if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
        out += "{\n";
        bool first = true;
        for (const auto& member : *object) {
            out += first ? indent : ",\n" + indent;
            first = false;
            out += json::serialize(json::value(member.key())) + ": ";
            put_json(out, member.value(), depth + 1);
        }
        out += "\n" + closing + "}";
        return;
    }
    if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
        out += "[\n";
        bool first = true;
        for (const json::value& item : *array) {
            out += first ? indent : ",\n" + indent;
            first = false;
            put_json(out, item, depth + 1);
        }
        out += "\n" + closing + "]";
        return;
    }
    // Boost writes 0.12 as 1.2E-1.
    out += value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

std::tm local_time(WallTime time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return local;
}

bool same_day(const std::tm& a, const std::tm& b) {
    return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        width += width_of(next_character(text, at));
    }
    return width;
}

std::string render_table(const Table& table, Colours colours) {
    std::vector<std::size_t> widths;
    widths.reserve(table.titles.size());
    for (const std::string& title : table.titles) {
        widths.push_back(display_width(title));
    }
    std::vector<std::vector<Cell>> rows = table.rows;
    for (std::vector<Cell>& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i].text = fitted(row[i].text, i + 1 == row.size() ? 4096 : widest_cell);
            widths[i] = std::max(widths[i], display_width(row[i].text));
        }
    }
    std::string out;
    const auto put = [&](const Cell& cell, std::size_t column) {
        const bool coloured = colours == Colours::on && cell.tone != Tone::plain;
        const std::string text =
            coloured ? fmt::format("{}{}\x1b[0m", colour_of(cell.tone), cell.text) : cell.text;
        out += text;
        if (column + 1 < widths.size()) {
            out += std::string(widths[column] - display_width(cell.text) + 2, ' ');
        }
    };
    for (std::size_t i = 0; i < table.titles.size(); ++i) {
        put(Cell{table.titles[i], Tone::quiet}, i);
    }
    out += '\n';
    for (const std::vector<Cell>& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            put(row[i], i);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    return out;
}

std::string render_csv(const Table& table) {
    std::string out;
    for (std::size_t i = 0; i < table.titles.size(); ++i) {
        out += (i == 0 ? "" : ",") + csv_cell(table.titles[i]);
    }
    out += "\r\n";
    for (const std::vector<Cell>& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += (i == 0 ? "" : ",") + csv_cell(row[i].text);
        }
        out += "\r\n";
    }
    return out;
}

std::string render_json(const json::value& value) {
    std::string out;
    put_json(out, value, 0);
    return out + "\n";
}

Tone tone_of_state(std::string_view state) {
    if (state == "ok" || state == "up" || state == "connected" || state == "resolved" ||
        state == "closed") {
        return Tone::good;
    }
    if (state == "critical" || state == "down" || state == "silent" || state == "new" ||
        state == "revoked") {
        return Tone::bad;
    }
    if (state == "warning" || state == "degraded" || state == "unknown" ||
        state == "disconnected") {
        return Tone::doubtful;
    }
    if (state == "unproven" || state == "unobserved" || state == "stopped" ||
        state == "cancelled") {
        return Tone::quiet;
    }
    return Tone::plain;
}

std::string human_time(WallTime then, WallTime now) {
    using namespace std::chrono_literals;
    const Duration ago = now - then;
    if (ago >= 0s && ago < 1s) {
        return "now";
    }
    if (ago >= 0s && ago < 60s) {
        return fmt::format("{}s ago", ago / 1s);
    }
    if (ago >= 0s && ago < 1h) {
        return fmt::format("{}m ago", ago / 1min);
    }
    if (ago >= 0s && ago < 6h) {
        return fmt::format("{}h ago", ago / 1h);
    }
    const std::tm local = local_time(then);
    const std::string clock =
        fmt::format("{:02}:{:02} {}", local.tm_hour, local.tm_min, local.tm_zone);
    if (ago >= 0s && same_day(local, local_time(now))) {
        return clock;
    }
    if (ago >= 0s && ago < 48h && same_day(local, local_time(now - 24h))) {
        return "yesterday " + clock;
    }
    return fmt::format(
        "{:04}-{:02}-{:02} {}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, clock
    );
}

std::string human_time(const json::value& then, WallTime now) {
    if (!then.is_string()) {
        return {};
    }
    const std::string text(then.get_string());
    const Result<WallTime> time = parse_rfc3339(text);
    return time ? human_time(*time, now) : text;
}

std::string exact_time(const json::value& then) {
    if (!then.is_string()) {
        return {};
    }
    const std::string text(then.get_string());
    const Result<WallTime> time = parse_rfc3339(text);
    if (!time) {
        return text;
    }
    const std::tm local = local_time(*time);
    return fmt::format(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}",
        local.tm_year + 1900,
        local.tm_mon + 1,
        local.tm_mday,
        local.tm_hour,
        local.tm_min,
        local.tm_sec,
        local.tm_zone
    );
}

const json::value& member_of(const json::value& object, std::string_view member) {
    static const json::value missing;
    const json::object* fields = object.if_object();
    const json::value* found = fields == nullptr ? nullptr : fields->if_contains(member);
    return found == nullptr ? missing : *found;
}

std::string text_of(const json::value& object, std::string_view member) {
    const json::value& value = member_of(object, member);
    if (value.is_null()) {
        return {};
    }
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string text_of(const json::value& object, std::string_view outer, std::string_view inner) {
    return text_of(member_of(object, outer), inner);
}

const json::array& items_of(const json::value& object, std::string_view member) {
    static const json::array nothing;
    const json::array* items = member_of(object, member).if_array();
    return items == nullptr ? nothing : *items;
}

std::string joined(const json::value& object, std::string_view member, std::string_view separator) {
    std::string text;
    for (const json::value& item : items_of(object, member)) {
        if (item.is_string()) {
            text += text.empty() ? "" : separator;
            text += std::string_view(item.get_string());
        }
    }
    return text;
}

std::string sites_of(const json::value& object) {
    const std::string text = joined(object, "sites", " ");
    return text.empty() ? "all" : text;
}

}  // namespace muster::ctl
