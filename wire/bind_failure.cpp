#include "wire/bind_failure.hpp"

#include "wire/handshake.hpp"

#include <cerrno>
#include <cstring>

namespace muster::wire {

Failure explain_bind(
    const std::string& address, std::uint16_t port, int problem, std::string_view key
) {
    const std::string where = peer_text(address, port);
    const std::string which = "port " + std::to_string(port);
    const std::string set(key);
    if (problem == EADDRINUSE) {
        return failure(
            ErrorKind::unavailable,
            which + " is taken: another program listens there; stop it or set " + set +
                " to another port",
            where
        );
    }
    if (problem == EACCES) {
        return failure(
            ErrorKind::refused,
            which + " may not be used by this user; set " + set +
                " to a port from 1024 on, or give the unit CAP_NET_BIND_SERVICE",
            where
        );
    }
    if (problem == EADDRNOTAVAIL) {
        return failure(
            ErrorKind::unavailable,
            "this machine has no address " + address + "; set " + set +
                " to one that it has, or to \"[::]:" + std::to_string(port) + "\" for all",
            where
        );
    }
    return failure(ErrorKind::io, std::string("cannot listen: ") + std::strerror(problem), where);
}

}  // namespace muster::wire
