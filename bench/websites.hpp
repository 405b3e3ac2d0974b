// Owns: websites that a benchmark watches and takes down. Leaves to monitor.cpp: watching them.
#pragma once

#include "base/clock.hpp"
#include "bench/bench_collector.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace muster::bench {

/// A TCP listener that answers HTTP 200 to whatever it is asked, until it is closed.
class Website {
  public:
    explicit Website(const std::string& host)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 64) != 0) {
            give_up("cannot listen on " + host + ": " + std::strerror(errno));
        }
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }

    Website(const Website&) = delete;
    Website& operator=(const Website&) = delete;

    ~Website() { close(); }

    std::uint16_t port() const { return port_; }

    int listener() const { return listener_; }

    void answer_one() const {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) {
            return;
        }
        char request[2048];
        pollfd waiting{connection, POLLIN, 0};
        if (::poll(&waiting, 1, 200) > 0 && ::recv(connection, request, sizeof request, 0) > 0) {
            constexpr std::string_view reply =
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            (void)!::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
        }
        ::close(connection);
    }

    void close() {
        if (listener_ >= 0) {
            ::close(std::exchange(listener_, -1));
        }
    }

  private:
    int listener_;
    std::uint16_t port_ = 0;
};

/// Many websites on one thread.
class Websites {
  public:
    explicit Websites(int count) {
        for (int i = 0; i < count; ++i) {
            all_.push_back(
                std::make_unique<Website>(fmt::format("127.8.{}.{}", i / 250, 1 + i % 250))
            );
        }
        thread_ = std::thread([this] { serve(); });
    }

    Websites(const Websites&) = delete;
    Websites& operator=(const Websites&) = delete;

    ~Websites() {
        is_stopped_ = true;
        thread_.join();
    }

    std::string url(int at) const {
        return fmt::format(
            "http://127.8.{}.{}:{}/",
            at / 250,
            1 + at % 250,
            all_[static_cast<std::size_t>(at)]->port()
        );
    }

    /// When it went down.
    WallTime take_down(int at) {
        const std::lock_guard lock(mutex_);
        all_[static_cast<std::size_t>(at)]->close();
        return SystemClock().wall();
    }

  private:
    void serve() {
        while (!is_stopped_) {
            const std::lock_guard lock(mutex_);
            std::vector<pollfd> waiting;
            std::vector<const Website*> sites;
            for (const auto& each : all_) {
                if (each->listener() >= 0) {
                    waiting.push_back({each->listener(), POLLIN, 0});
                    sites.push_back(each.get());
                }
            }
            ::poll(waiting.data(), waiting.size(), 5);
            for (std::size_t i = 0; i < waiting.size(); ++i) {
                if (waiting[i].revents != 0) {
                    sites[i]->answer_one();
                }
            }
        }
    }

    std::vector<std::unique_ptr<Website>> all_;
    std::mutex mutex_;  // between the thread that answers and whoever takes down
    std::atomic<bool> is_stopped_{false};
    std::thread thread_;
};

}  // namespace muster::bench
