// Owns: what came of one attempt to tell somebody. Leaves to webhook and smtp_dialogue: judging an answer.
#pragma once

#include "base/time.hpp"

#include <string>
#include <vector>

namespace muster::collector {

struct DeliveryAnswer {
    bool delivered = false;
    int status = 0;  ///< HTTP or SMTP; 0: there was no answer
    std::string
        detail;  ///< safe to show: "HTTP 503", "connection refused"; never the answer's body
    Duration retry_after{};  ///< asked for by the receiver (429, 503); zero: not said
    bool refused = false;    ///< this message will never be taken; those behind it may be
    std::vector<std::string> delivered_to = {};  ///< smtp: recipients that have it already
};

}  // namespace muster::collector
