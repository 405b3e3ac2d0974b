// Owns: a client of either port that sends bytes and reads bytes, over TLS: what our own connections refuse to send. Leaves to tests: what they say.
#pragma once

#include "base/task.hpp"
#include "wire/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstdint>
#include <string>

namespace muster::collector::test {

/// A client that says exactly what it is told to.
class RawClient {
  public:
    explicit RawClient(asio::io_context& loop, const std::string& alpn = "")
        : tls_(asio::ssl::context::tls_client), stream_(loop, tls_) {
        if (!alpn.empty()) {
            const std::string list = static_cast<char>(alpn.size()) + alpn;
            SSL_set_alpn_protos(
                stream_.native_handle(),
                reinterpret_cast<const unsigned char*>(list.data()),
                static_cast<unsigned>(list.size())
            );
        }
    }

    /// By what we trust and who we are.
    RawClient(asio::io_context& loop, wire::TlsContext context)
        : tls_(context.release()), stream_(loop, tls_) {}

    SSL* session() { return stream_.native_handle(); }

    Task<bool> connect(std::uint16_t port) {
        const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
        const auto [refused] = co_await stream_.next_layer().async_connect(endpoint, quietly);
        if (refused) {
            co_return false;
        }
        const auto [no_tls] =
            co_await stream_.async_handshake(asio::ssl::stream_base::client, quietly);
        co_return !no_tls;
    }

    Task<bool> send(std::string bytes) {
        const auto buffer = asio::buffer(bytes);
        const auto [problem, count] = co_await asio::async_write(stream_, buffer, quietly);
        co_return !problem;
    }

    /// Everything until the server closes.
    Task<std::string> rest() {
        std::string all;
        std::string chunk(4096, '\0');
        for (;;) {
            const auto buffer = asio::buffer(chunk);
            const auto [problem, count] = co_await stream_.async_read_some(buffer, quietly);
            all.append(chunk, 0, count);
            if (problem) {
                co_return all;
            }
        }
    }

  private:
    static constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

    asio::ssl::context tls_;
    asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

}  // namespace muster::collector::test
