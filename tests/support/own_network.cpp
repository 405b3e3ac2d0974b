#include "tests/support/own_network.hpp"

#include "tests/support/process.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

void set_kernel(const char* path, Pings pings) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        const char* value = pings == Pings::ignored ? "1" : "0";
        [[maybe_unused]] const ssize_t written = ::write(file, value, 1);
        ::close(file);
    }
}

}  // namespace

bool enter_own_network(std::string& why) {
    if (::unshare(CLONE_NEWNET) != 0) {
        why = std::string("network namespaces need root here: ") + std::strerror(errno);
        return false;
    }
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    why = up ? "" : std::string("loopback would not come up: ") + std::strerror(errno);
    ::close(socket);
    return up;
}

// /proc/sys/net shows the namespace of the thread that opens it.
void set_pings_v4(Pings pings) {
    set_kernel("/proc/sys/net/ipv4/icmp_echo_ignore_all", pings);
}

void set_pings_v6(Pings pings) {
    set_kernel("/proc/sys/net/ipv6/icmp/echo_ignore_all", pings);
}

}  // namespace muster::test
