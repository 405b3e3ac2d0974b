#include "agent/discovery/helper.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t head_bytes = 4;

/// Closes when it goes.
class Socket {
  public:
    explicit Socket(int number) : number_(number) {}

    ~Socket() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    int number() const { return number_; }

  private:
    int number_;
};

/// False when the deadline has passed.
bool wait_for(int descriptor, short events, const Deadline& deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
        pollfd one{.fd = descriptor, .events = events, .revents = 0};
        const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

Failure too_late(const std::string& path) {
    return failure(ErrorKind::timeout, "muster-inventory did not answer in time", path);
}

Status connect_to(int descriptor, const std::string& path, const Deadline& deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return failure(ErrorKind::invalid, "the path is too long for a socket", path);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    while (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        const int number = errno;
        if (number == EINTR) {
            continue;
        }
        // The queue of a listening socket is full: there is no event for "there is room again".
        if (number == EAGAIN) {
            return deadline.left() > Duration{}
                       ? failure(ErrorKind::unavailable, "muster-inventory is busy", path)
                       : too_late(path);
        }
        return failure(
            number == ENOENT   ? ErrorKind::not_found
            : number == EACCES ? ErrorKind::refused
                               : ErrorKind::unavailable,
            number == ENOENT ? "muster-inventory is not there"
            : number == EACCES
                ? "muster-inventory may not be asked"
                : "muster-inventory cannot be asked: " + std::string(::strerror(number)),
            path
        );
    }
    return {};
}

/// Whoever listens there tells us what to report: it must be one who may know.
Status check_peer(int descriptor, const std::string& path) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return system_failure("cannot tell whose socket this is", errno, path);
    }
    if (peer.uid != 0 && peer.uid != ::geteuid()) {
        return failure(
            ErrorKind::refused,
            "the socket belongs to user " + std::to_string(peer.uid) +
                ", expected root; see who made it",
            path
        );
    }
    return {};
}

Result<std::string> receive(
    int descriptor, std::size_t size, const std::string& path, const Deadline& deadline
) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        if (!wait_for(descriptor, POLLIN, deadline)) {
            return too_late(path);
        }
        const ssize_t got = ::recv(descriptor, bytes.data() + have, size - have, MSG_DONTWAIT);
        if (got == 0) {
            return failure(ErrorKind::unavailable, "muster-inventory hung up", path);
        }
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            return system_failure("muster-inventory cannot be heard", errno, path);
        }
        have += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    return bytes;
}

}  // namespace

Result<std::string> frame_for_agent(const wire::Observations& seen) {
    const std::string message = wire::encode_observations(seen);
    if (message.size() > helper_bytes) {
        return failure(
            ErrorKind::full,
            "the observations have " + std::to_string(message.size()) + " bytes, at most " +
                std::to_string(helper_bytes) + " are told"
        );
    }
    std::string frame;
    frame.reserve(head_bytes + message.size());
    put_u32(frame, static_cast<std::uint32_t>(message.size()));
    return frame + message;
}

Result<wire::Observations> ask_helper(const std::string& path, Deadline deadline) {
    const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.number() < 0) {
        return system_failure("cannot make a socket", errno, path);
    }
    Status ready = connect_to(socket.number(), path, deadline);
    if (ready) {
        ready = check_peer(socket.number(), path);
    }
    if (!ready) {
        return failure(ready.error());
    }
    const auto head = receive(socket.number(), head_bytes, path, deadline);
    if (!head) {
        return failure(head.error());
    }
    const std::uint32_t size = load_u32(head->data());
    if (size > helper_bytes) {
        return failure(ErrorKind::corrupt, "muster-inventory announces too many bytes", path);
    }
    const auto message = receive(socket.number(), size, path, deadline);
    if (!message) {
        return failure(message.error());
    }
    auto seen = wire::decode_observations(*message);
    if (!seen) {
        return failure(seen.error(), path);
    }
    return seen;
}

}  // namespace muster::agent
