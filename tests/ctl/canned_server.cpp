#include "tests/ctl/canned_server.hpp"

#include "base/expect.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::ctl {

namespace {

std::string header(const std::string& head, const std::string& lower_name) {
    std::string lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    const std::size_t at = lower.find("\r\n" + lower_name + ": ");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t start = at + lower_name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
}

}  // namespace

CannedServer::CannedServer(std::map<std::string, CannedAnswer> answers)
    : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    expect(
        ::bind(listener_, generic, length) == 0 && ::listen(listener_, 16) == 0, "a loopback port"
    );
    expect(::getsockname(listener_, generic, &length) == 0, "its number");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

CannedServer::~CannedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

std::string CannedServer::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<SeenRequest> CannedServer::seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
}

void CannedServer::serve() {
    for (;;) {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) {
            return;
        }
        answer(connection);
        ::close(connection);
    }
}

void CannedServer::answer(int connection) {
    std::string text;
    std::array<char, 4096> buffer{};
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
        const ssize_t got = ::read(connection, buffer.data(), buffer.size());
        if (got <= 0) {
            return;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t end = text.find("\r\n\r\n");
        if (wanted == std::string::npos && end != std::string::npos) {
            const std::string length = header(text.substr(0, end + 2), "content-length");
            wanted = end + 4 + (length.empty() ? 0 : std::stoul(length));
        }
    }
    const std::size_t end = text.find("\r\n\r\n");
    const std::string line = text.substr(0, text.find(" HTTP/"));
    {
        std::lock_guard lock(mutex_);
        seen_.push_back(
            {line, header(text.substr(0, end + 2), "authorization"), text.substr(end + 4)}
        );
    }
    const auto found = answers_.find(line);
    const CannedAnswer answer =
        found == answers_.end()
            ? CannedAnswer{404, R"({"title":"Not Found","status":404,"detail":"no such thing"})"}
            : found->second;
    const std::string reply = "HTTP/1.1 " + std::to_string(answer.status) +
                              " X\r\nContent-Type: application/json\r\nContent-Length: " +
                              std::to_string(answer.body.size()) + "\r\nConnection: close\r\n\r\n" +
                              answer.body;
    static_cast<void>(::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL));
}

}  // namespace muster::ctl
