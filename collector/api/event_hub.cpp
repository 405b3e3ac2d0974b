#include "collector/api/event_hub.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::collector {

namespace {

/// Listed while a coroutine waits on it, also when the coroutine is destroyed.
class Listed {
  public:
    Listed(std::set<asio::steady_timer*>& list, asio::steady_timer& timer)
        : list_(&list), timer_(&timer) {
        list_->insert(timer_);
    }

    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;

    ~Listed() { list_->erase(timer_); }

  private:
    std::set<asio::steady_timer*>* list_;
    asio::steady_timer* timer_;
};

}  // namespace

void EventHub::wake() {
    ++revision_;
    for (asio::steady_timer* timer : waiting_) {
        timer->cancel();
    }
}

Task<void> EventHub::wait(std::uint64_t seen, Duration at_most) {
    if (revision_ != seen) {
        co_return;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(at_most);
    const Listed listed(waiting_, timer);
    boost::system::error_code ended;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

}  // namespace muster::collector
