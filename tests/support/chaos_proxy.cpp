#include "tests/support/chaos_proxy.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace muster::test {

namespace {

using boost::system::error_code;

asio::ip::tcp::endpoint here(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

auto told(error_code& problem) {
    return asio::redirect_error(asio::use_awaitable, problem);
}

}  // namespace

ChaosProxy::ChaosProxy(asio::io_context& loop, std::uint16_t to_port)
    : acceptor_(loop, here(0)), to_port_(to_port), tasks_(loop) {
    tasks_.start("chaos accept", accept_all(this));
}

ChaosProxy::~ChaosProxy() {
    reset_all();
    error_code ignored;
    acceptor_.close(ignored);
    tasks_.stop();
}

void ChaosProxy::reset_all() {
    for (const auto& each : all_) {
        if (const auto connection = each.lock()) {
            reset(*connection);
        }
    }
    all_.clear();
}

/// Closed with what was not read or sent thrown away: the other side gets a reset.
void ChaosProxy::reset(Connection& connection) {
    for (Socket* socket : {&connection.client, &connection.server}) {
        error_code ignored;
        socket->set_option(asio::socket_base::linger(true, 0), ignored);
        socket->close(ignored);
    }
}

Task<void> ChaosProxy::accept_all(ChaosProxy* self) {
    for (;;) {
        error_code problem;
        Socket client = co_await self->acceptor_.async_accept(told(problem));
        if (problem) {
            co_return;
        }
        ++self->connections_;
        self->last_ = std::make_shared<Connection>(std::move(client));
        self->all_.push_back(self->last_);
        self->tasks_.start("chaos", serve(self, self->last_));
    }
}

Task<void> ChaosProxy::serve(ChaosProxy* self, std::shared_ptr<Connection> connection) {
    error_code problem;
    co_await connection->server.async_connect(here(self->to_port_), told(problem));
    if (problem) {
        reset(*connection);
        co_return;
    }
    Connection& both = *connection;
    both.client.set_option(asio::ip::tcp::no_delay(true));
    both.server.set_option(asio::ip::tcp::no_delay(true));
    self->tasks_.start(
        "chaos to server",
        pass(connection, both.client, both.server, self->to_server, both.to_server)
    );
    self->tasks_.start(
        "chaos to client",
        pass(connection, both.server, both.client, self->to_client, both.to_client)
    );
}

Task<void> ChaosProxy::pass(
    std::shared_ptr<Connection> connection,
    Socket& from,
    Socket& to,
    const ChaosWay& way,
    Direction& direction
) {
    std::string bytes;
    for (;;) {
        bytes.resize(std::max<std::size_t>(1, way.piece));
        error_code problem;
        const std::size_t read = co_await from.async_read_some(asio::buffer(bytes), told(problem));
        if (problem) {
            // An end is passed on as one, unless nobody is to be told.
            error_code ignored;
            if (!way.swallows) {
                to.shutdown(Socket::shutdown_send, ignored);
            }
            co_return;
        }
        const bool is_slow = way.delay > Duration{0};
        if (is_slow && !co_await sleep_for(way.delay)) {
            co_return;
        }
        if (way.swallows) {
            continue;
        }
        const std::uint64_t left = way.reset_after - std::min(way.reset_after, direction.passed);
        const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(read, left));
        co_await asio::async_write(to, asio::buffer(bytes.data(), some), told(problem));
        direction.passed += some;
        if (problem || direction.passed >= way.reset_after) {
            reset(*connection);
            co_return;
        }
    }
}

}  // namespace muster::test
