#include "collector/intake/authority.hpp"

#include <algorithm>
#include <string>

namespace muster::collector {

namespace {

constexpr std::size_t epochs_remembered = 64;

}  // namespace

void IssuedEpochs::issued(std::uint32_t epoch, std::uint32_t bound) {
    if (!bounds_.empty() && epoch <= bounds_.back().first) {
        return;
    }
    bounds_.emplace_back(epoch, bound);
    if (bounds_.size() > epochs_remembered) {
        bounds_.pop_front();
    }
}

std::uint32_t IssuedEpochs::current() const {
    return bounds_.empty() ? 0 : bounds_.back().first;
}

Status IssuedEpochs::check(const wire::ResultBatch& results) const {
    if (results.epoch == 0 || results.epoch > current()) {
        return failure(
            ErrorKind::refused,
            "assignment epoch " + std::to_string(results.epoch) + " was never issued to this agent"
        );
    }
    const auto found =
        std::ranges::find(bounds_, results.epoch, [](const auto& one) { return one.first; });
    // Sorted by probe: the last is the largest.
    if (found != bounds_.end() && !results.probe.empty() && results.probe.back() >= found->second) {
        return failure(
            ErrorKind::refused,
            "probe " + std::to_string(results.probe.back()) + " is not among the " +
                std::to_string(found->second) + " of assignment epoch " +
                std::to_string(results.epoch)
        );
    }
    return {};
}

Status check_own(const wire::Observations& observations, AgentId agent) {
    const std::string own = agent.text();
    for (const wire::ObservedItem& item : observations.items) {
        for (const wire::ObservedKey& key : item.keys) {
            if (key.space == agent_space && key.value != own) {
                return failure(
                    ErrorKind::refused,
                    "\"" + item.object + "\" is said to be of agent " + key.value +
                        ", not of the one that says so"
                );
            }
        }
    }
    return {};
}

}  // namespace muster::collector
