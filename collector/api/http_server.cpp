#include "collector/api/http_server.hpp"

#include "base/log.hpp"
#include "collector/api/doors.hpp"
#include "collector/api/http_text.hpp"
#include "collector/api/problem.hpp"
#include "wire/bind_failure.hpp"
#include "wire/descriptors.hpp"
#include "wire/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using SteadyTime = std::chrono::steady_clock::time_point;
using Parser = http::request_parser<http::string_body>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_ahead = 64U << 10;
constexpr std::size_t most_drained = 4U << 20;
constexpr auto farewell = std::chrono::seconds(2);
constexpr auto client_patience = std::chrono::seconds(1);
constexpr auto reader_patience = std::chrono::seconds(5);
constexpr auto pause_without_sockets = std::chrono::milliseconds(100);

Result<asio::ssl::context> make_tls(const std::string& chain_pem, const Secret& key_pem) {
    wire::TlsIdentity identity;
    identity.certificate_chain_pem = chain_pem;
    identity.private_key_pem = key_pem.reveal();
    Result<wire::TlsContext> context =
        wire::make_server_context(identity, wire::ClientCertificates::none);
    if (!context) {
        return failure(context.error(), "people's listener");
    }
    // Browsers and scripts may be older than our agents.
    SSL_CTX_set_min_proto_version(context->get(), TLS1_2_VERSION);
    choose_doors(context->get());
    return asio::ssl::context(context->release());
}

Result<tcp::acceptor> listen(asio::io_context& loop, const ListenAddress& where) {
    tcp::endpoint endpoint(asio::ip::make_address(where.address), where.port);
    tcp::acceptor acceptor(loop);
    error_code problem;
    acceptor.open(endpoint.protocol(), problem);
    const bool any_v6 = endpoint.address().is_v6() && endpoint.address().is_unspecified();
    if (problem == asio::error::address_family_not_supported && any_v6) {
        endpoint = tcp::endpoint(tcp::v4(), endpoint.port());  // a machine without IPv6
        acceptor.open(endpoint.protocol(), problem);
    }
    if (!problem) {
        error_code ignored;
        acceptor.set_option(asio::socket_base::reuse_address(true), ignored);
        if (any_v6 && endpoint.address().is_v6()) {
            acceptor.set_option(asio::ip::v6_only(false), ignored);
        }
        acceptor.bind(endpoint, problem);
    }
    if (!problem) {
        acceptor.listen(asio::socket_base::max_listen_connections, problem);
    }
    if (problem) {
        return wire::explain_bind(
            endpoint.address().to_string(), endpoint.port(), problem.value(), "listen.people"
        );
    }
    return acceptor;
}

std::string text_of(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

WallTime wall_now() {
    return std::chrono::system_clock::now();
}

/// The answer to bytes that are no acceptable request; nothing where only closing is left.
std::optional<HttpResponse> refusal_of(const error_code& fault) {
    if (fault == http::error::header_limit || fault == http::error::buffer_overflow) {
        return problem(431, "the request's header is too large");
    }
    if (fault == http::error::body_limit) {
        return problem(413, "the request's body is too large");
    }
    const bool is_http = fault.category() == make_error_code(http::error::bad_method).category();
    const bool is_end =
        fault == http::error::end_of_stream || fault == http::error::partial_message;
    if (is_http && !is_end) {
        return problem(400, "this is not an HTTP/1.1 request we accept");
    }
    return std::nullopt;
}

/// Rules of RFC 9112 that the parser leaves to us: each is a way to smuggle a request past somebody in front of us.
bool is_sound(const Parser::value_type& message) {
    const auto count = [&](http::field name) {
        const auto range = message.equal_range(name);
        return std::distance(range.first, range.second);
    };
    const bool ambiguous =
        count(http::field::content_length) > 1 ||
        (count(http::field::content_length) == 1 && count(http::field::transfer_encoding) > 0);
    const bool hosted =
        count(http::field::host) == 1 || (message.version() < 11 && count(http::field::host) == 0);
    return !ambiguous && hosted && message.target().starts_with('/') &&
           message.target().find('#') == beast::string_view::npos;
}

/// We unpack nothing of a stranger's: what unpacks to gigabytes is a few kilobytes here.
bool is_packed(const Parser::value_type& message) {
    const auto how = message[http::field::content_encoding];
    return !how.empty() && !beast::iequals(how, "identity");
}

HttpRequest request_of(Parser::value_type message, const std::string& peer, Door door) {
    HttpRequest request;
    request.method = message.method_string();
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) {
        request.query = target.substr(question + 1);
    }
    for (const auto& field : message) {
        std::string name(field.name_string());
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        std::string& value = request.headers[name];
        if (!value.empty()) {
            value += ", ";
        }
        value += std::string_view(field.value().data(), field.value().size());
    }
    request.body = std::move(message.body());
    request.peer = peer;
    request.door = door;
    return request;
}

}  // namespace

