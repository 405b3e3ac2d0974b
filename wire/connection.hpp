// Owns: frames over one TLS 1.3 connection, both directions of use (agent connects, collector listens on 8444).
// The only users of Asio-over-TLS for the link are connection.cpp; everyone else sees Task<Result<Frame>>.
#pragma once

#include "base/task.hpp"
#include "base/uuid.hpp"
#include "wire/link.pb.h"
#include "wire/tls.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace muster::wire {

/// Who is on the other side, proved: computed after the handshake from (finished, certificate present, verify OK), never from a callback.
struct Peer {
    AgentId agent;        ///< from SAN URI:urn:muster:agent:<uuid>; nil on the agent's side
    std::string serial;   ///< certificate serial, lower-case hex
    std::string address;  ///< "127.0.0.1:40312", for the log
};

/// One connection, used on its loop's thread. One coroutine may receive while others send; sends are queued in order
/// (bounded: 64 MiB, room for the assignments of the largest agent, then `full`). Frames are read ahead up to 4 MiB, or as `read_ahead` says.
class Connection {
  public:
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    ~Connection();
    /// `timeout` at the deadline, after which receiving may go on; `closed` when the peer is gone; `refused` when it does not
    /// accept our certificate; `corrupt` for a frame beyond its limits (the header is checked before allocation).
    Task<Result<proto::Frame>> receive(Deadline deadline);
    /// Queues and returns; the write happens on the loop. Fails when the queue is full or the connection is closed.
    Status send(const proto::Frame& frame);
    /// Nothing more is read while as much waits to be received, and then at most the frame that was begun.
    void read_ahead(std::size_t bytes);
    /// Bytes queued and not yet written.
    std::size_t unsent() const;
    /// Waits until the queue is written (for Goodbye).
    Task<Status> flush(Deadline deadline);
    /// Writes what is queued, says no more, and lets go of the socket when the peer does, at most a second later.
    /// Destruction does the same.
    void close();
    const Peer& peer() const;
    /// From now on frames up to max_frame_bytes are accepted (before: max_frame_bytes_before_hello).
    void allow_large_frames();

  private:
    std::unique_ptr<Impl> impl_;
};

/// How much a packet of a connection carries, both ways: what the network's devices say, or so little (1,200 bytes) that every path
/// of today takes it: where larger ones vanish on the way and nobody says so.
enum class Packets : std::uint8_t { usual, small };

/// Connects, verifies the chain against identity.ca_pem and the host name, TLS 1.3 only. TCP_NODELAY, TCP_USER_TIMEOUT 20 s.
/// `address` is an IP address already resolved. `unavailable` where nobody is there, `timeout` where somebody is and the handshake is
/// not over at the deadline.
Task<Result<std::unique_ptr<Connection>>> connect_link(
    asio::io_context& loop,
    std::string address,
    std::uint16_t port,
    std::string host,
    TlsIdentity identity,
    Deadline deadline,
    Packets packets = Packets::usual
);

/// Listens with mutual TLS 1.3. A peer without a certificate of our CA never gets past the handshake; each refusal is
/// logged ("link.refused", peer, why) in words: no certificate, signed by another authority, expired, not an agent's.
class LinkListener {
  public:
    struct Impl;
    /// `endpoint` "[::]:8444" or "127.0.0.1:0". A port taken is `unavailable` with the remedy in its text.
    static Result<LinkListener> open(
        asio::io_context& loop, const std::string& endpoint, const TlsIdentity& identity
    );
    LinkListener(LinkListener&&) noexcept;
    ~LinkListener();
    std::uint16_t port() const;
    /// The next connection whose handshake succeeded; handshakes run beside each other (10 s each, at most 256).
    Task<Result<std::unique_ptr<Connection>>> accept();
    /// What handshakes show from now on; connections keep what they began with. `invalid` as in open, and nothing changes then.
    Status use(const TlsIdentity& identity);
    void close();

  private:
    explicit LinkListener(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::wire
