#include "collector/brain/state.hpp"

#include <algorithm>

namespace muster::collector {

std::string_view to_string(AgentState state) {
    switch (state) {
        case AgentState::enrolled:
            return "enrolled";
        case AgentState::connected:
            return "connected";
        case AgentState::disconnected:
            return "disconnected";
        case AgentState::stopped:
            return "stopped";
        case AgentState::silent:
            return "silent";
        case AgentState::revoked:
            return "revoked";
    }
    return "unknown";
}

std::size_t Fault::active() const {
    return static_cast<std::size_t>(std::ranges::count(members, WallTime{}, &Member::recovered_at));
}

NameIndex Names::add(std::string_view text) {
    if (const auto found = index_.find(text); found != index_.end()) {
        return found->second;
    }
    const auto at = static_cast<NameIndex>(texts_.size());
    texts_.emplace_back(text);
    index_.emplace(texts_.back(), at);
    return at;
}

const std::string& Names::operator[](NameIndex at) const {
    return texts_[at];
}

void Names::clear() {
    index_.clear();
    texts_.clear();
}

std::uint64_t State::arm(Elapsed due, Timer::Kind kind, std::uint64_t subject) {
    const std::uint64_t id = ++last_timer;
    timers.insert({due, id, kind, subject});
    return id;
}

bool Incident::is_over() const {
    return state == "resolved" || state == "closed" || state == "cancelled";
}

}  // namespace muster::collector
