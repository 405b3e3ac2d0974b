#include "config/agent_doubts.hpp"

#include <chrono>

namespace muster::config {

namespace {

/// What `link.silent_incident_after` of a collector is by default, which an agent cannot ask.
constexpr Duration usual_silence = std::chrono::minutes(5);

}  // namespace

std::vector<std::string> doubts_of(const AgentConfig& config) {
    std::vector<std::string> doubts;
    if (config.backoff_most > usual_silence) {
        doubts.push_back(
            "link.backoff_most: " + format_duration(config.backoff_most) +
            " is longer than a collector waits for an agent (link.silent_incident_after, 5m by "
            "default): when the collector starts again, this agent may be called silent"
        );
    }
    return doubts;
}

}  // namespace muster::config
