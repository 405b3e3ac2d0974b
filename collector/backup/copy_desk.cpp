#include "collector/backup/copy_desk.hpp"

#include <chrono>
#include <utility>

namespace muster::collector {

namespace {

/// Some milliseconds of a store's thread.
constexpr std::uint64_t step_bytes = 2U << 20U;
constexpr std::chrono::milliseconds look_every{50};

Failure not_made() {
    return failure(ErrorKind::closed, "the collector is stopping");
}

}  // namespace

CopyDesk::CopyDesk(std::function<void()> wake) : wake_(std::move(wake)) {}

Status CopyDesk::copy(const CopyPlace& to, const std::stop_token& stop) {
    const auto order = std::make_shared<Order>();
    order->to = to;
    std::future<Status> done = order->done.get_future();
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_) {
            return not_made();
        }
        waiting_.push_back(order);
    }
    wake_();
    while (done.wait_for(look_every) != std::future_status::ready) {
        if (stop.stop_requested()) {
            order->is_abandoned = true;
            return not_made();
        }
    }
    return done.get();
}

std::shared_ptr<CopyDesk::Order> CopyDesk::next() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
        return nullptr;
    }
    std::shared_ptr<Order> first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
}

bool CopyDesk::work(const CopyRules& rules) {
    if (!current_) {
        current_ = next();
    }
    if (!current_) {
        return false;
    }
    Result<bool> more = false;
    if (!current_->is_abandoned) {
        if (!copy_) {
            auto begun = rules.begin(current_->to);
            more = begun ? Result<bool>(true) : failure(begun.error());
            if (begun) {
                copy_.emplace(std::move(*begun));
            }
        }
        if (more || copy_) {
            more = copy_->step(step_bytes);
        }
    }
    if (more && *more) {
        return true;
    }
    copy_.reset();
    Status done = more ? Status{} : Status{failure(more.error())};
    if (done && rules.finish && !current_->is_abandoned) {
        done = rules.finish(current_->to);
    }
    std::exchange(current_, nullptr)->done.set_value(std::move(done));
    return true;
}

void CopyDesk::interrupt(const Error& why) {
    copy_.reset();
    if (current_) {
        std::exchange(current_, nullptr)->done.set_value(failure(why));
    }
}

void CopyDesk::close() {
    copy_.reset();
    if (current_) {
        std::exchange(current_, nullptr)->done.set_value(not_made());
    }
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    for (const std::shared_ptr<Order>& order : std::exchange(waiting_, {})) {
        order->done.set_value(not_made());
    }
}

}  // namespace muster::collector
