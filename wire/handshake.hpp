// Owns: turning an accepted socket into a Connection. Between connection.cpp and link_listener.cpp only.
#pragma once

#include "base/task.hpp"
#include "wire/connection.hpp"
#include "wire/tls.hpp"

namespace muster::wire {

/// The server's half of the handshake on `socket` (a connected TCP socket, owned from here on), then the three-part check and
/// the agent's id. `refused` with words where the peer is to blame; it has been told by an alert then. `context` is only read;
/// both it and the loop outlive the task. `check` is another one where a test shows that a careless one is found out.
using PeerCheck = Result<PeerCertificate> (*)(ssl_st* session);
Task<Result<std::unique_ptr<Connection>>> accept_link(
    asio::io_context* loop,
    int socket,
    std::string address,
    ssl_ctx_st* context,
    Deadline deadline,
    PeerCheck check = read_agent_peer
);

/// "127.0.0.1:40312", "[::1]:40312"
std::string peer_text(const std::string& address, std::uint16_t port);

}  // namespace muster::wire
