#include "agent/known_addresses.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

std::vector<std::string> KnownAddresses::to_call(std::vector<std::string> found) {
    if (found.empty()) {
        return worked_.empty() ? std::vector<std::string>{} : std::vector{worked_};
    }
    std::vector<std::string> chosen;
    const auto proven = std::ranges::find(found, worked_);
    if (proven != found.end()) {
        chosen.push_back(*proven);
        found.erase(proven);
        if (tries_ < tries_alone) {
            ++tries_;
            return chosen;
        }
    }
    const std::size_t others = std::min(found.size(), at_once - chosen.size());
    for (std::size_t i = 0; i < others; ++i) {
        chosen.push_back(std::move(found[(calls_ + i) % found.size()]));
    }
    // All fit: their order is a preference. Otherwise each has its turn.
    calls_ = others < found.size() ? calls_ + others : 0;
    return chosen;
}

void KnownAddresses::worked(const std::string& address) {
    worked_ = address;
    tries_ = 0;
}

void KnownAddresses::forget() {
    worked_.clear();
    tries_ = 0;
    calls_ = 0;
}

}  // namespace muster::agent