struct HttpServer::Impl {
    Impl(
        asio::io_context& on,
        tcp::acceptor listener,
        asio::ssl::context context,
        HttpServerOptions with,
        HttpHandler answer
    )
        : acceptor(std::move(listener)),
          tls(std::move(context)),
          limits(with.limits),
          handler(std::move(answer)),
          tasks(on) {}

    tcp::acceptor acceptor;
    asio::ssl::context tls;
    HttpLimits limits;
    HttpHandler handler;
    /// Of the connections' coroutines, each with when it may be closed in favour of a newcomer.
    std::map<TlsStream*, SteadyTime> open;
    bool told_full = false;
    bool told_without = false;  // descriptors
    bool stopping = false;
    TaskGroup tasks;

    static Task<void> accept(std::shared_ptr<Impl> self);
    static Task<void> serve(std::shared_ptr<Impl> self, tcp::socket socket);
    void admit(const std::shared_ptr<Impl>& self, tcp::socket socket);
    bool make_room();
};

namespace {

using Server = HttpServer::Impl;

/// Counts a connection while it lives, and knows whether it is the client that is waited for.
class Listed {
  public:
    Listed(Server* server, TlsStream* stream) : server_(server), stream_(stream) {
        server_->open.emplace(stream_, SteadyTime::max());
    }

    ~Listed() { server_->open.erase(stream_); }

    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;

    /// A client that has to do something, a handshake, a request, reading its answer, is left alone for this long even where
    /// others want its place.
    void waits_for_client(Duration patience) {
        if (const auto found = server_->open.find(stream_); found != server_->open.end()) {
            found->second = std::chrono::steady_clock::now() + patience;
        }
    }

    void works() {
        if (const auto found = server_->open.find(stream_); found != server_->open.end()) {
            found->second = SteadyTime::max();
        }
    }

