#include "tests/probes/probe_fixture.hpp"
#include "tests/support/own_network.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <sys/socket.h>
#include <thread>

namespace muster::probes::test {
namespace {

using asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using wire::ResultState;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

enum Metric : std::size_t { connect, first_byte, total, dns };

/// What a peer does with each connection; ends when the other side has gone.
using Manner = std::function<Task<void>(tcp::socket*)>;

Task<void> say(tcp::socket* socket, std::string words) {
    co_await asio::async_write(*socket, asio::buffer(words), quietly);
}

Task<std::string> hear(tcp::socket* socket) {
    std::array<char, 4096> buffer;
    const auto [problem, count] = co_await socket->async_read_some(asio::buffer(buffer), quietly);
    co_return std::string(buffer.data(), count);
}

Task<void> serve(tcp::acceptor* acceptor, Manner manner) {
    for (;;) {
        auto [problem, socket] = co_await acceptor->async_accept(quietly);
        if (problem) {
            co_return;
        }
        co_await manner(&socket);
    }
}

class Tcp : public ProbeTest {
  protected:
    /// A real listener on this test's address; its port.
    int listen(Manner manner) {
        peers.push_back(
            std::make_unique<tcp::acceptor>(loop, tcp::endpoint(asio::ip::make_address(address), 0))
        );
        asio::co_spawn(loop, serve(peers.back().get(), std::move(manner)), asio::detached);
        return peers.back()->local_endpoint().port();
    }

    /// A port of this test's address where nobody listens.
    int closed_port() {
        const tcp::acceptor brief(loop, tcp::endpoint(asio::ip::make_address(address), 0));
        return brief.local_endpoint().port();
    }

    Outcome dial(int port, config::Params more = {}, Duration timeout = 2s) {
        more["port"] = std::to_string(port);
        return probe("tcp", address, std::move(more), {}, timeout);
    }

    std::string place(int port) const { return address + ":" + std::to_string(port); }

