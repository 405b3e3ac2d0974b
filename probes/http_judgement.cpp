#include "probes/http_judgement.hpp"

#include "base/bytes.hpp"
#include "probes/params.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace muster::probes {

extern constinit const ProbeType http_probe;

namespace {

constexpr std::int64_t regex_memory = 8 << 20;
constexpr std::size_t excerpt_bytes = 80;

std::string_view reason_of(HttpFailure failure) {
    switch (failure) {
        case HttpFailure::none:
            return "";
        case HttpFailure::refused:
            return "refused";
        case HttpFailure::unreachable:
            return "unreachable";
        case HttpFailure::connect:
            return "connect";
        case HttpFailure::timeout:
            return "timeout";
        case HttpFailure::tls:
            return "tls";
        case HttpFailure::closed:
            return "closed";
        case HttpFailure::protocol:
            return "protocol";
    }
    return "protocol";
}

std::int64_t us_between(const std::optional<Duration>& from, const std::optional<Duration>& to) {
    if (!from || !to || *to < *from) {
        return wire::absent_value;
    }
    return (*to - *from).count() / 1000;
}

std::string expected_status(const config::Params& params) {
    const auto codes = param_list(params, "expect.status");
    return codes.empty() ? "status 200 to 299" : fmt::format("status {}", fmt::join(codes, ", "));
}

/// "status 200 and a body that matches ready"
std::string expectation(const config::Params& params) {
    const std::string pattern = param_text(params, "expect.body");
    const std::string status = expected_status(params);
    return pattern.empty() ? status : fmt::format("{} and a body that matches {}", status, pattern);
}

/// Where a run that timed out had got to.
std::string_view phase_of(const HttpMeasurement& measured, bool is_tls) {
    if (!measured.connected) {
        return "no connection";
    }
    if (is_tls && !measured.handshaken) {
        return "connected, no TLS handshake";
    }
    return measured.first_byte ? "the answer did not end" : "connected, no answer";
}

void fill_values(Outcome& outcome, const HttpMeasurement& measured, const ProbeRequest& request) {
    const bool complete = measured.failure == HttpFailure::none;
    if (complete) {
        outcome.values[0] = (request.resolve_time + measured.ended).count() / 1000;
        outcome.values[5] = measured.status;
        outcome.values[6] = measured.size;
    }
    outcome.values[1] = request.resolve_time.count() / 1000;
    outcome.values[2] = us_between(Duration{0}, measured.connected);
    outcome.values[3] = us_between(measured.connected, measured.handshaken);
    outcome.values[4] = us_between(measured.sent, measured.first_byte);
    outcome.values[7] = measured.certificate_days.value_or(wire::absent_value);
}

}  // namespace

bool is_expected_status(const config::Params& params, long status) {
    const auto codes = param_list(params, "expect.status");
    if (codes.empty()) {
        return status >= 200 && status <= 299;
    }
    return std::find(codes.begin(), codes.end(), fmt::format("{}", status)) != codes.end();
}

Outcome judge_http(const HttpMeasurement& measured, const ProbeRequest& request) {
    Outcome outcome = unmeasured(http_probe, wire::ResultState::critical, {}, {}, {});
    fill_values(outcome, measured, request);
    const std::string url = param_text(request.params, "url");
    if (measured.failure != HttpFailure::none) {
        outcome.reason = reason_of(measured.failure);
        outcome.expected = fmt::format(
            "{} within {}", expectation(request.params), format_duration(request.timeout)
        );
        outcome.seen = fmt::format("{}: {}", measured.peer, measured.failure_text);
        if (measured.failure == HttpFailure::timeout) {
            outcome.seen =
                fmt::format("{}: {}", measured.peer, phase_of(measured, url.starts_with("https")));
        }
        return outcome;
    }
    if (!is_expected_status(request.params, measured.status)) {
        outcome.reason = "status";
        outcome.expected = expectation(request.params);
        outcome.seen = fmt::format("HTTP {}", measured.status);
        return outcome;
    }
    const std::string pattern = param_text(request.params, "expect.body");
    if (!pattern.empty()) {
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(regex_memory);
        const RE2 expression(pattern, options);
        if (!expression.ok()) {
            outcome.state = wire::ResultState::unknown;
            outcome.reason = "configuration";
            outcome.expected = "a regular expression";
            outcome.seen = expression.error();
            return outcome;
        }
        if (!RE2::PartialMatch(measured.body, expression)) {
            outcome.reason = "body";
            outcome.expected = fmt::format("a body that matches {}", pattern);
            outcome.seen = fmt::format(
                "{} bytes without it: {}", measured.size, printable(measured.body, excerpt_bytes)
            );
            return outcome;
        }
    }
    outcome.state = wire::ResultState::ok;
    return outcome;
}

}  // namespace muster::probes
