#include "wire/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace muster::wire {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// Shared by the waiting coroutine and by the resolver's handler, which comes whenever getaddrinfo is done.
struct Lookup {
    explicit Lookup(asio::io_context& loop) : resolver(loop), done(loop) {}

    tcp::resolver resolver;
    asio::steady_timer done;
    error_code problem;
    Endpoints found;
    bool is_done = false;
};

}  // namespace

Task<Result<Endpoints>> resolve(
    asio::io_context* loop, std::string host, std::uint16_t port, Deadline deadline
) {
    error_code not_an_address;
    const asio::ip::address literal = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        co_return Endpoints{tcp::endpoint(literal, port)};
    }
    const auto lookup = std::make_shared<Lookup>(*loop);
    lookup->done.expires_at(deadline.at());
    auto take = [lookup](const error_code& problem, const tcp::resolver::results_type& results) {
        lookup->problem = problem;
        for (const auto& entry : results) {
            lookup->found.push_back(entry.endpoint());
        }
        lookup->is_done = true;
        lookup->done.cancel();
    };
    const auto flags = tcp::resolver::numeric_service;
    lookup->resolver.async_resolve(host, std::to_string(port), flags, std::move(take));
    co_await lookup->done.async_wait(quietly);
    if (!lookup->is_done) {
        // A blocked getaddrinfo cannot be stopped; nobody waits for it.
        lookup->resolver.cancel();
        co_return failure(
            ErrorKind::timeout, "the name was not resolved before the deadline", host
        );
    }
    if (lookup->problem || lookup->found.empty()) {
        co_return failure(
            ErrorKind::unavailable,
            "the name cannot be resolved: " + lookup->problem.message(),
            host
        );
    }
    co_return std::move(lookup->found);
}

}  // namespace muster::wire
