#include "probes/icmp_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace muster::probes {

namespace {

constexpr int raw_filter_option =
    1;  // ICMP_FILTER and ICMPV6_FILTER, whose headers clash with netinet's
constexpr int receive_buffer = 4 << 20;

template <class Value>
void set_option(int descriptor, int level, int option, const Value& value) {
    // A kernel without one of these still pings; it only measures or reports less.
    (void)setsockopt(descriptor, level, option, &value, sizeof value);
}

void filter_replies(int descriptor, Family family) {
    if (family == Family::ip4) {
        const std::uint32_t blocked = ~(1u << ICMP_ECHOREPLY);
        set_option(descriptor, SOL_RAW, raw_filter_option, blocked);
        return;
    }
    std::array<std::uint32_t, 8> blocked{};
    blocked.fill(0xffffffffu);
    blocked[ICMPV6_ECHO_REPLY / 32] &= ~(1u << (ICMPV6_ECHO_REPLY % 32));
    set_option(descriptor, IPPROTO_ICMPV6, raw_filter_option, blocked);
}

Duration since(const timespec& stamp) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::chrono::seconds(now.tv_sec - stamp.tv_sec) +
           std::chrono::nanoseconds(now.tv_nsec - stamp.tv_nsec);
}

}  // namespace

Result<IcmpSocket> IcmpSocket::open(Family family) {
    const int domain = family == Family::ip4 ? AF_INET : AF_INET6;
    int protocol = IPPROTO_ICMP;
    if (family == Family::ip6) {
        protocol = IPPROTO_ICMPV6;
    }
    constexpr int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    Header header = Header::absent;
    int descriptor = ::socket(domain, SOCK_DGRAM | flags, protocol);
    if (descriptor < 0) {
        descriptor = ::socket(domain, SOCK_RAW | flags, protocol);
        if (descriptor < 0) {
            const int problem = errno;
            if (problem == EPERM || problem == EACCES) {
                return failure(
                    ErrorKind::refused,
                    "this process may not ping: give it CAP_NET_RAW, or put its group into the "
                    "sysctl net.ipv4.ping_group_range"
                );
            }
            return system_failure("cannot open an ICMP socket", problem);
        }
        if (family == Family::ip4) {
            header = Header::present;
        }
        filter_replies(descriptor, family);
    }
    queue_errors(descriptor);
    const int on = 1;
    set_option(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, on);
    set_option(descriptor, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    return IcmpSocket(descriptor, family, header);
}

IcmpSocket::IcmpSocket(IcmpSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      family_(other.family_),
      header_(other.header_) {}

IcmpSocket::~IcmpSocket() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

int IcmpSocket::send(std::string_view bytes, const sockaddr* to, unsigned int to_bytes) const {
    if (::sendto(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT, to, to_bytes) >= 0) {
        return 0;
    }
    return errno;
}

std::optional<IcmpMessage> IcmpSocket::receive() const {
    std::array<char, 2048> buffer;
    alignas(cmsghdr) std::array<char, 256> control{};
    for (;;) {
        iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(descriptor_, &message, MSG_DONTWAIT);
        if (got < 0) {
            // An error reported here also waits in the error queue; the messages behind it are still there.
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN || errno == EBADF) {
                return std::nullopt;
            }
            continue;
        }
        IcmpMessage result{.bytes = std::string(buffer.data(), static_cast<std::size_t>(got))};
        for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr;
             item = CMSG_NXTHDR(&message, item)) {
            if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
                timespec stamp{};
                std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
                result.waited = since(stamp);
            }
        }
        return result;
    }
}

std::optional<QueuedError> IcmpSocket::receive_refusal() const {
    return next_queued_error(descriptor_);
}

}  // namespace muster::probes
