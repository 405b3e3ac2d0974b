#include "wire/http_client.hpp"

#include "wire/resolve.hpp"
#include "wire/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <utility>

namespace muster::wire {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t header_limit = 64U << 10;

Failure explain(ssl_st* session, const error_code& problem, const std::string& to) {
    if (problem == beast::error::timeout) {
        return failure(ErrorKind::timeout, "no answer before the deadline", to);
    }
    if (problem == http::error::body_limit || problem == http::error::header_limit) {
        return failure(ErrorKind::full, "the answer is too long", to);
    }
    if (problem == http::error::end_of_stream || problem == http::error::partial_message) {
        return failure(ErrorKind::closed, "the server closed the connection without an answer", to);
    }
    if (problem.category() == make_error_code(http::error::bad_version).category()) {
        return failure(ErrorKind::corrupt, "not an HTTP answer: " + problem.message(), to);
    }
    return failure(explain_tls(session, problem).in(to));
}

// --- one exchange ---

using Request = http::request<http::string_body>;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
    });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < '\x7f' &&
               std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
    });
}

Result<Request> make_request(const HttpCall& call, const UrlParts& url) {
    if (!is_token(call.method)) {
        return failure(ErrorKind::invalid, "not an HTTP method", call.method);
    }
    Request request;
    request.version(11);
    request.method_string(call.method);
    request.target(url.target);
    const bool is_default_port = url.port == (url.scheme == "https" ? 443 : 80);
    const bool is_v6 = url.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + url.host + "]" : url.host;
    request.set(http::field::host, is_default_port ? host : host + ":" + std::to_string(url.port));
    request.set(http::field::user_agent, "muster");
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : call.headers) {
        if (!is_token(name) || !is_plain(value)) {
            return failure(ErrorKind::invalid, "a header's name or value cannot be sent", name);
        }
        request.set(name, value);
    }
    request.body() = call.body;
    request.prepare_payload();
    return request;
}

struct Exchange {
    Request request;
    http::response_parser<http::string_body> parser;
    beast::flat_buffer buffer;
    std::function<bool(std::string_view)> on_body;
    Duration quiet{};
};

HttpAnswer take_answer(Exchange& exchange) {
    http::response<http::string_body> response = exchange.parser.release();
    HttpAnswer answer;
    answer.status = static_cast<int>(response.result_int());
    for (const auto& field : response) {
        std::string name(field.name_string());
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        std::string& value = answer.headers[name];
        // Repeated fields are one list (RFC 9110 §5.3).
        value += value.empty() ? "" : ", ";
        value += std::string_view(field.value());
    }
    answer.body = std::move(response.body());
    return answer;
}

/// Gives the body away as it comes. That the server ends it without a farewell is its end all the same: what is inside says
/// whether it was whole.
template <class Stream>
Task<error_code> pass_on(Stream* stream, Exchange* exchange) {
    auto& parser = exchange->parser;
    parser.body_limit(boost::none);
    while (!parser.is_done()) {
        beast::get_lowest_layer(*stream).expires_after(exchange->quiet);
        const auto [problem, count] =
            co_await http::async_read_some(*stream, exchange->buffer, parser, quietly);
        const std::string piece = std::exchange(parser.get().body(), {});
        if (!piece.empty() && !exchange->on_body(piece)) {
            co_return error_code{};
        }
        if (problem && parser.is_header_done() && problem != beast::error::timeout) {
            co_return error_code{};
        }
        if (problem) {
            co_return problem;
        }
    }
    co_return error_code{};
}

/// The coroutine that waits for this keeps all three alive.
template <class Stream>
Task<error_code> exchange_on(Stream* stream, Exchange* exchange) {
    const auto [unsent, sent] = co_await http::async_write(*stream, exchange->request, quietly);
    if (unsent) {
        co_return unsent;
    }
    if (exchange->on_body) {
        const auto [headless, head] =
            co_await http::async_read_header(*stream, exchange->buffer, exchange->parser, quietly);
        if (headless) {
            co_return headless;
        }
        if (exchange->parser.get().result_int() / 100 == 2) {
            co_return co_await pass_on(stream, exchange);
        }
    }
    const auto [unread, read] =
        co_await http::async_read(*stream, exchange->buffer, exchange->parser, quietly);
    co_return unread;
}

