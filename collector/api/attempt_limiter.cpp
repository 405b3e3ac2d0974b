#include "collector/api/attempt_limiter.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

constexpr std::size_t most_keys = 4096;

}  // namespace

bool AttemptLimiter::allows(const std::string& key, MonoTime now, Duration& wait) const {
    const auto known = windows_.find(key);
    if (known == windows_.end() || known->second.failures < most_) {
        return true;
    }
    wait = known->second.began + window_ - now;
    return wait <= Duration{0};
}

void AttemptLimiter::failed(const std::string& key, MonoTime now) {
    if (windows_.size() >= most_keys && !windows_.contains(key)) {
        std::erase_if(windows_, [&](const auto& entry) {
            return entry.second.began + window_ <= now;
        });
        if (windows_.size() >= most_keys) {
            windows_.erase(std::ranges::min_element(windows_, {}, [](const auto& entry) {
                return entry.second.began;
            }));
        }
    }
    Window& window = windows_[key];
    if (window.failures == 0 || window.began + window_ <= now) {
        window = {now, 0};
    }
    ++window.failures;
}

}  // namespace muster::collector
