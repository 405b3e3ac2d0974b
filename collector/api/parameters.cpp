#include "collector/api/parameters.hpp"

#include <algorithm>

namespace muster::collector {

std::string parameter(const Call& call, const std::string& name) {
    const auto given = call.query.find(name);
    return given == call.query.end() ? std::string() : given->second;
}

Result<WallTime> time_parameter(const Call& call, const std::string& name, WallTime absent) {
    const std::string text = parameter(call, name);
    if (text.empty()) {
        return absent;
    }
    if (text.starts_with('-')) {
        const Result<Duration> ago = parse_duration(std::string_view(text).substr(1));
        if (ago) {
            return call.context->clock->wall() - *ago;
        }
    }
    Result<WallTime> time = parse_rfc3339(text);
    if (!time) {
        return failure(
            ErrorKind::invalid, "expected 2026-11-22T09:26:00Z or a duration back like -24h", name
        );
    }
    return time;
}

Result<Duration> duration_parameter(const Call& call, const std::string& name, Duration absent) {
    const std::string text = parameter(call, name);
    if (text.empty()) {
        return absent;
    }
    Result<Duration> duration = parse_duration(text);
    if (!duration) {
        return failure(ErrorKind::invalid, "expected a duration like 5m", name);
    }
    return duration;
}

Result<std::string> choice_parameter(
    const Call& call, const std::string& name, std::span<const std::string_view> choices
) {
    std::string text = parameter(call, name);
    if (text.empty() || std::ranges::find(choices, text) != choices.end()) {
        return text;
    }
    std::string expected = "expected one of";
    for (const std::string_view choice : choices) {
        expected += choice == choices.front() ? " " : ", ";
        expected += choice;
    }
    return failure(ErrorKind::invalid, expected, name);
}

std::string address_of(const HttpRequest& request) {
    return request.peer.substr(0, request.peer.rfind(':'));
}

HttpResponse bad_parameter(const Error& error) {
    if (error.kind() != ErrorKind::invalid) {
        return problem_of(error);
    }
    return problem(
        400, "the query is not what was expected", {{"?" + error.context(), error.what()}}
    );
}

}  // namespace muster::collector
