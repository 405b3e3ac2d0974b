#include "probes/tcp_knock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <utility>

namespace muster::probes {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// `knock` lives in the frame of knock_at(), which waits for this.
Task<Status> connect(Knock* knock, tcp::endpoint there) {
    tcp::socket socket(co_await asio::this_coro::executor);
    const auto [problem] = co_await socket.async_connect(there, quietly);
    if (problem == asio::error::operation_aborted) {
        co_return failure(ErrorKind::closed, "stopped");
    }
    if (problem) {
        knock->reason = tcp_reason(problem);
        knock->words = tcp_words(problem);
    }
    co_return Status{};
}

}  // namespace

std::string_view tcp_reason(const error_code& problem) {
    switch (problem.value()) {
        case ECONNREFUSED:
            return "refused";
        case ECONNRESET:
        case EPIPE:
            return "reset";
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EHOSTDOWN:
            return "unreachable";
        case ETIMEDOUT:
            return "timeout";
        default:
            return "connect";
    }
}

std::string tcp_words(const error_code& problem) {
    std::string words = problem.message();
    if (!words.empty() && words[0] >= 'A' && words[0] <= 'Z') {
        words[0] = static_cast<char>(words[0] - 'A' + 'a');
    }
    return words;
}

Task<Knock> knock_at(std::string address, std::uint16_t port, Deadline deadline) {
    Knock knock;
    error_code not_an_address;
    const auto there = asio::ip::make_address(address, not_an_address);
    if (not_an_address) {
        knock.reason = "connect";
        knock.words = "not an address: " + address;
        co_return knock;
    }
    const auto begun = std::chrono::steady_clock::now();
    const Status ended =
        co_await within(deadline, "connect", connect(&knock, tcp::endpoint(there, port)));
    knock.took = std::chrono::steady_clock::now() - begun;
    if (!ended) {
        knock.reason = "timeout";
        knock.words = "no connection";
    }
    co_return knock;
}

}  // namespace muster::probes
