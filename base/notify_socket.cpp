#include "base/notify_socket.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster {

namespace {

using Microseconds = std::chrono::microseconds;

constexpr std::size_t longest_text = 400;

/// One line: a line break would begin a message of its own.
std::string one_line(std::string_view text) {
    return printable(text, longest_text);
}

std::optional<std::int64_t> number_in(const char* name) {
    const char* text = std::getenv(name);
    std::int64_t number = 0;
    if (text == nullptr) {
        return std::nullopt;
    }
    const char* end = text + std::strlen(text);
    const auto [stopped, problem] = std::from_chars(text, end, number);
    return problem == std::errc{} && stopped == end && number > 0 ? std::optional(number)
                                                                  : std::nullopt;
}

/// sd_watchdog_enabled(3): another process may be the one that is watched.
std::optional<Duration> watchdog_of_environment() {
    const auto period = number_in("WATCHDOG_USEC");
    const auto pid = number_in("WATCHDOG_PID");
    if (!period || (pid && *pid != ::getpid())) {
        return std::nullopt;
    }
    return std::chrono::duration_cast<Duration>(Microseconds(*period));
}

}  // namespace

NotifySocket::NotifySocket(std::string address, std::optional<Duration> watchdog)
    : address_(std::move(address)), watchdog_(watchdog) {}

NotifySocket NotifySocket::from_environment() {
    const char* address = std::getenv("NOTIFY_SOCKET");
    NotifySocket socket(address == nullptr ? "" : address, watchdog_of_environment());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
        ::unsetenv(name);
    }
    return socket;
}

void NotifySocket::ready(std::string_view status) const {
    send(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void NotifySocket::status(std::string_view text) const {
    send(fmt::format("STATUS={}", one_line(text)));
}

void NotifySocket::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    send(fmt::format(
        "RELOADING=1\nMONOTONIC_USEC={}", std::chrono::duration_cast<Microseconds>(since).count()
    ));
}

void NotifySocket::stopping(std::string_view why) const {
    send(fmt::format("STOPPING=1\nSTATUS={}", one_line(why)));
}

void NotifySocket::alive() const {
    send("WATCHDOG=1");
}

void NotifySocket::extend(Duration by) const {
    send(fmt::format("EXTEND_TIMEOUT_USEC={}", std::chrono::duration_cast<Microseconds>(by).count())
    );
}

std::optional<Duration> NotifySocket::alive_every() const {
    return address_.empty() || !watchdog_ ? std::nullopt : std::optional<Duration>(*watchdog_ / 2);
}

void NotifySocket::send(std::string_view message) const {
    sockaddr_un peer{};
    peer.sun_family = AF_UNIX;
    if (address_.empty() || address_.size() >= sizeof(peer.sun_path)) {
        return;
    }
    std::ranges::copy(address_, std::begin(peer.sun_path));
    std::size_t length = offsetof(sockaddr_un, sun_path) + address_.size();
    if (address_.front() == '@') {
        peer.sun_path[0] =
            '\0';  // abstract: the name begins with a null byte and ends by its length
    } else {
        ++length;
    }
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return;
    }
    ssize_t sent = -1;
    do {
        sent = ::sendto(
            descriptor,
            message.data(),
            message.size(),
            MSG_NOSIGNAL,
            reinterpret_cast<const sockaddr*>(&peer),
            static_cast<socklen_t>(length)
        );
    } while (sent < 0 && errno == EINTR);
    ::close(descriptor);
}

Task<void> keep_alive(NotifySocket socket, std::function<bool()> makes_progress) {
    const auto pause = socket.alive_every();
    if (!pause) {
        co_return;
    }
    bool withheld = false;
    do {
        const bool moves = makes_progress();
        if (moves) {
            socket.alive();
        } else if (!withheld) {
            log(LogLevel::error, "watchdog.withheld", {{"why", "no progress for one period"}});
        }
        withheld = !moves;
    } while (co_await sleep_for(*pause));
}

}  // namespace muster
