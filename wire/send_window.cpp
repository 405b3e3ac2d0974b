#include "wire/send_window.hpp"

#include <algorithm>

namespace muster::wire {

void SendWindow::sent(MonoTime now, SpoolId spool, std::uint64_t seq) {
    if (!timed_) {
        timed_ = Timed{now, spool, seq};
    }
}

void SendWindow::confirmed(MonoTime now, SpoolId spool, std::uint64_t seq) {
    if (!timed_ || timed_->spool != spool || seq < timed_->seq) {
        return;
    }
    const Duration took = now - timed_->since;
    timed_.reset();
    if (took < quick) {
        bytes_ = std::min(bytes_ * 2, most);
    } else if (took > slow) {
        bytes_ = std::max(bytes_ / 2, least);
    }
}

void SendWindow::broken() {
    bytes_ = std::min(bytes_, first);
    if (timed_) {
        bytes_ = std::max(bytes_ / 2, least);
        timed_.reset();
    }
}

}  // namespace muster::wire
