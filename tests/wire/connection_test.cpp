#include "wire/connection.hpp"

#include "tests/wire/loop.hpp"
#include "wire/record.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace muster::wire {
namespace {

using test::Certificates;
using testing::HasSubstr;
using testing::StartsWith;

Deadline soon() {
    return Deadline::in(std::chrono::seconds(5));
}

proto::Frame hello(const std::string& hostname) {
    proto::Frame frame;
    frame.mutable_hello()->set_hostname(hostname);
    return frame;
}

proto::Frame batch(std::size_t bytes) {
    proto::Frame frame;
    proto::Record& record = *frame.mutable_batch()->add_records();
    record.set_kind(1);
    record.set_raw_size(static_cast<std::uint32_t>(bytes));
    record.set_payload(std::string(bytes, 'x'));
    return frame;
}

class ConnectionTest : public testing::Test {
  protected:
    using Connected = Result<std::unique_ptr<Connection>>;

    LinkListener listen() {
        return std::move(LinkListener::open(loop, "127.0.0.1:0", made.for_server()).value());
    }

    Connected connect(
        const TlsIdentity& identity, std::uint16_t port, const std::string& host = "localhost"
    ) {
        return test::run(loop, connect_link(loop, "127.0.0.1", port, host, identity, soon()));
    }

    Connected connect(const TlsIdentity& identity) { return connect(identity, listener.port()); }

    std::unique_ptr<Connection> accept() { return test::run(loop, listener.accept()).value(); }

    Result<proto::Frame> receive(Connection& connection, Deadline deadline = soon()) {
        return test::run(loop, connection.receive(deadline));
    }

    /// Sends more than the sockets' buffers hold, until nothing more goes out: how much has not.
    std::size_t fill(Connection& connection) {
        for (int i = 0; i < 40; ++i) {
            EXPECT_TRUE(connection.send(batch(500U << 10U)));
        }
        std::size_t unsent = 0;
        while (std::exchange(unsent, connection.unsent()) != connection.unsent()) {
            loop.restart();
            loop.run_for(std::chrono::milliseconds(100));
        }
        return unsent;
    }

    /// What the listener logs when somebody with this identity comes, and what that one sees at the first read.
    std::string refusal(const TlsIdentity& identity, Error* seen = nullptr) {
        testing::internal::CaptureStderr();
        {
            Connected connected = connect(identity);
            if (connected) {
                // In TLS 1.3 the client is done before the server has looked at its certificate.
                const Result<proto::Frame> answer = receive(**connected);
                EXPECT_FALSE(answer);
                if (seen != nullptr && !answer) {
                    *seen = answer.error();
                }
            } else if (seen != nullptr) {
                *seen = connected.error();
            }
        }
        loop.restart();
        loop.run_for(std::chrono::milliseconds(20));
        return testing::internal::GetCapturedStderr();
    }

    asio::io_context loop;
    Certificates made;
    LinkListener listener = listen();
    const AgentId agent = test::agent_number(7);
};

TEST_F(ConnectionTest, KnowsTheAgentByItsCertificate) {
    const TlsIdentity identity = made.for_agent(agent);
    Connected client = connect(identity);
    ASSERT_TRUE(client) << client.error().text();
    const std::unique_ptr<Connection> server = accept();
    EXPECT_EQ(server->peer().agent, agent);
    EXPECT_EQ(server->peer().serial, read_certificate(identity.certificate_chain_pem)->serial);
    EXPECT_THAT(server->peer().address, StartsWith("127.0.0.1:"));
    EXPECT_TRUE((*client)->peer().agent.is_nil());
}

TEST_F(ConnectionTest, CarriesFramesBothWaysInOrder) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE((*client)->send(hello(std::to_string(i))));
        ASSERT_TRUE(server->send(hello(std::to_string(1000 + i))));
    }
    for (int i = 0; i < 100; ++i) {
        const auto there = receive(*server);
        ASSERT_TRUE(there) << there.error().text();
        EXPECT_EQ(there->hello().hostname(), std::to_string(i));
        const auto back = receive(**client);
        ASSERT_TRUE(back) << back.error().text();
        EXPECT_EQ(back->hello().hostname(), std::to_string(1000 + i));
    }
}