    std::string address = own_address(7);
    std::vector<std::unique_ptr<tcp::acceptor>> peers;
};

/// Keeps the connection open until the other side closes it.
Task<void> listen_only(tcp::socket* socket) {
    (void)co_await hear(socket);
}

Task<void> greet(tcp::socket* socket) {
    co_await say(socket, "220 mail.example.net ESMTP\r\n");
    (void)co_await hear(socket);
}

/// In two pieces, after what was asked is kept.
Task<void> answer_ping(tcp::socket* socket, std::string* heard) {
    *heard = co_await hear(socket);
    co_await say(socket, "+PO");
    co_await say(socket, "NG\r\n");
    (void)co_await hear(socket);
}

TEST_F(Tcp, IsWellWhereSomebodyAcceptsTheConnection) {
    const Outcome outcome = dial(listen(listen_only));
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << outcome.seen;
    ASSERT_EQ(outcome.values.size(), 4u);
    EXPECT_GT(outcome.values[connect], 0);
    EXPECT_EQ(outcome.values[first_byte], wire::absent_value);
    EXPECT_GE(outcome.values[total], outcome.values[connect]);
    EXPECT_EQ(outcome.values[dns], 0);
}

TEST_F(Tcp, SaysThatThePortIsClosed) {
    const int port = closed_port();
    const Outcome outcome = dial(port);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "refused");
    EXPECT_EQ(outcome.expected, "a connection within 2s");
    EXPECT_EQ(outcome.seen, place(port) + ": connection refused");
    EXPECT_EQ(outcome.values[connect], wire::absent_value);
    EXPECT_EQ(outcome.values[total], wire::absent_value);
}

TEST_F(Tcp, SaysThatNobodyAccepts) {
    // A full queue of connections nobody takes: the kernel leaves further ones without an answer.
    tcp::acceptor full(loop);
    full.open(tcp::v4());
    full.bind({asio::ip::make_address(address), 0});
    full.listen(0);
    const int port = full.local_endpoint().port();
    tcp::socket waiting(loop);
    waiting.connect(full.local_endpoint());
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome = dial(port, {}, 300ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_EQ(outcome.seen, place(port) + ": no connection");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 800ms);
}

TEST_F(Tcp, SaysThatThereIsNoWayToTheHost) {
    std::string why;
    std::thread alone([&] {
        // This network has no route to anywhere.
        if (muster::test::enter_own_network(why)) {
            const Outcome outcome = probe("tcp", "192.0.2.1", {{"port", "22"}}, {}, 1s);
            EXPECT_EQ(outcome.state, ResultState::critical);
            EXPECT_EQ(outcome.reason, "unreachable");
            EXPECT_EQ(outcome.seen, "192.0.2.1:22: network is unreachable");
        }
    });
    alone.join();
    if (!why.empty()) {
        GTEST_SKIP() << why;
    }
}

TEST_F(Tcp, ReadsTheGreetingOfAServer) {
    const Outcome outcome = dial(listen(greet), {{"expect.answer", "^220 .*ESMTP"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << outcome.seen;
    EXPECT_GT(outcome.values[first_byte], 0);
    EXPECT_GE(outcome.values[total], outcome.values[connect] + outcome.values[first_byte]);
}

TEST_F(Tcp, SendsTheBytesItIsToldAndReadsTheReply) {
    std::string heard;
    const int port = listen([&heard](tcp::socket* socket) { return answer_ping(socket, &heard); });
    const Outcome outcome =
        dial(port, {{"send", "PING\\r\\n\\x00\\\\"}, {"expect.answer", "PONG"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << outcome.seen;
    EXPECT_EQ(heard, std::string("PING\r\n\0\\", 8));
}

TEST_F(Tcp, TellsAnotherAnswerFromTheExpectedOne) {
    const int port = listen(greet);
    const Outcome outcome = dial(port, {{"expect.answer", "^SSH-2"}}, 200ms);
    EXPECT_EQ(outcome.state, ResultState::critical);
    EXPECT_EQ(outcome.reason, "answer");
    EXPECT_EQ(outcome.expected, "an answer that matches ^SSH-2 within 200ms");
    EXPECT_THAT(outcome.seen, StartsWith(place(port) + ": 28 bytes without it: 220 mail.example"));
    EXPECT_GT(outcome.values[first_byte], 0);
}

TEST_F(Tcp, SaysThatAPeerAcceptsAndIsSilent) {
    const int port = listen(listen_only);
    const Outcome outcome = dial(port, {{"expect.answer", "220"}}, 200ms);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_EQ(outcome.seen, place(port) + ": connected, no answer");
    EXPECT_GT(outcome.values[connect], 0);
}

TEST_F(Tcp, SaysThatAPeerHangsUpWithoutAWord) {
    const int port = listen([](tcp::socket*) -> Task<void> { co_return; });
    const Outcome outcome = dial(port, {{"expect.answer", "220"}});
    EXPECT_EQ(outcome.reason, "closed");
    EXPECT_EQ(outcome.seen, place(port) + ": closed without an answer");
}

TEST_F(Tcp, SaysThatAPeerHangsUpAfterAnotherWord) {
    const int port = listen([](tcp::socket* socket) -> Task<void> { co_await say(socket, "bye"); });
    const Outcome outcome = dial(port, {{"expect.answer", "220"}});
    EXPECT_EQ(outcome.reason, "answer");
    EXPECT_THAT(outcome.seen, EndsWith(": 3 bytes without it: bye"));
}

TEST_F(Tcp, SaysThatAPeerResetsTheConnection) {
    const int port = listen([](tcp::socket* socket) -> Task<void> {
        (void)co_await hear(socket);
        socket->set_option(asio::socket_base::linger(true, 0));
        socket->close();
    });
    const Outcome outcome = dial(port, {{"send", "hello"}, {"expect.answer", "220"}});
    EXPECT_EQ(outcome.reason, "reset");
    EXPECT_EQ(outcome.seen, place(port) + ": connection reset by peer");
}

TEST_F(Tcp, FindsAnAnswerThatDripsIn) {
    const int port = listen([](tcp::socket* socket) -> Task<void> {
        for (const char c : std::string("a long way to the 220 in the end")) {
            co_await say(socket, std::string(1, c));
            co_await sleep_for(2ms);
        }
        (void)co_await hear(socket);
    });
    const Outcome outcome = dial(port, {{"expect.answer", "220 in the end$"}});
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.reason << outcome.seen;
}

TEST_F(Tcp, EndsInTimeWhereAnAnswerDripsForEver) {
    const int port = listen([](tcp::socket* socket) -> Task<void> {
        bool goes_on = true;
        while (goes_on) {
            const auto [problem, count] =
                co_await asio::async_write(*socket, asio::buffer(".", 1), quietly);
            goes_on = !problem;
            co_await sleep_for(1ms);
        }
    });
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome = dial(port, {{"expect.answer", "220"}}, 300ms);
    EXPECT_EQ(outcome.reason, "answer");
    EXPECT_THAT(outcome.seen, HasSubstr(" bytes without it: ....."));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 800ms);
}

TEST_F(Tcp, ReadsAtMost64KibibytesOfAnEndlessAnswer) {
    const int port = listen([](tcp::socket* socket) -> Task<void> {
        const std::string much(1 << 20, 'x');
        bool goes_on = true;
        while (goes_on) {
            const auto [problem, count] =
                co_await asio::async_write(*socket, asio::buffer(much), quietly);
            goes_on = !problem;
        }
    });
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome = dial(port, {{"expect.answer", "220"}}, 10s);
    EXPECT_EQ(outcome.reason, "answer");
    EXPECT_THAT(outcome.seen, HasSubstr(": 65536 bytes without it: xxx"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s) << "it need not wait for more";
}

TEST_F(Tcp, MatchesBytesThatAreNotText) {
    const int port = listen([](tcp::socket* socket) -> Task<void> {
        co_await say(socket, std::string("\x00\xFF\xFE\x1B[2J", 7));
        (void)co_await hear(socket);
    });
    EXPECT_EQ(dial(port, {{"expect.answer", "^\\x00\\xFF\\xFE"}}).state, ResultState::ok);
    const Outcome other = dial(port, {{"expect.answer", "220"}}, 200ms);
    EXPECT_EQ(other.seen.find('\x1B'), std::string::npos) << "nothing reaches a terminal";
}

TEST_F(Tcp, TriesTheOtherAddressesOfAName) {
    // localhost is ::1 before 127.0.0.1 where the machine has IPv6; only the latter listens.
    tcp::acceptor only_ip4(loop, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    const Outcome outcome = probe(
        "tcp", "localhost", {{"port", std::to_string(only_ip4.local_endpoint().port())}}, {}, 2s
    );
    EXPECT_EQ(outcome.state, ResultState::ok) << outcome.seen;
}

TEST_F(Tcp, RefusesOptionsThatCannotWork) {
    EXPECT_THAT(dial(0).seen, HasSubstr("port"));
    EXPECT_THAT(probe("tcp", address, {}).seen, HasSubstr("port"));
    EXPECT_THAT(dial(22, {{"send", "a\\q"}}).seen, HasSubstr("after each backslash"));
    EXPECT_EQ(dial(22, {{"send", "\\x4"}}).reason, "configuration");
    EXPECT_EQ(dial(22, {{"expect.answer", "("}}).reason, "configuration");
}

}  // namespace
}  // namespace muster::probes::test
