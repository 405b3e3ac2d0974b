#include "config/param_spec.hpp"

#include "base/time.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace muster::config {

namespace {

constexpr std::size_t most_items = 256;

Failure expected(std::string what) {
    return failure(ErrorKind::invalid, "expected " + std::move(what));
}

bool has_range(const ParamSpec& spec) {
    return spec.least != 0 || spec.most != 0;
}

Result<std::string> canonical_integer(const ParamSpec& spec, std::string_view text) {
    const auto number = parse_integer(text);
    if (number && (!has_range(spec) || (*number >= spec.least && *number <= spec.most))) {
        return std::to_string(*number);
    }
    return has_range(spec)
               ? expected(fmt::format("a whole number, {} to {}", spec.least, spec.most))
               : expected("a whole number");
}

Result<std::string> canonical_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
        !std::isfinite(value)) {
        return expected("a number");
    }
    return fmt::format("{}", value);
}

Result<std::string> canonical_duration(const ParamSpec& spec, std::string_view text) {
    const auto duration = parse_duration(text);
    const auto least = std::chrono::milliseconds(spec.least);
    const auto most = std::chrono::milliseconds(spec.most);
    if (duration && (!has_range(spec) || (*duration >= least && *duration <= most))) {
        return format_duration(*duration);
    }
    return has_range(spec)
               ? expected(fmt::format(
                     "a duration, {} to {}", format_duration(least), format_duration(most)
                 ))
               : expected("a duration such as 30s");
}

Result<std::string> canonical_choice(const ParamSpec& spec, std::string_view text) {
    const auto choices = split(spec.choices, '|');
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
        return expected(fmt::format("one of {}", fmt::join(choices, ", ")));
    }
    return std::string(text);
}

template <class Check>
Result<std::string> canonical_list(std::string_view text, Check check) {
    std::string canonical;
    const auto items = split(text, '\n');
    if (items.empty() || items.size() > most_items) {
        return expected(fmt::format("1 to {} values", most_items));
    }
    for (const std::string_view item : items) {
        Result<std::string> one = check(item);
        if (!one) {
            return failure(one.error());
        }
        if (one->empty()) {
            return expected("values that are not empty");
        }
        if (!canonical.empty()) {
            canonical += '\n';
        }
        canonical += *one;
    }
    return canonical;
}

Result<std::string> canonical_map(std::string_view text) {
    std::string canonical;
    const auto lines = split(text, '\n');
    if (lines.size() > most_items) {
        return expected(fmt::format("at most {} entries", most_items));
    }
    for (const std::string_view line : lines) {
        const std::size_t tab = line.find('\t');
        if (tab == 0 || tab == std::string_view::npos || !check_text(line.substr(0, tab)) ||
            !check_text(line.substr(tab + 1))) {
            return expected("a map of texts without control characters");
        }
        if (!canonical.empty()) {
            canonical += '\n';
        }
        canonical += line;
    }
    return canonical;
}

/// The text as it stands: what it means is of no use in a file or a message.
Result<std::string> check_bytes(std::string_view text) {
    const Result<std::string> plain = check_text(text);
    if (!plain) {
        return plain;
    }
    const Result<std::string> meant = unescape(text);
    return meant ? plain : meant;
}

const ParamSpec* find_spec(std::span<const ParamSpec> specs, std::string_view name) {
    const auto found = std::find_if(specs.begin(), specs.end(), [&](const ParamSpec& spec) {
        return spec.name == name;
    });
    return found == specs.end() ? nullptr : &*found;
}

Failure unknown_option(std::span<const ParamSpec> specs, const std::string& name) {
    std::vector<std::string_view> known;
    for (const ParamSpec& spec : specs) {
        known.push_back(spec.name);
    }
    const std::string_view guess = nearest(name, known);
    return failure(
        ErrorKind::invalid,
        guess.empty() ? "unknown option"
                      : fmt::format("unknown option; did you mean \"{}\"?", guess),
        name
    );
}

}  // namespace

std::string_view to_string(ParamKind kind) {
    switch (kind) {
        case ParamKind::text:
            return "text";
        case ParamKind::bytes:
            return "bytes";
        case ParamKind::integer:
            return "integer";
        case ParamKind::number:
            return "number";
        case ParamKind::boolean:
            return "boolean";
        case ParamKind::duration:
            return "duration";
        case ParamKind::choice:
            return "choice";
        case ParamKind::text_list:
            return "text_list";
        case ParamKind::integer_list:
            return "integer_list";
        case ParamKind::text_map:
            return "text_map";
        case ParamKind::regex:
            return "regex";
        case ParamKind::url:
            return "url";
        case ParamKind::oid_list:
            return "oid_list";
        case ParamKind::secret:
            return "secret";
    }
    return "text";
}

Result<std::string> canonical_value(const ParamSpec& spec, std::string_view text) {
    switch (spec.kind) {
        case ParamKind::text:
            return check_text(text);
        case ParamKind::bytes:
            return check_bytes(text);
        case ParamKind::integer:
            return canonical_integer(spec, text);
        case ParamKind::number:
            return canonical_number(text);
        case ParamKind::boolean:
            if (text == "true" || text == "false") {
                return std::string(text);
            }
            return expected("true or false");
        case ParamKind::duration:
            return canonical_duration(spec, text);
        case ParamKind::choice:
            return canonical_choice(spec, text);
        case ParamKind::text_list:
            return canonical_list(text, check_text);
        case ParamKind::integer_list:
            return canonical_list(text, [&](std::string_view item) {
                return canonical_integer(spec, item);
            });
        case ParamKind::text_map:
            return canonical_map(text);
        case ParamKind::regex:
            return check_regex(text);
        case ParamKind::url:
            return check_url(text);
        case ParamKind::oid_list:
            return canonical_list(text, check_oid);
        case ParamKind::secret:
            return expected("a file: secrets are not given as values");
    }
    return expected("another kind of option");
}

Result<Params> validate_params(std::span<const ParamSpec> specs, const Params& given) {
    Params valid;
    for (const auto& [name, text] : given) {
        const ParamSpec* spec = find_spec(specs, name);
        if (spec == nullptr) {
            return unknown_option(specs, name);
        }
        Result<std::string> value = canonical_value(*spec, text);
        if (!value) {
            return failure(value.error(), name);
        }
        valid.emplace(name, std::move(*value));
    }
    for (const ParamSpec& spec : specs) {
        if (spec.kind == ParamKind::secret || valid.contains(std::string(spec.name))) {
            continue;
        }
        if (spec.required) {
            return failure(ErrorKind::invalid, "is missing", std::string(spec.name));
        }
        if (!spec.default_text.empty()) {
            valid.emplace(spec.name, spec.default_text);
        }
    }
    return valid;
}

}  // namespace muster::config
