#include "base/notify_socket.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

/// An abstract datagram socket that the kernel names.
class Listener {
  public:
    Listener() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un own{};
        own.sun_family = AF_UNIX;
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof(sa_family_t));
        socklen_t length = sizeof(own);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &length);
        name_ = "@" + std::string(own.sun_path + 1, length - sizeof(sa_family_t) - 1);
    }

    ~Listener() { ::close(socket_); }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    const std::string& name() const { return name_; }

    std::string next() const {
        std::array<char, 4096> buffer{};
        const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
        return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
    }

  private:
    int socket_;
    std::string name_;
};

TEST(NotifySocket, SaysEachThingInOneDatagram) {
    const Listener listener;
    const NotifySocket socket(listener.name());
    socket.ready("all is well");
    EXPECT_EQ(listener.next(), "READY=1\nSTATUS=all is well");
    socket.status("three agents");
    EXPECT_EQ(listener.next(), "STATUS=three agents");
    socket.reloading();
    EXPECT_TRUE(listener.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    socket.stopping("SIGTERM");
    EXPECT_EQ(listener.next(), "STOPPING=1\nSTATUS=SIGTERM");
    socket.extend(2s);
    EXPECT_EQ(listener.next(), "EXTEND_TIMEOUT_USEC=2000000");
    socket.alive();
    EXPECT_EQ(listener.next(), "WATCHDOG=1");
}

TEST(NotifySocket, KeepsAStatusOnItsLine) {
    const Listener listener;
    NotifySocket(listener.name()).status("two\nWATCHDOG=trigger");
    EXPECT_EQ(listener.next().find('\n'), std::string::npos);
}

TEST(NotifySocket, SaysNothingWhereNobodyListens) {
    NotifySocket().ready("to nobody");
    NotifySocket("/nonexistent/notify").ready("to nobody");
    NotifySocket(std::string(500, 'x')).alive();
    EXPECT_FALSE(NotifySocket().has_listener());
    EXPECT_EQ(NotifySocket("", 30s).alive_every(), std::nullopt);
}

TEST(NotifySocket, TakesItsEnvironmentAlong) {
    ::setenv("NOTIFY_SOCKET", "@somewhere", 1);
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const NotifySocket socket = NotifySocket::from_environment();
    EXPECT_TRUE(socket.has_listener());
    EXPECT_EQ(socket.alive_every(), 15s);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
        EXPECT_EQ(std::getenv(name), nullptr) << "a child would speak for us";
    }
}

TEST(NotifySocket, LeavesTheWatchdogOfAnotherProcessAlone) {
    ::setenv("NOTIFY_SOCKET", "@somewhere", 1);
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(NotifySocket::from_environment().alive_every(), std::nullopt);
    ::setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_EQ(NotifySocket::from_environment().alive_every(), std::nullopt);
}

}  // namespace
}  // namespace muster
