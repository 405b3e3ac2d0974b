// Owns: HTTP/1.1 over TLS for people and enrolment (8443), with every limit a hostile client could test.
// Leaves to routes: what is answered. The only user of Beast's server half.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "collector/api/http_message.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace muster::collector {

/// What one client may cost. At a bound the request is answered 4xx and the connection closed, or only closed.
struct HttpLimits {
    /// Beyond, and beyond half of the process's descriptors: whoever has kept us waiting longest is closed for a newcomer; where
    /// there is nobody, the newcomer.
    std::size_t connections = 512;
    std::size_t header_bytes = 16u << 10;
    std::size_t body_bytes = 1u << 20;
    std::size_t enrol_body_bytes = 64u << 10;
    Duration handshake = std::chrono::seconds(10);
    Duration header =
        std::chrono::seconds(10);  ///< from the first byte of a request to the end of its header
    Duration body = std::chrono::seconds(30);
    Duration idle = std::chrono::seconds(60);  ///< between two requests of a connection
    Duration write = std::chrono::seconds(30);
};

struct HttpServerOptions {
    std::string endpoint;  ///< "[::]:8443", "127.0.0.1:0"
    std::string
        certificate_chain_pem;  ///< leaf first, the CA last: the pin of a join token is checked against it
    Secret private_key_pem;
    HttpLimits limits = {};
};

/// The listener of people and enrolment. TLS 1.2 and later, no session tickets; ALPN "http/1.1" or "muster-enrol/1".
/// Belongs to the loop's thread. After `stop()` wait for `drained()` before destroying what the handler uses.
class HttpServer {
  public:
    struct Impl;
    /// Listens at once. `unavailable` when the port is taken, with the remedy; `invalid` for an endpoint or a certificate
    /// that cannot be used.
    static Result<HttpServer> open(
        asio::io_context& loop, HttpServerOptions options, HttpHandler handler
    );
    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;
    ~HttpServer();

    /// What new connections see from now on. `invalid` for a certificate that cannot be used, and nothing changes then.
    Status use(std::string certificate_chain_pem, Secret private_key_pem);
    std::uint16_t port() const;
    std::size_t connections() const;
    /// Closes the listener and every connection; requests being answered are cancelled.
    void stop();
    /// Waits until the last connection has ended.
    Task<void> drained();

  private:
    explicit HttpServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // shared with the coroutines of its connections
};

}  // namespace muster::collector
