#include "probes/waiter.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace muster::probes {

struct Waiter::Impl {
    explicit Impl(asio::io_context& loop) : timer(loop) {}

    asio::steady_timer timer;
    bool woken = false;
};

Waiter::Waiter(asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}

Waiter::~Waiter() = default;

Task<WaitEnd> Waiter::wait(Deadline deadline) {
    const auto before = co_await asio::this_coro::cancellation_state;
    if (before.cancelled() != asio::cancellation_type::none) {
        co_return WaitEnd::cancelled;
    }
    if (!impl_->woken) {
        const bool throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        impl_->timer.expires_at(deadline.at());
        co_await impl_->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto state = co_await asio::this_coro::cancellation_state;
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (state.cancelled() != asio::cancellation_type::none) {
            co_return WaitEnd::cancelled;
        }
    }
    co_return std::exchange(impl_->woken, false) ? WaitEnd::woken : WaitEnd::timed_out;
}

void Waiter::wake() {
    impl_->woken = true;
    impl_->timer.cancel();
}

}  // namespace muster::probes