  private:
    Server* server_;
    TlsStream* stream_;
};

/// Sends our close and reads what is still on its way, lest a reset destroy the answer before it was read.
Task<void> part(TlsStream* stream) {
    auto& socket = beast::get_lowest_layer(*stream);
    socket.expires_after(farewell);
    co_await stream->async_shutdown(quietly);
    std::string waste(read_ahead, '\0');
    error_code ignored;
    socket.socket().shutdown(tcp::socket::shutdown_send, ignored);
    for (std::size_t drained = 0; drained < most_drained;) {
        const auto space = asio::buffer(waste);
        const auto [problem, count] = co_await socket.async_read_some(space, quietly);
        if (problem) {
            break;
        }
        drained += count;
    }
    socket.close();
}

Task<error_code> write(TlsStream* stream, std::string bytes, Duration within) {
    beast::get_lowest_layer(*stream).expires_after(within);
    const auto buffer = asio::buffer(bytes);
    const auto [problem, count] = co_await asio::async_write(*stream, buffer, quietly);
    co_return problem;
}

/// Waits for the first byte of the next request, then reads it to the end. An error is told by `refusal_of`.
Task<error_code> read(
    TlsStream* stream, beast::flat_buffer* buffer, Parser* parser, const HttpLimits* limits
) {
    auto& socket = beast::get_lowest_layer(*stream);
    if (buffer->size() == 0) {
        socket.expires_after(limits->idle);
        const auto space = buffer->prepare(read_ahead);
        const auto [problem, count] = co_await stream->async_read_some(space, quietly);
        buffer->commit(count);
        if (problem) {
            co_return problem;
        }
    }
    socket.expires_after(limits->header);
    const auto [bad_header, header] =
        co_await http::async_read_header(*stream, *buffer, *parser, quietly);
    if (bad_header) {
        co_return bad_header;
    }
    if (!is_sound(parser->get())) {
        co_return make_error_code(http::error::bad_value);
    }
    if (beast::iequals(parser->get()[http::field::expect], "100-continue")) {
        const error_code unsent =
            co_await write(stream, "HTTP/1.1 100 Continue\r\n\r\n", limits->write);
        if (unsent) {
            co_return unsent;
        }
    }
    socket.expires_after(limits->body);
    const auto [bad_body, body] = co_await http::async_read(*stream, *buffer, *parser, quietly);
    co_return bad_body;
}

/// False: the client is gone, or reads so slowly that it had better come back.
Task<bool> send_stream(TlsStream* stream, const HttpResponse* response, const HttpLimits* limits) {
    for (;;) {
        Task<std::optional<std::string>> asking = response->stream();
        std::optional<std::string> piece = co_await std::move(asking);
        if (!piece) {
            co_return true;
        }
        const error_code unsent = co_await write(stream, std::move(*piece), limits->write);
        if (unsent) {
            co_return false;
        }
    }
}

}  // namespace

Task<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self, tcp::socket socket) {
    error_code unknown;
    const std::string peer = text_of(socket.remote_endpoint(unknown));
    TlsStream stream(std::move(socket), self->tls);
    Listed listed(self.get(), &stream);
    listed.waits_for_client(client_patience);
    beast::get_lowest_layer(stream).expires_after(self->limits.handshake);
    const auto [no_tls] = co_await stream.async_handshake(asio::ssl::stream_base::server, quietly);
    if (no_tls) {
        co_return;
    }
    const Door door = door_of(stream.native_handle());
    beast::flat_buffer buffer(read_ahead + self->limits.header_bytes);
    After after = After::keep_open;
    while (after == After::keep_open && !self->stopping) {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(self->limits.header_bytes));
        parser.body_limit(
            door == Door::enrolment ? self->limits.enrol_body_bytes : self->limits.body_bytes
        );
        listed.waits_for_client(client_patience);
        const error_code unread = co_await read(&stream, &buffer, &parser, &self->limits);
        if (unread) {
            const std::optional<HttpResponse> refusal = refusal_of(unread);
            if (refusal) {
                std::string bytes = http_text(*refusal, "GET", After::close, wall_now());
                co_await write(&stream, std::move(bytes), self->limits.write);
            }
            break;
        }
        after = parser.get().keep_alive() ? After::keep_open : After::close;
        if (is_packed(parser.get())) {
            std::string bytes = http_text(
                problem(415, "send the body as it is, without Content-Encoding"),
                "GET",
                After::close,
                wall_now()
            );
            co_await write(&stream, std::move(bytes), self->limits.write);
            break;
        }
        HttpRequest request = request_of(parser.release(), peer, door);
        const std::string method = request.method;
        listed.works();
        Task<HttpResponse> answering = self->handler(std::move(request));
        const HttpResponse response = co_await std::move(answering);
        listed.waits_for_client(reader_patience);
        std::string bytes = http_text(response, method, after, wall_now());
        const error_code unsent = co_await write(&stream, std::move(bytes), self->limits.write);
        if (unsent) {
            co_return;
        }
        if (response.stream) {
            if (method == "HEAD") {
                break;
            }
            listed.works();
            const bool is_sent = co_await send_stream(&stream, &response, &self->limits);
            if (!is_sent) {
                co_return;
            }
            break;
        }
    }
    listed.waits_for_client({});
    co_await part(&stream);
}

