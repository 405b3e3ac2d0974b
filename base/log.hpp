// Owns: one line per event on standard error: an event name and typed fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace muster {

enum class LogLevel { debug, info, notice, warning, error };
enum class LogFormat { text, json };

struct LogField {
    std::string_view name;
    std::variant<std::string, std::int64_t, double, bool> value;

    LogField(std::string_view name, std::string_view text) : name(name), value(std::string(text)) {}

    LogField(std::string_view name, const std::string& text) : name(name), value(text) {}

    LogField(std::string_view name, const char* text) : name(name), value(std::string(text)) {}

    LogField(std::string_view name, bool flag) : name(name), value(flag) {}

    LogField(std::string_view name, double number) : name(name), value(number) {}

    template <class Number>
        requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>)
    LogField(std::string_view name, Number number)
        : name(name), value(static_cast<std::int64_t>(number)) {}
};

/// Called once by main() before threads start. Time stamps are left out when journald adds its own.
void configure_log(LogFormat format, LogLevel least);

/// One line without its time: `info event key=value key="quoted value"`.
std::string text_line(
    LogLevel level, std::string_view event, std::initializer_list<LogField> fields
);
/// One JSON object; `time` is RFC 3339.
std::string json_line(
    LogLevel level,
    std::string_view time,
    std::string_view event,
    std::initializer_list<LogField> fields
);

/// Writes one line with one write(2); values are made printable. Any thread.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace muster
