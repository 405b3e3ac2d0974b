// Owns: what an http run concludes from what was measured. Leaves to http_run.cpp: measuring.
#pragma once

#include "base/time.hpp"
#include "probes/outcome.hpp"
#include "probes/probe_type.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::probes {

/// How a transfer ended, in the probe's reason codes; `none` with an answer.
enum class HttpFailure { none, refused, unreachable, connect, timeout, tls, closed, protocol };

/// What one request measured. Times from its start; absent where that point was not reached.
struct HttpMeasurement {
    HttpFailure failure = HttpFailure::none;
    std::string failure_text;
    std::string peer;  ///< "192.0.2.7:443"
    std::optional<Duration> connected;
    std::optional<Duration> handshaken;
    std::optional<Duration> sent;
    std::optional<Duration> first_byte;
    Duration ended{};
    long status = 0;
    std::int64_t size = 0;
    std::string body;  ///< the first 1 MiB
    std::optional<std::int64_t> certificate_days;
};

/// Status first, then the body. Values are those of the http probe's metrics, in order.
Outcome judge_http(const HttpMeasurement& measured, const ProbeRequest& request);

/// Whether `status` is what the option `expect.status` asks for; 200 to 299 without it.
bool is_expected_status(const config::Params& params, long status);

}  // namespace muster::probes