/// Of those whose client is waited for, the one that may go first goes. False: there is none.
bool HttpServer::Impl::make_room() {
    const auto oldest =
        std::ranges::min_element(open, {}, [](const auto& each) { return each.second; });
    if (oldest == open.end() || oldest->second > std::chrono::steady_clock::now()) {
        return false;
    }
    TlsStream& stream = *oldest->first;
    open.erase(oldest);
    beast::get_lowest_layer(stream).close();
    return true;
}

void HttpServer::Impl::admit(const std::shared_ptr<Impl>& self, tcp::socket socket) {
    // Agents need descriptors too: strangers at this door leave them half.
    const bool full =
        open.size() >= std::min(limits.connections, wire::descriptors_for_sockets() / 2);
    if (full && !told_full) {
        log(LogLevel::warning, "api.full", {{"connections", open.size()}});
    }
    told_full = full;
    const bool without = !wire::leaves_reserve(socket.native_handle());
    if (without && !told_without) {
        log(LogLevel::error,
            "api.cannot_accept",
            {{"why", "too many open files: connections beyond are closed at once"},
             {"remedy", "raise LimitNOFILE= of the unit"}});
    }
    told_without = without;
    const bool hopeless = !wire::leaves_half_reserve(socket.native_handle());
    if (hopeless || ((without || full) && !make_room())) {
        error_code ignored;
        socket.close(ignored);
        return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    tasks.start("http connection", serve(self, std::move(socket)));
}

Task<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self) {
    bool told = false;
    while (self->acceptor.is_open()) {
        auto [problem, socket] = co_await self->acceptor.async_accept(quietly);
        if (problem == asio::error::operation_aborted || self->stopping) {
            co_return;
        }
        if (!problem) {
            told = false;
            self->admit(self, std::move(socket));
            continue;
        }
        // Out of descriptors, mostly: a loop that tries at once would eat the processor.
        if (!told) {
            log(LogLevel::error, "api.cannot_accept", {{"why", problem.message()}});
        }
        told = true;
        co_await sleep_for(pause_without_sockets);
    }
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;

HttpServer& HttpServer::operator=(HttpServer&& other) noexcept {
    if (impl_ && this != &other) {
        stop();
    }
    impl_ = std::move(other.impl_);
    return *this;
}

HttpServer::~HttpServer() {
    if (impl_) {
        stop();
    }
}

Result<HttpServer> HttpServer::open(
    asio::io_context& loop, HttpServerOptions options, HttpHandler handler
) {
    const Result<ListenAddress> endpoint = parse_listen_address(options.endpoint);
    if (!endpoint) {
        return failure(endpoint.error(), "listen.people");
    }
    Result<asio::ssl::context> tls =
        make_tls(options.certificate_chain_pem, options.private_key_pem);
    if (!tls) {
        return failure(tls.error());
    }
    Result<tcp::acceptor> acceptor = listen(loop, *endpoint);
    if (!acceptor) {
        return failure(acceptor.error());
    }
    auto impl = std::make_shared<Impl>(
        loop, std::move(*acceptor), std::move(*tls), std::move(options), std::move(handler)
    );
    impl->tasks.start("http listener", Impl::accept(impl));
    return HttpServer(std::move(impl));
}

Status HttpServer::use(std::string certificate_chain_pem, Secret private_key_pem) {
    Result<asio::ssl::context> tls = make_tls(certificate_chain_pem, private_key_pem);
    if (!tls) {
        return failure(tls.error());
    }
    impl_->tls = std::move(*tls);  // connections hold on to the one they began with
    return {};
}

std::uint16_t HttpServer::port() const {
    error_code closed;
    return impl_->acceptor.local_endpoint(closed).port();
}

std::size_t HttpServer::connections() const {
    return impl_->open.size();
}

void HttpServer::stop() {
    impl_->stopping = true;
    error_code ignored;
    impl_->acceptor.close(ignored);
    for (const auto& [stream, until] : impl_->open) {
        beast::get_lowest_layer(*stream).close();
    }
    impl_->tasks.stop();
}

Task<void> HttpServer::drained() {
    const std::shared_ptr<Impl> kept = impl_;
    co_await kept->tasks.drained();
}

}  // namespace muster::collector
