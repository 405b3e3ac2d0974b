// Owns: a TCP or TLS connection on which one reads lines: for protocols of text such as SMTP. Leaves to its users: what the
// lines mean, and the time limit (`within`).
#pragma once

#include "base/task.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace muster::wire {

struct LineServer {
    std::string host;
    std::uint16_t port = 0;
    std::string ca_pem;       ///< its authority; empty: the system's
    std::string remedy = {};  ///< as HttpTrust::remedy
};

/// Belongs to its coroutine's loop; every operation ends when the coroutine is cancelled. Errors name the server.
class LineConnection {
  public:
    /// A line with its end is at most this long.
    static constexpr std::size_t longest_line = 4096;

    explicit LineConnection(asio::io_context& loop, LineServer server);
    ~LineConnection();
    LineConnection(const LineConnection&) = delete;
    LineConnection& operator=(const LineConnection&) = delete;

    /// `deadline` bounds looking up the name, which cannot be cancelled.
    Task<Status> connect(Deadline deadline);
    /// A handshake on the open connection; the server's certificate is verified for its host. `refused` when it is not
    /// trusted, and when the server had sent something already that would be taken for encrypted.
    Task<Status> start_tls();
    /// Without CR LF. `full` when it is too long, `closed` at the end.
    Task<Result<std::string>> read_line();
    /// All of it.
    Task<Status> write(std::string bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::wire
