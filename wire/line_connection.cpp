#include "wire/line_connection.hpp"

#include "wire/resolve.hpp"
#include "wire/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>
#include <utility>

namespace muster::wire {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket&>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct LineConnection::Impl {
    Impl(asio::io_context& on, LineServer to)
        : loop(on),
          server(std::move(to)),
          name(server.host + ":" + std::to_string(server.port)),
          socket(on) {}

    asio::io_context& loop;
    LineServer server;
    std::string name;
    tcp::socket socket;
    std::optional<TlsStream> tls;  // over `socket`
    std::array<char, 2048> chunk{};
    std::string received;

    ssl_st* session() { return tls ? tls->native_handle() : nullptr; }

    Failure explain(const error_code& problem) {
        if (!tls && problem == asio::error::eof) {
            return failure(ErrorKind::closed, "the server closed the connection", name);
        }
        return failure(explain_tls(session(), problem).in(name));
    }

    static Task<error_code> read_some(Impl* self);
};

Task<error_code> LineConnection::Impl::read_some(Impl* self) {
    error_code problem;
    std::size_t got = 0;
    const auto into = asio::buffer(self->chunk);
    if (self->tls) {
        std::tie(problem, got) = co_await self->tls->async_read_some(into, quietly);
    } else {
        std::tie(problem, got) = co_await self->socket.async_read_some(into, quietly);
    }
    self->received.append(self->chunk.data(), got);
    co_return got > 0 ? error_code() : problem;
}

LineConnection::LineConnection(asio::io_context& loop, LineServer server)
    : impl_(std::make_unique<Impl>(loop, std::move(server))) {}

LineConnection::~LineConnection() = default;

Task<Status> LineConnection::connect(Deadline deadline) {
    Impl* const self = impl_.get();
    const Result<Endpoints> found =
        co_await resolve(&self->loop, self->server.host, self->server.port, deadline);
    if (!found) {
        co_return failure(found.error());
    }
    const auto [unreachable, reached] = co_await asio::async_connect(self->socket, *found, quietly);
    if (unreachable) {
        co_return failure(
            ErrorKind::unavailable, "cannot connect: " + unreachable.message(), self->name
        );
    }
    co_return Status{};
}

Task<Status> LineConnection::start_tls() {
    Impl* const self = impl_.get();
    if (!self->received.empty()) {
        co_return failure(
            ErrorKind::refused,
            "the server talked on before TLS, as somebody between would",
            self->name
        );
    }
    const Result<TlsContext> context =
        make_https_context(self->server.ca_pem, ServerVerification::during_handshake);
    if (!context) {
        co_return failure(context.error());
    }
    self->tls.emplace(self->socket, SSL_new(context->get()));
    if (Status prepared = expect_host(self->session(), self->server.host); !prepared) {
        co_return failure(prepared.error(), self->name);
    }
    const auto [rejected] =
        co_await self->tls->async_handshake(asio::ssl::stream_base::client, quietly);
    if (rejected) {
        const Failure why = self->explain(rejected);
        co_return failure(with_remedy(self->session(), why.value(), self->server.remedy));
    }
    if (Status checked = check_peer(self->session()); !checked) {
        co_return failure(
            with_remedy(self->session(), checked.error(), self->server.remedy), self->name
        );
    }
    co_return Status{};
}

Task<Result<std::string>> LineConnection::read_line() {
    Impl* const self = impl_.get();
    std::size_t end = self->received.find('\n');
    while (end == std::string::npos) {
        if (self->received.size() >= longest_line) {
            co_return failure(ErrorKind::full, "a line of the server is too long", self->name);
        }
        const error_code problem = co_await Impl::read_some(self);
        if (problem) {
            co_return self->explain(problem);
        }
        end = self->received.find('\n');
    }
    std::string line = self->received.substr(0, end);
    self->received.erase(0, end + 1);
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    co_return line;
}

Task<Status> LineConnection::write(std::string bytes) {
    Impl* const self = impl_.get();
    error_code problem;
    std::size_t sent = 0;
    const auto from = asio::buffer(bytes);
    if (self->tls) {
        std::tie(problem, sent) = co_await asio::async_write(*self->tls, from, quietly);
    } else {
        std::tie(problem, sent) = co_await asio::async_write(self->socket, from, quietly);
    }
    if (problem) {
        co_return self->explain(problem);
    }
    co_return Status{};
}

}  // namespace muster::wire
