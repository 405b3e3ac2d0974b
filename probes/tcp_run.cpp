#include "probes/tcp_run.hpp"

#include "base/bytes.hpp"
#include "config/values.hpp"
#include "probes/params.hpp"
#include "probes/tcp_knock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace muster::probes {

extern constinit const ProbeType tcp_probe;

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_bytes = 64U << 10;
constexpr std::size_t excerpt_bytes = 80;
constexpr std::int64_t regex_memory = 8 << 20;
// A peer that sends byte by byte must not have the whole answer searched for each of them.
constexpr int eager_reads = 16;
constexpr Duration gathering = std::chrono::milliseconds(5);

/// One run; lives in the frame of run_tcp(), which waits for all that use it.
struct Conversation {
    Conversation(const asio::any_io_executor& executor, ProbeRequest of)
        : request(std::move(of)), socket(executor) {}

    ProbeRequest request;
    tcp::socket socket;
    std::string to_send;
    std::unique_ptr<const RE2> expression;  ///< null: a connection is enough

    steady_clock::time_point begun = steady_clock::now();
    std::string peer;  ///< "192.0.2.7:25"
    std::optional<steady_clock::time_point> connected;
    std::optional<steady_clock::time_point> sent;
    std::optional<steady_clock::time_point> first_byte;
    std::string answer;
    std::string reason;  ///< how it failed, where that is known
    std::string detail;
};

Failure failed(Conversation* talk, std::string_view reason, std::string detail) {
    talk->reason = reason;
    talk->detail = std::move(detail);
    return failure(ErrorKind::unavailable, talk->detail);
}

Failure failed(Conversation* talk, const error_code& problem) {
    if (problem == asio::error::operation_aborted) {
        return failure(ErrorKind::closed, "stopped");  // whoever stopped it knows why
    }
    return failed(talk, tcp_reason(problem), tcp_words(problem));
}

/// A closed port of this machine from which the kernel may have dialled itself (RFC 9293 §3.5, simultaneous open).
bool is_own_echo(const tcp::socket& socket) {
    error_code ignored;
    const tcp::endpoint here = socket.local_endpoint(ignored);
    return !ignored && here == socket.remote_endpoint(ignored) && !ignored;
}

Task<Status> connect_to(Conversation* talk, tcp::endpoint there) {
    error_code ignored;
    talk->socket.close(ignored);
    const auto [problem] = co_await talk->socket.async_connect(there, quietly);
    if (problem) {
        co_return failed(talk, problem);
    }
    if (is_own_echo(talk->socket)) {
        co_return failed(talk, "refused", "connection refused");
    }
    talk->socket.set_option(tcp::no_delay(true), ignored);
    talk->connected = talk->sent = steady_clock::now();
    co_return Status{};
}

Task<Status> connect(Conversation* talk, Deadline deadline) {
    const auto port = static_cast<std::uint16_t>(param_integer(talk->request.params, "port"));
    const std::vector<std::string>& addresses = talk->request.addresses;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        error_code not_an_address;
        const auto address = asio::ip::make_address(addresses[i], not_an_address);
        if (not_an_address) {
            co_return failed(talk, "connect", "not an address: " + addresses[i]);
        }
        talk->peer = address.is_v6() ? fmt::format("[{}]:{}", addresses[i], port)
                                     : fmt::format("{}:{}", addresses[i], port);
        const auto others = static_cast<std::int64_t>(addresses.size() - i);
        const Deadline share = Deadline::in(deadline.left() / others);
        const Status connected =
            co_await within(share, "connect", connect_to(talk, tcp::endpoint(address, port)));
        if (connected) {
            talk->reason.clear();
            co_return Status{};
        }
        if (connected.error().kind() == ErrorKind::timeout) {
            (void)failed(talk, "timeout", "no connection");
        }
    }
    co_return failure(ErrorKind::unavailable, talk->detail);
}

