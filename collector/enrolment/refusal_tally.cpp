#include "collector/enrolment/refusal_tally.hpp"

#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint32_t told_within = 60;
constexpr Duration window = std::chrono::minutes(1);

}  // namespace

std::optional<std::uint64_t> RefusalTally::admit(MonoTime now) {
    if (began_ + window <= now) {
        began_ = now;
        told_ = 0;
    }
    if (told_ >= told_within) {
        ++untold_;
        return std::nullopt;
    }
    ++told_;
    return std::exchange(untold_, 0);
}

}  // namespace muster::collector
