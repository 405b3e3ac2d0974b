// Owns: what one probe run saw. A failed probe is data, not an error.
#pragma once

#include "base/time.hpp"
#include "wire/results.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::probes {

/// The result of one run. `values` has one element a metric of the type (wire::absent_value: not measured).
struct Outcome {
    wire::ResultState state = wire::ResultState::unknown;
    std::string
        reason;  ///< stable code: "timeout", "unreachable", "refused", "status", "tls", "resolve", "body", …; empty when ok
    std::string expected;  ///< "reply within 1s"
    std::string seen;      ///< "no reply from 192.0.2.7", "HTTP 503"
    std::vector<std::int64_t> values;
};

}  // namespace muster::probes
