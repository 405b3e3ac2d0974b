#include "wire/socket_tuning.hpp"

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::wire {
namespace {

class SocketTuning : public ::testing::Test {
  protected:
    SocketTuning() = default;

    ~SocketTuning() override { ::close(socket_); }

    int option(int name) const {
        int value = 0;
        socklen_t size = sizeof value;
        EXPECT_EQ(::getsockopt(socket_, IPPROTO_TCP, name, &value, &size), 0);
        return value;
    }

    std::string congestion_control() const {
        std::array<char, 16> name{};
        socklen_t size = name.size();
        EXPECT_EQ(::getsockopt(socket_, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
        return name.data();
    }

    /// Of all that there are, those that anybody may use.
    static bool is_allowed(const std::string& name) {
        const std::string all =
            " " + test::read_text("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
        return all.find(" " + name + " ") != std::string::npos ||
               all.find(" " + name + "\n") != std::string::npos;
    }

    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST_F(SocketTuning, AsksForWhatALineThatLosesPacketsNeedsAndDoesWithoutWhatIsNotThere) {
    ::setsockopt(socket_, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    tune(socket_);
    EXPECT_EQ(option(TCP_NODELAY), 1);
    EXPECT_EQ(option(TCP_USER_TIMEOUT), 20'000);
    // Root may use, and load, what is not allowed to everybody.
    if (is_allowed("bbr")) {
        EXPECT_EQ(congestion_control(), "bbr");
    } else {
        EXPECT_TRUE(congestion_control() == "reno" || congestion_control() == "bbr");
    }
}

TEST_F(SocketTuning, KeepsPacketsBelowWhatAnyPathTakes) {
    keep_packets_small(socket_);
    // Of a socket that is not connected this is what it will ask for.
    EXPECT_EQ(option(TCP_MAXSEG), 1200);
}

}  // namespace
}  // namespace muster::wire
