// Owns: a network between two programs that does what networks do: is slow, drips, falls silent, breaks off at any byte. TCP.
#pragma once

#include "base/task.hpp"
#include "base/time.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <limits>
#include <list>
#include <memory>

namespace muster::test {

/// What happens to the bytes of one direction. Changes count from the next piece on.
struct ChaosWay {
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    Duration delay{};                   ///< of each piece
    std::size_t piece = 64U << 10U;     ///< passed on at once, at most
    std::uint64_t reset_after = never;  ///< bytes of a connection; then both ends get a reset
    bool swallows = false;              ///< takes everything and passes nothing on; nobody is told
};

/// Listens on a port of 127.0.0.1 and passes connections on to another one. Lives on the loop of the test.
class ChaosProxy {
  public:
    ChaosProxy(asio::io_context& loop, std::uint16_t to_port);
    ChaosProxy(const ChaosProxy&) = delete;
    ChaosProxy& operator=(const ChaosProxy&) = delete;
    /// Resets what there is.
    ~ChaosProxy();

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    /// Both ends of every connection get a reset.
    void reset_all();

    /// Made so far.
    std::uint64_t connections() const { return connections_; }

    /// Passed on so far, of the connection made last.
    std::uint64_t bytes_to_server() const { return last_ ? last_->to_server.passed : 0; }

    std::uint64_t bytes_to_client() const { return last_ ? last_->to_client.passed : 0; }

    ChaosWay to_server;
    ChaosWay to_client;

  private:
    using Socket = asio::ip::tcp::socket;

    struct Direction {
        std::uint64_t passed = 0;
    };

    struct Connection {
        explicit Connection(Socket from) : client(std::move(from)), server(client.get_executor()) {}

        Socket client;
        Socket server;
        Direction to_server;
        Direction to_client;
    };

    static Task<void> accept_all(ChaosProxy* self);
    static Task<void> serve(ChaosProxy* self, std::shared_ptr<Connection> connection);
    static Task<void> pass(
        std::shared_ptr<Connection> connection,
        Socket& from,
        Socket& to,
        const ChaosWay& way,
        Direction& direction
    );
    static void reset(Connection& connection);

    asio::ip::tcp::acceptor acceptor_;
    std::uint16_t to_port_;
    std::list<std::weak_ptr<Connection>> all_;
    std::shared_ptr<Connection> last_;
    std::uint64_t connections_ = 0;
    TaskGroup tasks_;
};

}  // namespace muster::test
