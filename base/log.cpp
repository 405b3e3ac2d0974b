#include "base/log.hpp"

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {

namespace {

/// One of journald's own streams: it adds the time and understands a leading "<priority>".
bool journald_listens() {
    // JOURNAL_STREAM=8:4711 (device:inode; systemd.exec(5))
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat info{};
    if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) {
        return false;
    }
    return fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

struct Settings {
    std::atomic<LogFormat> format = LogFormat::text;
    std::atomic<LogLevel> least = LogLevel::info;
    std::atomic<bool> journald = journald_listens();
};

Settings& settings() {
    static Settings one;
    return one;
}

std::string_view name_of(LogLevel level) {
    constexpr std::array<std::string_view, 5> names{"debug", "info", "notice", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

/// syslog(3) priorities.
int priority_of(LogLevel level) {
    constexpr std::array<int, 5> priorities{7, 6, 5, 4, 3};
    return priorities[static_cast<std::size_t>(level)];
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') {
            out += '\\';
        }
        out += byte;
    }
    return out + '"';
}

struct TextValue {
    std::string operator()(const std::string& raw) const {
        std::string text = printable(raw);
        const bool bare = !text.empty() && text.find_first_of(" =\"\\") == std::string::npos;
        return bare ? text : quoted(text);
    }

    std::string operator()(std::int64_t number) const { return std::to_string(number); }

    std::string operator()(double number) const { return fmt::format("{}", number); }

    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

struct JsonValue {
    std::string operator()(const std::string& raw) const { return quoted(printable(raw)); }

    std::string operator()(std::int64_t number) const { return std::to_string(number); }

    std::string operator()(double number) const {
        return std::isfinite(number) ? fmt::format("{}", number) : "null";
    }

    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

WallTime now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

void write_line(std::string_view line) {
    ssize_t written = -1;
    do {
        written = ::write(STDERR_FILENO, line.data(), line.size());
    } while (written < 0 && errno == EINTR);
}

}  // namespace

void configure_log(LogFormat format, LogLevel least) {
    settings().format = format;
    settings().least = least;
}

std::string text_line(
    LogLevel level, std::string_view event, std::initializer_list<LogField> fields
) {
    std::string line = fmt::format("{} {}", name_of(level), event);
    for (const LogField& field : fields) {
        line += fmt::format(" {}={}", field.name, std::visit(TextValue{}, field.value));
    }
    return line;
}

std::string json_line(
    LogLevel level,
    std::string_view time,
    std::string_view event,
    std::initializer_list<LogField> fields
) {
    std::string line = fmt::format(
        R"({{"time":"{}","level":"{}","event":{})",
        time,
        name_of(level),
        JsonValue{}(std::string(event))
    );
    for (const LogField& field : fields) {
        const std::string name = JsonValue{}(std::string(field.name));
        line += fmt::format(",{}:{}", name, std::visit(JsonValue{}, field.value));
    }
    return line + '}';
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    const Settings& how = settings();
    if (level < how.least.load(std::memory_order_relaxed)) {
        return;
    }
    if (how.format == LogFormat::json) {
        write_line(json_line(level, format_rfc3339(now()), event, fields) + '\n');
    } else if (how.journald) {
        write_line(fmt::format("<{}>{}\n", priority_of(level), text_line(level, event, fields)));
    } else {
        write_line(fmt::format("{} {}\n", format_rfc3339(now()), text_line(level, event, fields)));
    }
}

}  // namespace muster
