#include "tests/support/tiny_server.hpp"

#include "base/expect.hpp"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <charconv>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace muster::wire::test {

namespace {

constexpr int tick_ms = 20;

int choose_alpn(
    SSL* /*session*/,
    const unsigned char** out,
    unsigned char* size,
    const unsigned char* in,
    unsigned int length,
    void* user
) {
    const auto& wanted = *static_cast<const std::string*>(user);
    for (unsigned int at = 0; at < length; at += 1U + in[at]) {
        const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
        if (offered == wanted) {
            *out = in + at + 1;
            *size = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

bool is_whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) {
        return false;
    }
    const std::string_view name = "Content-Length: ";
    const std::size_t at = request.find(name);
    std::size_t length = 0;
    if (at != std::string::npos) {
        std::from_chars(request.data() + at + name.size(), request.data() + end, length);
    }
    return request.size() >= end + 4 + length;
}

}  // namespace

struct TinyServer::Impl {
    TinyServerOptions options;
    TlsContext context;
    int listening = -1;
    std::uint16_t port = 0;
    std::atomic<bool> stopping = false;
    std::atomic<int> connections = 0;
    mutable std::mutex mutex;
    std::string request;
    std::thread thread;

    void serve() {
        while (!stopping) {
            pollfd waiting{listening, POLLIN, 0};
            if (::poll(&waiting, 1, tick_ms) <= 0) {
                continue;
            }
            const int peer = ::accept(listening, nullptr, nullptr);
            timeval patience{0, tick_ms * 1000};
            ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            talk(peer);
            ::close(peer);
            ++connections;
        }
    }

    void talk(int peer) {
        SSL* session = nullptr;
        if (context != nullptr) {
            session = SSL_new(context.get());
            SSL_set_fd(session, peer);
            int accepted = SSL_accept(session);
            while (accepted != 1 && !stopping &&
                   SSL_get_error(session, accepted) == SSL_ERROR_WANT_READ) {
                accepted = SSL_accept(session);
            }
            if (accepted != 1) {
                SSL_free(session);
                return;
            }
        }
        if (session == nullptr) {
            ::send(peer, options.greeting.data(), options.greeting.size(), MSG_NOSIGNAL);
        }
        const auto receive = [&](char* to, int size) {
            return session != nullptr
                       ? SSL_read(session, to, size)
                       : static_cast<int>(::recv(peer, to, static_cast<std::size_t>(size), 0));
        };
        std::string got;
        std::array<char, 4096> chunk{};
        bool is_open = true;
        while (!stopping && is_open && (options.stays_silent || !is_whole(got))) {
            const int count = receive(chunk.data(), static_cast<int>(chunk.size()));
            if (count > 0) {
                got.append(chunk.data(), static_cast<std::size_t>(count));
            }
            const bool is_waiting =
                count < 0 &&
                (session == nullptr || SSL_get_error(session, count) == SSL_ERROR_WANT_READ);
            is_open = count > 0 || is_waiting;
        }
        {
            const std::lock_guard lock(mutex);
            request = got;
        }
        if (is_whole(got) && !options.stays_silent) {
            if (session != nullptr) {
                SSL_write(session, options.answer.data(), static_cast<int>(options.answer.size()));
                SSL_shutdown(session);
            } else {
                ::send(peer, options.answer.data(), options.answer.size(), MSG_NOSIGNAL);
            }
        }
        SSL_free(session);
    }
};

TinyServer::TinyServer(TinyServerOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->options = std::move(options);
    if (!impl_->options.identity.private_key_pem.empty()) {
        impl_->context =
            make_server_context(impl_->options.identity, ClientCertificates::none).value();
        if (impl_->options.is_outdated) {
            SSL_CTX_set_min_proto_version(impl_->context.get(), TLS1_2_VERSION);
            SSL_CTX_set_max_proto_version(impl_->context.get(), TLS1_2_VERSION);
        }
        SSL_CTX_set_alpn_select_cb(impl_->context.get(), choose_alpn, &impl_->options.alpn);
    }
    impl_->listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    expect(::bind(impl_->listening, address, size) == 0, "a free port");
    expect(::listen(impl_->listening, 8) == 0, "a listening socket");
    expect(::getsockname(impl_->listening, address, &size) == 0, "its address");
    impl_->port = ntohs(where.sin_port);
    impl_->thread = std::thread([this] { impl_->serve(); });
}

TinyServer::~TinyServer() {
    impl_->stopping = true;
    impl_->thread.join();
    ::close(impl_->listening);
}

std::uint16_t TinyServer::port() const {
    return impl_->port;
}

int TinyServer::connections() const {
    return impl_->connections;
}

std::string TinyServer::request() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->request;
}

}  // namespace muster::wire::test
