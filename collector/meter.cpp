#include "collector/meter.hpp"

#include <algorithm>

namespace muster::collector {

Meter::Meter(config::Rate rate) {
    change(rate);
}

void Meter::change(config::Rate rate) {
    const std::int64_t messages = std::max<std::int64_t>(rate.messages, 1);
    const std::int64_t burst = std::max<std::int64_t>(messages / 2, 1);
    const std::int64_t refills = messages - burst + 1;
    interval_ = Duration((rate.per.count() + refills - 1) / refills);
    tolerance_ = interval_ * (burst - 1);
}

Duration Meter::earliest() const {
    return used_until_ - tolerance_;
}

void Meter::take(Duration now) {
    used_until_ = std::max(used_until_, now) + interval_;
}

// As if it had been taken now: max(used, taken) + interval, and now is not before it was taken.
void Meter::ended(Duration now) {
    used_until_ = std::max(used_until_, now + interval_);
}

}  // namespace muster::collector
