#include "collector/fold_lag.hpp"

namespace muster::collector {

namespace {

constexpr Duration most_behind = std::chrono::seconds(5);
constexpr std::size_t much = 32U << 20U;
constexpr std::size_t too_much = 56U << 20U;

}  // namespace

bool FoldLag::is_late(MonoTime now, Lsn next, Lsn committed) {
    committed_.emplace_back(now, committed);
    while (committed_.size() > 1 && committed_[1].first <= now - most_behind) {
        committed_.pop_front();
    }
    const auto& [then, end] = committed_.front();
    return then <= now - most_behind && next <= end;
}

std::uint64_t FoldLag::credit(MonoTime now, Lsn next, FoldFeed::Lag lag, std::uint64_t full) {
    const bool late = is_late(now, next, next + lag.entries - 1);
    if (late || lag.bytes >= too_much) {
        return 0;
    }
    return lag.bytes >= much ? full / 8 : full;
}

}  // namespace muster::collector