TEST_F(ConnectionTest, CarriesLargeFramesOnceAllowed) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    server->allow_large_frames();
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE((*client)->send(batch(900'000)));
    }
    for (int i = 0; i < 40; ++i) {
        const auto got = receive(*server);
        ASSERT_TRUE(got) << got.error().text();
        EXPECT_EQ(got->batch().records(0).payload().size(), 900'000U);
    }
    EXPECT_EQ((*client)->unsent(), 0U);
}

TEST_F(ConnectionTest, RefusesLargeFramesBefore) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    ASSERT_TRUE((*client)->send(batch(70'000)));
    const auto got = receive(*server);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(got.error().text(), HasSubstr("at most 65536"));
}

TEST_F(ConnectionTest, ReceivesOnAfterATimeout) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    const auto nothing = receive(*server, Deadline::in(std::chrono::milliseconds(20)));
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().kind(), ErrorKind::timeout);
    ASSERT_TRUE((*client)->send(hello("late")));
    const auto got = receive(*server);
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->hello().hostname(), "late");
}

TEST_F(ConnectionTest, WritesItsLastWordsBeforeItCloses) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    server->allow_large_frames();
    // Input the server never reads must not reset its last words away.
    ASSERT_TRUE((*client)->send(batch(500'000)));
    ASSERT_TRUE(server->send(hello("last")));
    server->close();
    EXPECT_FALSE(server->send(hello("too late")));
    const auto got = receive(**client);
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->hello().hostname(), "last");
    const auto end = receive(**client);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind(), ErrorKind::closed);
}

TEST_F(ConnectionTest, FlushWaitsUntilAllIsWritten) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    server->allow_large_frames();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE((*client)->send(batch(900'000)));
    }
    EXPECT_GT((*client)->unsent(), 2'000'000U);
    ASSERT_TRUE(test::run(loop, (*client)->flush(soon())));
    EXPECT_EQ((*client)->unsent(), 0U);
}

TEST_F(ConnectionTest, IsFullWhenTheOtherSideDoesNotRead) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    Status sent;
    std::size_t frames = 0;
    while (sent && frames < 1000) {
        sent = server->send(batch(1'000'000));
        ++frames;
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), ErrorKind::full);
    EXPECT_LT(frames, 80U);
}

/// Frames that have been read and wait: they are there without anything more being read.
Task<int> count_waiting(Connection& connection) {
    int frames = 0;
    while (co_await connection.receive(Deadline::in(Duration::zero()))) {
        ++frames;
    }
    co_return frames;
}

TEST_F(ConnectionTest, ReadsAheadNoMoreThanItMay) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    server->allow_large_frames();
    server->read_ahead(64U << 10U);
    const std::size_t unsent = fill(**client);
    ASSERT_GT(unsent, 0U) << "the sockets' buffers are full";
    EXPECT_EQ(test::run(loop, count_waiting(*server)), 1);
}

TEST_F(ConnectionTest, TellsWhatIsWrittenOfMuch) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    const std::unique_ptr<Connection> server = accept();
    server->allow_large_frames();
    const std::size_t unsent = fill(**client);
    ASSERT_GT(unsent, 0U);
    for (int i = 0; i < 12; ++i) {
        ASSERT_TRUE(receive(*server));
    }
    EXPECT_LT((*client)->unsent(), unsent) << "who reads slowly reads all the same";
    EXPECT_GT((*client)->unsent(), 0U);
}

TEST_F(ConnectionTest, StopsReceivingWhenItsTaskIsStopped) {
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client);
    TaskGroup tasks(loop);
    auto wait = [](Connection* connection, bool* ended) -> Task<void> {
        const auto got = co_await connection->receive(Deadline::in(std::chrono::hours(1)));
        *ended = !got && got.error().kind() == ErrorKind::closed;
    };
    bool ended = false;
    tasks.start("receive", wait(client->get(), &ended));
    loop.restart();
    loop.run_for(std::chrono::milliseconds(10));
    tasks.stop();
    loop.restart();
    loop.run_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(tasks.empty());
    EXPECT_TRUE(ended);
}