Task<Status> read_answer(Conversation* talk) {
    std::vector<char> buffer(most_bytes);
    for (int reads = 0; talk->answer.size() < most_bytes; ++reads) {
        if (reads >= eager_reads) {
            co_await sleep_for(gathering);
        }
        const auto room = asio::buffer(buffer.data(), most_bytes - talk->answer.size());
        const auto [problem, count] = co_await talk->socket.async_read_some(room, quietly);
        if (problem == asio::error::eof) {
            co_return failed(
                talk, talk->answer.empty() ? "closed" : "answer", "closed without an answer"
            );
        }
        if (problem) {
            co_return failed(talk, problem);
        }
        talk->first_byte = talk->first_byte.value_or(steady_clock::now());
        talk->answer.append(buffer.data(), count);
        if (RE2::PartialMatch(talk->answer, *talk->expression)) {
            co_return Status{};
        }
    }
    co_return failed(talk, "answer", "");
}

Task<Status> converse(Conversation* talk, Deadline deadline) {
    Status connected = co_await connect(talk, deadline);
    if (!connected) {
        co_return connected;
    }
    if (!talk->to_send.empty()) {
        const auto [problem, count] =
            co_await asio::async_write(talk->socket, asio::buffer(talk->to_send), quietly);
        if (problem) {
            co_return failed(talk, problem);
        }
        talk->sent = steady_clock::now();
    }
    if (!talk->expression) {
        co_return Status{};
    }
    co_return co_await read_answer(talk);
}

Outcome misconfigured(std::string why) {
    return unmeasured(
        tcp_probe,
        wire::ResultState::unknown,
        "configuration",
        "options that can work",
        std::move(why)
    );
}

/// Empty, or what is wrong with the options.
std::string prepare(Conversation& talk) {
    const config::Params& params = talk.request.params;
    auto to_send = config::unescape(param_text(params, "send"));
    if (!to_send) {
        return to_send.error().text();
    }
    talk.to_send = std::move(*to_send);
    const std::string pattern = param_text(params, "expect.answer");
    if (pattern.empty()) {
        return {};
    }
    RE2::Options options(RE2::Latin1);  // peers send bytes
    options.set_log_errors(false);
    options.set_max_mem(regex_memory);
    talk.expression = std::make_unique<const RE2>(pattern, options);
    return talk.expression->error();
}

void fill_values(Outcome& outcome, const Conversation& talk, Duration took) {
    const auto us = [](Duration duration) { return duration.count() / 1000; };
    if (talk.connected) {
        outcome.values[0] = us(*talk.connected - talk.begun);
    }
    if (talk.first_byte) {
        outcome.values[1] = us(*talk.first_byte - *talk.sent);
    }
    if (outcome.state == wire::ResultState::ok) {
        outcome.values[2] = us(talk.request.resolve_time + took);
    }
    outcome.values[3] = us(talk.request.resolve_time);
}

std::string expectation(const Conversation& talk) {
    const std::string within = format_duration(talk.request.timeout);
    return talk.expression
               ? fmt::format(
                     "an answer that matches {} within {}", talk.expression->pattern(), within
                 )
               : fmt::format("a connection within {}", within);
}

/// What was seen of a peer that did not do as expected.
std::string sight(const Conversation& talk) {
    if (talk.answer.empty()) {
        return fmt::format("{}: {}", talk.peer, talk.detail);
    }
    return fmt::format(
        "{}: {} bytes without it: {}",
        talk.peer,
        talk.answer.size(),
        printable(talk.answer, excerpt_bytes)
    );
}

}  // namespace

Task<Outcome> run_tcp(ProbeRequest request, Deadline deadline) {
    Conversation talk(co_await asio::this_coro::executor, std::move(request));
    std::string problem = prepare(talk);
    if (!problem.empty()) {
        co_return misconfigured(std::move(problem));
    }
    const Status done = co_await within(deadline, "tcp", converse(&talk, deadline));
    Outcome outcome = unmeasured(tcp_probe, wire::ResultState::critical, {}, {}, {});
    if (done) {
        outcome.state = wire::ResultState::ok;
    } else {
        if (done.error().kind() == ErrorKind::timeout) {
            (void)failed(
                &talk,
                talk.answer.empty() ? "timeout" : "answer",
                talk.connected ? "connected, no answer" : "no connection"
            );
        }
        outcome.reason = talk.reason;
        outcome.expected = expectation(talk);
        outcome.seen = sight(talk);
    }
    fill_values(outcome, talk, steady_clock::now() - talk.begun);
    co_return outcome;
}

}  // namespace muster::probes
