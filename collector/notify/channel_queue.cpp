#include "collector/notify/channel_queue.hpp"

#include "base/expect.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint32_t most_doublings = 20;

/// Between half of the wait and all of it, so that channels that failed together do not try together.
Duration jittered(Duration wait, Random& random) {
    const auto half = static_cast<std::uint64_t>((wait / 2).count());
    return wait / 2 + Duration(static_cast<Duration::rep>(random.below(half + 1)));
}

}  // namespace

NotifyAction ChannelQueue::next(MonoTime now) const {
    NotifyAction action;
    if (not_before_ && now < *not_before_) {
        action.until = not_before_;
        return action;
    }
    if (stale_) {
        action.kind = NotifyAction::Kind::load;
        action.after = delivered_;
        return action;
    }
    if (rows_.empty()) {
        return action;
    }
    if (!meter_.allows(now.time_since_epoch())) {
        action.until = MonoTime(meter_.earliest());
    } else {
        action.kind = NotifyAction::Kind::send;
        action.row = &rows_.front();
    }
    return action;
}

void ChannelQueue::loaded(std::vector<OutboxRow> rows) {
    rows_.assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
    stale_ = false;
    if (rows_.empty() || rows_.front().id != attempted_) {
        attempts_ = 0;
        attempted_ = rows_.empty() ? "" : rows_.front().id;
    }
}

void ChannelQueue::delivered() {
    expect(!rows_.empty(), "a message was sent that the queue did not give");
    delivered_ = rows_.front().position;
    rows_.pop_front();
    not_before_.reset();
    attempts_ = 0;
    attempted_ = rows_.empty() ? "" : rows_.front().id;
    if (rows_.empty()) {
        stale_ = true;  // there may be more than one page
    }
}

void ChannelQueue::failed(MonoTime now, Random& random, Duration retry_after) {
    expect(!rows_.empty(), "a message was sent that the queue did not give");
    const std::uint32_t doublings = std::min(attempts_, most_doublings);
    const Duration doubled = back_off_.least * (std::int64_t{1} << doublings);
    const Duration wait = jittered(std::min(doubled, back_off_.most), random);
    not_before_ = now + std::max(wait, std::min(retry_after, back_off_.most));
    ++attempts_;
    stale_ = true;
}

}  // namespace muster::collector