TEST_F(ConnectionTest, WithoutACertificateIsRefused) {
    Error seen(ErrorKind::internal, "");
    const std::string log = refusal({"", "", made.authority.certificate_pem}, &seen);
    EXPECT_THAT(log, HasSubstr("link.refused"));
    EXPECT_THAT(log, HasSubstr("no certificate presented"));
    EXPECT_THAT(log, HasSubstr("127.0.0.1:"));
    EXPECT_EQ(seen.kind(), ErrorKind::refused);
    EXPECT_THAT(seen.text(), HasSubstr("wants a certificate"));
}

TEST_F(ConnectionTest, WithACertificateOfAnotherAuthorityIsRefused) {
    const Certificates other;
    TlsIdentity identity = other.for_agent(agent);
    identity.ca_pem = made.authority.certificate_pem;
    Error seen(ErrorKind::internal, "");
    const std::string log = refusal(identity, &seen);
    EXPECT_THAT(log, HasSubstr("certificate signed by another authority"));
    EXPECT_EQ(seen.kind(), ErrorKind::refused);
    EXPECT_THAT(seen.text(), HasSubstr("refuses our certificate"));
}

TEST_F(ConnectionTest, WithAnExpiredCertificateIsRefused) {
    const std::string log = refusal(made.for_agent(agent, -std::chrono::minutes(1)));
    EXPECT_THAT(log, HasSubstr("its certificate has expired"));
}

TEST_F(ConnectionTest, WithAServersCertificateIsRefused) {
    const std::string log = refusal(made.for_server());
    EXPECT_THAT(log, HasSubstr("not an agent certificate"));
}

TEST_F(ConnectionTest, ToAServerOfAnotherAuthorityIsNotMade) {
    const Certificates other;
    TlsIdentity identity = made.for_agent(agent);
    identity.ca_pem = other.authority.certificate_pem;
    const Connected connected = connect(identity);
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().kind(), ErrorKind::refused);
    EXPECT_THAT(connected.error().text(), HasSubstr("signed by another authority"));
}

TEST_F(ConnectionTest, ToAServerOfAnotherNameIsNotMade) {
    for (const std::string host : {"collector.example", "192.0.2.1"}) {
        const Connected connected = connect(made.for_agent(agent), listener.port(), host);
        ASSERT_FALSE(connected);
        EXPECT_EQ(connected.error().kind(), ErrorKind::refused);
        EXPECT_THAT(connected.error().text(), HasSubstr("not valid for the name"));
    }
    EXPECT_TRUE(connect(made.for_agent(agent), listener.port(), "127.0.0.1"));
}

TEST_F(ConnectionTest, ToNobodyIsUnavailable) {
    const std::uint16_t port = listener.port();
    listener.close();
    const Connected connected = connect(made.for_agent(agent), port);
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().kind(), ErrorKind::unavailable);
}

TEST_F(ConnectionTest, ToSomebodySilentTimesOut) {
    asio::ip::tcp::acceptor silent(loop, {asio::ip::make_address("127.0.0.1"), 0});
    const std::uint16_t port = silent.local_endpoint().port();
    const Deadline deadline = Deadline::in(std::chrono::milliseconds(50));
    const Connected connected = test::run(
        loop, connect_link(loop, "127.0.0.1", port, "localhost", made.for_agent(agent), deadline)
    );
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().kind(), ErrorKind::timeout);
}

TEST_F(ConnectionTest, PlainTextIsRefusedWithoutHarm) {
    testing::internal::CaptureStderr();
    asio::ip::tcp::socket plain(loop);
    plain.connect({asio::ip::make_address("127.0.0.1"), listener.port()});
    asio::write(plain, asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
    loop.restart();
    loop.run_for(std::chrono::milliseconds(100));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("does not speak TLS"));
    Connected client = connect(made.for_agent(agent));
    EXPECT_TRUE(client);
}

