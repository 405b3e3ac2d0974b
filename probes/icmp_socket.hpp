// Owns: one ICMP socket: opening what this machine allows, sending, receiving, errors that come back. Leaves to icmp_engine.cpp:
// which request a reply belongs to.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "probes/error_queue.hpp"
#include "probes/icmp_packet.hpp"

#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace muster::probes {

/// One message from the socket.
struct IcmpMessage {
    std::string bytes;
    Duration waited{};  ///< between the kernel's time stamp and now
};

/// A non-blocking socket. Not thread-safe.
class IcmpSocket {
  public:
    /// SOCK_DGRAM where `net.ipv4.ping_group_range` lets us, else SOCK_RAW with CAP_NET_RAW; else `refused`, naming the remedy.
    static Result<IcmpSocket> open(Family family);
    IcmpSocket(IcmpSocket&& other) noexcept;
    IcmpSocket& operator=(IcmpSocket&&) = delete;
    ~IcmpSocket();

    int descriptor() const { return descriptor_; }

    Header header() const { return header_; }

    /// 0, or the error number.
    int send(std::string_view bytes, const sockaddr* to, unsigned int to_bytes) const;
    /// Nothing where no message waits.
    std::optional<IcmpMessage> receive() const;
    /// A word that a request of ours did not arrive.
    std::optional<QueuedError> receive_refusal() const;

  private:
    IcmpSocket(int descriptor, Family family, Header header)
        : descriptor_(descriptor), family_(family), header_(header) {}

    int descriptor_;
    Family family_;
    Header header_;
};

}  // namespace muster::probes
