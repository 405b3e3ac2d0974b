#include "tests/support/webhook_listener.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cstdlib>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

std::optional<HookCall> parse_request(const std::string& raw) {
    const std::size_t head_end = raw.find("\r\n\r\n");
    if (head_end == std::string::npos) {
        return std::nullopt;
    }
    HookCall call;
    std::istringstream head(raw.substr(0, head_end));
    std::string line;
    std::getline(head, line);
    while (std::getline(head, line)) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos) {
            const std::size_t value = line.find_first_not_of(' ', colon + 1);
            call.headers[lower(line.substr(0, colon))] =
                value == std::string::npos ? "" : line.substr(value);
        }
    }
    const std::size_t length = std::strtoul(call.headers["content-length"].c_str(), nullptr, 10);
    if (raw.size() < head_end + 4 + length) {
        return std::nullopt;
    }
    call.body = raw.substr(head_end + 4, length);
    return call;
}

}  // namespace

WebhookListener::WebhookListener(std::uint16_t port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

WebhookListener::~WebhookListener() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
}

std::string WebhookListener::url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/hook";
}

std::vector<HookCall> WebhookListener::received() const {
    const std::lock_guard lock(mutex_);
    return received_;
}

std::size_t WebhookListener::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::vector<MonoTime> WebhookListener::arrivals() const {
    const std::lock_guard lock(mutex_);
    return arrivals_;
}

std::vector<std::string> WebhookListener::keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
}

void WebhookListener::refuse_next(int count) {
    const std::lock_guard lock(mutex_);
    refuse_ = count;
}

void WebhookListener::serve() {
    while (!stop_) {
        pollfd waiting{listener_, POLLIN, 0};
        if (::poll(&waiting, 1, 50) > 0) {
            const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection >= 0) {
                answer(connection);
                ::close(connection);
            }
        }
    }
}

void WebhookListener::answer(int connection) {
    std::string raw;
    std::optional<HookCall> call;
    while (!call) {
        pollfd waiting{connection, POLLIN, 0};
        char buffer[4096];
        const ssize_t got =
            ::poll(&waiting, 1, 5000) > 0 ? ::recv(connection, buffer, sizeof buffer, 0) : 0;
        if (got <= 0) {
            return;
        }
        raw.append(buffer, static_cast<std::size_t>(got));
        call = parse_request(raw);
    }
    const MonoTime arrived = std::chrono::steady_clock::now();
    call->at = std::chrono::system_clock::now();
    std::string status = "204 No Content";
    {
        const std::lock_guard lock(mutex_);
        ++calls_;
        arrivals_.push_back(arrived);
        keys_.push_back(call->headers["idempotency-key"]);
        if (refuse_ > 0) {
            --refuse_;
            status = "503 Service Unavailable";
        } else if (seen_[call->headers["idempotency-key"]]++ == 0) {
            received_.push_back(std::move(*call));
        }
    }
    const std::string reply =
        "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    ::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
}

bool signature_holds(const HookCall& call, const std::string& key) {
    const auto header = call.headers.find("muster-signature");
    if (header == call.headers.end()) {
        return false;
    }
    const std::string& text = header->second;
    const std::size_t comma = text.find(",v1=");
    if (!text.starts_with("t=") || comma == std::string::npos) {
        return false;
    }
    const std::string stamp = text.substr(2, comma - 2);
    return to_hex(hmac_sha256(key, stamp + "." + call.body)) == text.substr(comma + 4);
}

}  // namespace muster::test