Status prepare_tls(ssl_st* session, const HttpTrust& trust, const std::string& host) {
    if (!trust.alpn.empty()) {
        if (Status offered = offer_protocol(session, trust.alpn); !offered) {
            return offered;
        }
    }
    return expect_host(session, host);
}

/// Before a byte of the request goes out.
Status check_tls(ssl_st* session, const HttpTrust& trust, const std::string& host) {
    Status proved =
        trust.spki_pin.empty() ? check_peer(session) : check_pinned(session, trust.spki_pin, host);
    if (!proved || trust.alpn.empty()) {
        return proved;
    }
    return check_protocol(session, trust.alpn);
}

Result<TlsContext> make_context(const HttpTrust& trust) {
    if (!trust.ca_pem.empty() && !trust.spki_pin.empty()) {
        return failure(ErrorKind::invalid, "an authority and a pin cannot both decide");
    }
    return make_https_context(
        trust.ca_pem,
        trust.spki_pin.empty() ? ServerVerification::during_handshake : ServerVerification::later
    );
}

Task<Result<HttpAnswer>> perform(asio::io_context* loop, HttpCall call, Deadline deadline) {
    const Result<UrlParts> url = parse_url(call.url);
    if (!url) {
        co_return failure(url.error());
    }
    Result<Request> request = make_request(call, *url);
    if (!request) {
        co_return failure(request.error());
    }
    const std::string to = url->host + ":" + std::to_string(url->port);
    const Result<Endpoints> endpoints = co_await resolve(loop, url->host, url->port, deadline);
    if (!endpoints) {
        co_return failure(endpoints.error());
    }
    Exchange exchange{std::move(*request), {}, {}, std::move(call.on_body), call.quiet};
    exchange.parser.body_limit(call.body_limit);
    exchange.parser.header_limit(header_limit);
    exchange.parser.skip(call.method == "HEAD");

    beast::tcp_stream plain(*loop);
    plain.expires_at(deadline.at());
    const auto [unreachable, reached] = co_await plain.async_connect(*endpoints, quietly);
    if (unreachable == beast::error::timeout) {
        co_return explain(nullptr, unreachable, to);
    }
    if (unreachable) {
        co_return failure(ErrorKind::unavailable, "cannot connect: " + unreachable.message(), to);
    }
    if (url->scheme == "http") {
        const error_code problem = co_await exchange_on(&plain, &exchange);
        if (problem) {
            const Failure why = explain(nullptr, problem, to);
            const Error& error = why.value();
            co_return error.kind() == ErrorKind::closed
                ? failure(error.kind(), error.what() + "; is it https:// there?", error.context())
                : why;
        }
        co_return take_answer(exchange);
    }

    const Result<TlsContext> context = make_context(call.trust);
    if (!context) {
        co_return failure(context.error());
    }
    TlsStream stream(std::move(plain), SSL_new(context->get()));
    ssl_st* const session = stream.native_handle();
    if (Status prepared = prepare_tls(session, call.trust, url->host); !prepared) {
        co_return failure(prepared.error(), to);
    }
    const auto [rejected] =
        co_await stream.async_handshake(asio::ssl::stream_base::client, quietly);
    if (rejected) {
        const Failure why = explain(session, rejected, to);
        co_return failure(with_remedy(session, why.value(), call.trust.remedy));
    }
    if (Status checked = check_tls(session, call.trust, url->host); !checked) {
        co_return failure(with_remedy(session, checked.error().in(to), call.trust.remedy));
    }
    const error_code problem = co_await exchange_on(&stream, &exchange);
    if (problem) {
        co_return explain(session, problem, to);
    }
    co_return take_answer(exchange);
}

}  // namespace

Task<Result<HttpAnswer>> http_call(asio::io_context& loop, HttpCall call, Deadline deadline) {
    return perform(&loop, std::move(call), deadline);
}

}  // namespace muster::wire