TEST_F(ConnectionTest, OfASlowGreeterDoesNotHoldUpOthers) {
    asio::ip::tcp::socket slow(loop);
    slow.connect({asio::ip::make_address("127.0.0.1"), listener.port()});
    Connected client = connect(made.for_agent(agent));
    ASSERT_TRUE(client) << client.error().text();
    EXPECT_EQ(accept()->peer().agent, agent);
}

TEST_F(ConnectionTest, ListenersSayWhatToDoAboutATakenPort) {
    const std::string endpoint = "127.0.0.1:" + std::to_string(listener.port());
    const auto second = LinkListener::open(loop, endpoint, made.for_server());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::unavailable);
    EXPECT_THAT(second.error().text(), HasSubstr("is taken"));
    EXPECT_THAT(second.error().text(), HasSubstr("listen.agents"));
}

TEST_F(ConnectionTest, ListenersSayWhatIsWrongWithAnEndpoint) {
    for (const std::string wrong :
         {"8444", "localhost:8444", "127.0.0.1:", "127.0.0.1:x", "[::]", "127.0.0.1:70000"}) {
        const auto opened = LinkListener::open(loop, wrong, made.for_server());
        ASSERT_FALSE(opened) << wrong;
        EXPECT_EQ(opened.error().kind(), ErrorKind::invalid);
    }
    const auto elsewhere = LinkListener::open(loop, "192.0.2.1:0", made.for_server());
    ASSERT_FALSE(elsewhere);
    EXPECT_THAT(elsewhere.error().text(), HasSubstr("no address 192.0.2.1"));
    EXPECT_TRUE(LinkListener::open(loop, "[::]:0", made.for_server()));
}

TEST_F(ConnectionTest, ListenersSayWhatIsWrongWithTheirIdentity) {
    TlsIdentity identity = made.for_server();
    identity.private_key_pem = made.authority.key_pem;
    const auto mixed = LinkListener::open(loop, "127.0.0.1:0", identity);
    ASSERT_FALSE(mixed);
    EXPECT_THAT(mixed.error().text(), HasSubstr("do not belong together"));
    identity.private_key_pem = "nonsense";
    const auto unreadable = LinkListener::open(loop, "127.0.0.1:0", identity);
    ASSERT_FALSE(unreadable);
    EXPECT_THAT(unreadable.error().text(), HasSubstr("own private key"));
}

TEST_F(ConnectionTest, AcceptEndsWhenTheListenerCloses) {
    listener.close();
    const auto accepted = test::run(loop, listener.accept());
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().kind(), ErrorKind::closed);
}

TEST_F(ConnectionTest, ShowsAnotherCertificateToWhoComesLaterAndKeepsWhoIsThere) {
    const TlsIdentity agent = made.for_agent(test::agent_number(1));
    Connected before = connect(agent);
    ASSERT_TRUE(before);
    const std::unique_ptr<Connection> old_end = accept();
    TlsIdentity other = made.for_server();
    const auto server =
        issue_server(made.authority, {"renamed.test"}, made.now, std::chrono::hours(1)).value();
    other.certificate_chain_pem = server.certificate_pem + made.authority.certificate_pem;
    other.private_key_pem = server.key_pem;
    ASSERT_TRUE(listener.use(other));
    EXPECT_FALSE(connect(agent)) << "localhost is not its name any more";
    EXPECT_TRUE(connect(agent, listener.port(), "renamed.test"));
    ASSERT_TRUE((*before)->send(hello("still here")));
    const Result<proto::Frame> heard = receive(*old_end);
    ASSERT_TRUE(heard) << heard.error().text();
    EXPECT_EQ(heard->hello().hostname(), "still here");
    other.private_key_pem = made.server.key_pem;
    EXPECT_FALSE(listener.use(other)) << "key and certificate of two pairs";
    EXPECT_TRUE(connect(agent, listener.port(), "renamed.test"));
}

}  // namespace
}  // namespace muster::wire
