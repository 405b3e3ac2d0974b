#include "probes/error_queue.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace muster::probes {

namespace {

std::string address_text(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw = nullptr;
    if (address->sa_family == AF_INET) {
        raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    }
    if (raw == nullptr || inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) {
        return {};
    }
    return text.data();
}

/// The message's sock_extended_err, where its control part holds one.
const sock_extended_err* find_error(msghdr& message) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        const bool is_ip4 = part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR;
        const bool is_ip6 = part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR;
        if ((is_ip4 || is_ip6) && part->cmsg_len >= CMSG_LEN(sizeof(sock_extended_err))) {
            return reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part));
        }
    }
    return nullptr;
}

}  // namespace

void queue_errors(int descriptor) {
    const int on = 1;
    // Only the one of the socket's family takes.
    (void)setsockopt(descriptor, SOL_IP, IP_RECVERR, &on, sizeof on);
    (void)setsockopt(descriptor, SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
}

std::optional<QueuedError> next_queued_error(int descriptor) {
    std::array<char, 2048> buffer;
    alignas(cmsghdr) std::array<char, 512> control{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_ERRQUEUE);
    if (got < 0) {
        return std::nullopt;
    }
    QueuedError error;
    error.quoted.assign(buffer.data(), static_cast<std::size_t>(got));
    const sock_extended_err* problem = find_error(message);
    if (problem == nullptr) {
        return error;
    }
    error.number = static_cast<int>(problem->ee_errno);
    if (problem->ee_origin == SO_EE_ORIGIN_ICMP || problem->ee_origin == SO_EE_ORIGIN_ICMP6) {
        // SO_EE_OFFENDER, spelt without its C cast.
        error.offender = address_text(reinterpret_cast<const sockaddr*>(problem + 1));
    }
    return error;
}

std::string describe_unreachable(int error_number) {
    switch (error_number) {
        case EHOSTUNREACH:
            return "host unreachable";
        case ENETUNREACH:
            return "network unreachable";
        case EACCES:
        case EPERM:
            return "forbidden by a packet filter";
        case ECONNREFUSED:
            return "port unreachable";
        case EMSGSIZE:
            return "packet too large";
        default:
            return std::strerror(error_number);
    }
}

}  // namespace muster::probes
