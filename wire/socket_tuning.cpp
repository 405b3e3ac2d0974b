#include "wire/socket_tuning.hpp"

#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>

namespace muster::wire {

namespace {

using std::chrono::milliseconds;

constexpr int no_delay = 1;
constexpr auto user_timeout = std::chrono::seconds(20);
// With its headers less than what any path of IPv6 takes, 1,280 bytes.
constexpr int small_segment = 1200;

// A line that loses packets is not one that is full. BBR sends at the rate that arrives; Reno and CUBIC halve theirs with every
// loss. Measured over 256 kbit/s, packets lost both ways, kbit/s delivered: of 20 %, 140 instead of 8; of 30 %, 45 instead of 16.
// Not everybody may use it: see tcp_allowed_congestion_control.
constexpr std::string_view congestion_control = "bbr";

// When the repetition of a packet is lost as well, TCP waits twice as long, up to two minutes, and the link is silent for longer than
// `user_timeout` though the line carries packets. 3 s is more than any round trip of use: BBR delivers 73 instead of 45 kbit/s of
// the line above. Linux 6.15 and later.
constexpr int tcp_rto_max_ms = 44;
constexpr auto longest_repeat = std::chrono::seconds(3);

void set(int socket, int option, int value) {
    ::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value);
}

}  // namespace

void tune(int socket) {
    set(socket, TCP_NODELAY, no_delay);
    set(socket, TCP_USER_TIMEOUT, static_cast<int>(milliseconds(user_timeout).count()));
    set(socket, tcp_rto_max_ms, static_cast<int>(milliseconds(longest_repeat).count()));
    ::setsockopt(
        socket,
        IPPROTO_TCP,
        TCP_CONGESTION,
        congestion_control.data(),
        static_cast<socklen_t>(congestion_control.size())
    );
}

void keep_packets_small(int socket) {
    set(socket, TCP_MAXSEG, small_segment);
}

}  // namespace muster::wire
