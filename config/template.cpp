#include "config/template.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::config {

namespace {

constexpr std::size_t longest_template = 16U << 10U;

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

TemplateFlaw flaw(std::size_t line, std::string_view before, std::string what) {
    const auto column = std::ranges::count_if(before, [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    return {line, static_cast<std::size_t>(column) + 1, std::move(what)};
}

std::string unknown_name(std::string_view name, std::span<const std::string_view> names) {
    return fmt::format(
        "unknown placeholder \"{}\", expected one of: {}",
        printable(name, 60),
        fmt::join(names, ", ")
    );
}

}  // namespace

tl::expected<Template, TemplateFlaw> Template::parse(
    std::string_view text, std::span<const std::string_view> names
) {
    if (text.size() > longest_template) {
        return tl::unexpected(
            TemplateFlaw{1, 1, fmt::format("expected at most {} bytes", longest_template)}
        );
    }
    Template made;
    made.text_ = text;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view whole = text.substr(0, end);
        Line line;
        line.ends = end != std::string_view::npos;
        text.remove_prefix(line.ends ? end + 1 : text.size());
        for (std::size_t at = 0; at < whole.size();) {
            const std::size_t opened = whole.find("{{", at);
            const std::string_view plain = whole.substr(at, opened - at);
            if (const std::size_t stray = plain.find("}}"); stray != std::string_view::npos) {
                return tl::unexpected(flaw(
                    number,
                    whole.substr(0, at + stray),
                    "\"}}\" closes nothing, expected \"{{\" before"
                ));
            }
            if (!plain.empty()) {
                line.parts.push_back({std::string(plain), false});
            }
            if (opened == std::string_view::npos) {
                break;
            }
            const std::size_t closed = whole.find("}}", opened);
            if (closed == std::string_view::npos) {
                return tl::unexpected(flaw(
                    number,
                    whole.substr(0, opened),
                    "\"{{\" is not closed, expected \"}}\" on its line"
                ));
            }
            const std::string_view name = trimmed(whole.substr(opened + 2, closed - opened - 2));
            if (std::ranges::find(names, name) == names.end()) {
                return tl::unexpected(
                    flaw(number, whole.substr(0, opened), unknown_name(name, names))
                );
            }
            line.parts.push_back({std::string(name), true});
            at = closed + 2;
        }
        made.lines_.push_back(std::move(line));
    }
    return made;
}

std::string Template::render(const Values& values) const {
    std::string out;
    for (const Line& line : lines_) {
        std::string text;
        bool asked = false;
        bool filled = false;
        for (const Part& part : line.parts) {
            const std::string value = part.placeholder ? values(part.text) : part.text;
            asked = asked || part.placeholder;
            filled = filled || (part.placeholder && !value.empty());
            text += value;
        }
        if (!asked || filled) {
            out += text;
            out += line.ends ? "\n" : "";
        }
    }
    return out;
}

}  // namespace muster::config
