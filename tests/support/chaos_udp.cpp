#include "tests/support/chaos_udp.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace muster::test {

namespace {

using boost::system::error_code;

constexpr std::size_t largest = 65'536;
constexpr std::uint64_t whole = 1000;

auto told(error_code& problem) {
    return asio::redirect_error(asio::use_awaitable, problem);
}

}  // namespace

ChaosUdp::Client::Client(asio::io_context& loop, Udp::endpoint who)
    : socket(loop, Udp::endpoint(who.protocol(), 0)), from(std::move(who)) {}

ChaosUdp::ChaosUdp(
    asio::io_context& loop, const Udp::endpoint& listen, const Udp::endpoint& to, std::uint64_t seed
)
    : loop_(loop), socket_(loop, listen), to_(to), random_(seed), tasks_(loop) {
    tasks_.start("chaos requests", receive_requests(this));
}

ChaosUdp::~ChaosUdp() {
    error_code ignored;
    socket_.close(ignored);
    for (const auto& [from, client] : clients_) {
        client->socket.close(ignored);
    }
    tasks_.stop();
}

Task<void> ChaosUdp::receive_requests(ChaosUdp* self) {
    std::string bytes;
    for (;;) {
        bytes.resize(largest);
        Udp::endpoint from;
        error_code problem;
        const std::size_t read =
            co_await self->socket_.async_receive_from(asio::buffer(bytes), from, told(problem));
        if (problem) {
            co_return;
        }
        auto [found, is_new] = self->clients_.try_emplace(from);
        if (is_new) {
            found->second = std::make_shared<Client>(self->loop_, from);
            self->tasks_.start("chaos answers", receive_answers(self, found->second));
        }
        self->pass(
            self->to_server,
            self->requests_,
            found->second->socket,
            self->to_,
            bytes.substr(0, read)
        );
    }
}

Task<void> ChaosUdp::receive_answers(ChaosUdp* self, std::shared_ptr<Client> client) {
    std::string bytes;
    for (;;) {
        bytes.resize(largest);
        Udp::endpoint from;
        error_code problem;
        const std::size_t read =
            co_await client->socket.async_receive_from(asio::buffer(bytes), from, told(problem));
        if (problem == asio::error::connection_refused) {
            continue;  // nobody listens there; the client is to find out by itself
        }
        if (problem) {
            co_return;
        }
        self->pass(
            self->to_client, self->answers_, self->socket_, client->from, bytes.substr(0, read)
        );
    }
}

void ChaosUdp::pass(
    ChaosPath& path, Counts& counts, Udp::socket& by, const Udp::endpoint& to, std::string bytes
) {
    const std::uint64_t number = ++counts.seen;
    const bool is_lost = random_.below(whole) < path.lost;
    const bool is_doubled = random_.below(whole) < path.doubled;
    const auto span = static_cast<std::uint64_t>(path.jitter.count());
    std::uint64_t& newest = &counts == &requests_ ? newest_request_ : newest_answer_;
    if (is_lost || path.lose_first > 0) {
        path.lose_first -= path.lose_first > 0 ? 1 : 0;
        ++counts.lost;
        return;
    }
    for (int copy = 0; copy < (is_doubled ? 2 : 1); ++copy) {
        const Duration after =
            path.delay + Duration(static_cast<std::int64_t>(random_.below(span)));
        counts.doubled += copy > 0 ? 1 : 0;
        tasks_.start("chaos datagram", deliver(&by, to, bytes, after, number, &newest, &counts));
    }
}

Task<void> ChaosUdp::deliver(
    Udp::socket* by,
    Udp::endpoint to,
    std::string bytes,
    Duration after,
    std::uint64_t number,
    std::uint64_t* newest,
    Counts* counts
) {
    if (after > Duration::zero() && !co_await sleep_for(after)) {
        co_return;
    }
    counts->overtaken += number < *newest ? 1 : 0;
    *newest = std::max(*newest, number);
    error_code ignored;
    co_await by->async_send_to(asio::buffer(bytes), to, told(ignored));
}

}  // namespace muster::test
