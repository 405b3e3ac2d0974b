#include "probes/params.hpp"

#include "base/expect.hpp"

#include <charconv>
#include <utility>

namespace muster::probes {

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

}  // namespace

std::string param_text(const config::Params& params, std::string_view name) {
    const auto found = params.find(std::string(name));
    return found == params.end() ? std::string{} : found->second;
}

std::int64_t param_integer(const config::Params& params, std::string_view name) {
    const std::string text = param_text(params, name);
    if (text.empty()) {
        return 0;
    }
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    expect(problem == std::errc{} && end == text.data() + text.size(), "options are validated");
    return value;
}

bool param_boolean(const config::Params& params, std::string_view name) {
    return param_text(params, name) == "true";
}

Duration param_duration(const config::Params& params, std::string_view name) {
    const std::string text = param_text(params, name);
    if (text.empty()) {
        return Duration{};
    }
    const auto value = parse_duration(text);
    expect(value.has_value(), "options are validated");
    return *value;
}

std::vector<std::string> param_list(const config::Params& params, std::string_view name) {
    const std::string text = param_text(params, name);
    std::vector<std::string> values;
    for (const std::string_view line : lines_of(text)) {
        values.emplace_back(line);
    }
    return values;
}

std::vector<std::pair<std::string, std::string>> param_map(
    const config::Params& params, std::string_view name
) {
    const std::string text = param_text(params, name);
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const std::string_view line : lines_of(text)) {
        const std::size_t tab = line.find('\t');
        const std::string_view value =
            tab == std::string_view::npos ? std::string_view{} : line.substr(tab + 1);
        pairs.emplace_back(line.substr(0, tab), value);
    }
    return pairs;
}

std::string_view secret_value(const ProbeRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.secrets) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

Outcome unmeasured(
    const ProbeType& type,
    wire::ResultState state,
    std::string reason,
    std::string expected,
    std::string seen
) {
    Outcome outcome;
    outcome.state = state;
    outcome.reason = std::move(reason);
    outcome.expected = std::move(expected);
    outcome.seen = std::move(seen);
    outcome.values.assign(type.metrics.size(), wire::absent_value);
    return outcome;
}

}  // namespace muster::probes
