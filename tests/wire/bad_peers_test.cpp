// T-41: fourteen kinds of clients that the agents' port must not let in, over real sockets, and the canary of T-72: a port that
// takes no certificate for a good one is found out by the same clients. What only the rows of the collector tell, that an agent is
// revoked, is in tests/e2e/bad_peers_test.cpp.
#include "tests/support/bad_peers.hpp"

#include "base/task.hpp"
#include "tests/wire/loop.hpp"
#include "wire/connection.hpp"
#include "wire/frames.hpp"
#include "wire/handshake.hpp"
#include "wire/openssl.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <thread>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string welcome = "you are in";

proto::Frame greeting() {
    proto::Frame frame;
    frame.mutable_hello()->set_hostname(welcome);
    return frame;
}

void greet_and_close(Connection& connection) {
    EXPECT_TRUE(connection.send(greeting()));
    connection.close();
}

Task<void> greet_all(LinkListener* listener) {
    for (;;) {
        auto accepted = co_await listener->accept();
        if (!accepted) {
            co_return;
        }
        greet_and_close(**accepted);
    }
}

/// The collector's own listener; whoever gets in is greeted.
class AgentsPort {
  public:
    explicit AgentsPort(const TlsIdentity& identity)
        : listener_(std::move(LinkListener::open(loop_, "127.0.0.1:0", identity).value())) {
        asio::co_spawn(loop_, greet_all(&listener_), asio::detached);
        thread_ = std::thread([this] { loop_.run(); });
    }

    ~AgentsPort() {
        asio::post(loop_, [this] { listener_.close(); });
        thread_.join();
    }

    AgentsPort(const AgentsPort&) = delete;
    AgentsPort& operator=(const AgentsPort&) = delete;

    std::uint16_t port() const { return listener_.port(); }

  private:
    asio::io_context loop_;
    LinkListener listener_;
    std::thread thread_;
};

/// The same handshake, with a context and a check that a programmer got wrong.
class CarelessPort {
  public:
    CarelessPort(TlsContext context, PeerCheck check)
        : context_(std::move(context)),
          check_(check),
          acceptor_(loop_, {asio::ip::make_address("127.0.0.1"), 0}) {
        asio::co_spawn(loop_, serve(this), asio::detached);
        thread_ = std::thread([this] { loop_.run(); });
    }

    ~CarelessPort() {
        asio::post(loop_, [this] { acceptor_.close(); });
        thread_.join();
    }

    CarelessPort(const CarelessPort&) = delete;
    CarelessPort& operator=(const CarelessPort&) = delete;

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  private:
    static Task<void> serve(CarelessPort* self) {
        while (self->acceptor_.is_open()) {
            boost::system::error_code problem;
            auto socket = co_await self->acceptor_.async_accept(
                asio::redirect_error(asio::use_awaitable, problem)
            );
            if (problem) {
                co_return;
            }
            auto accepted = co_await accept_link(
                &self->loop_,
                socket.release(),
                "somebody",
                self->context_.get(),
                Deadline::in(5s),
                self->check_
            );
            if (accepted) {
                greet_and_close(**accepted);
            }
        }
    }

    asio::io_context loop_;
    TlsContext context_;
    PeerCheck check_;
    asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
};

class BadPeers : public testing::Test {
  protected:
    /// Those whom the port lets in.
    std::vector<std::string> let_in(std::uint16_t port) const {
        std::vector<std::string> found;
        for (const muster::test::Peer& peer :
             muster::test::bad_peers(made.authority, agent, made.now)) {
            if (!muster::test::knock(port, peer, words()).heard.empty()) {
                found.push_back(peer.name);
            }
        }
        return found;
    }

    static std::string words() {
        std::string bytes;
        EXPECT_TRUE(append_frame(greeting(), bytes));
        return bytes;
    }

    TlsContext careful_context() const {
        return std::move(
            make_server_context(made.for_server(), ClientCertificates::required).value()
        );
    }

    test::Certificates made;
    AgentId agent = test::agent_number(7);
};

class BadPeer : public BadPeers, public testing::WithParamInterface<std::string> {};

TEST_P(BadPeer, T41IsRefused) {
    const AgentsPort door(made.for_server());
    for (const muster::test::Peer& peer :
         muster::test::bad_peers(made.authority, agent, made.now)) {
        if (peer.name == GetParam()) {
            const muster::test::Knock knock = muster::test::knock(door.port(), peer, words());
            EXPECT_EQ(knock.heard, "");
            EXPECT_TRUE(knock.is_closed) << "it waits for more";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadPeer,
    testing::ValuesIn(muster::test::bad_peer_names()),
    [](const auto& one) { return one.param; }
);

TEST_F(BadPeers, T41AreNotRefusedForBeingRefused) {
    const AgentsPort door(made.for_server());
    const auto good = muster::test::good_peer(made.authority, agent, made.now);
    EXPECT_THAT(muster::test::knock(door.port(), good, words()).heard, testing::HasSubstr(welcome));
}

/// Takes nobody for somebody: what CVE-2024-49369 came to.
Result<PeerCertificate> takes_nobody(ssl_st* session) {
    if (SSL_get0_peer_certificate(session) == nullptr) {
        return PeerCertificate{AgentId{Uuid::named("nobody")}, "00"};
    }
    return read_agent_peer(session);
}

/// Believes that a handshake which came to its end was a good one.
Result<PeerCertificate> reads_the_name_alone(ssl_st* session) {
    X509* const certificate = SSL_get0_peer_certificate(session);
    if (certificate == nullptr) {
        return failure(ErrorKind::refused, "no certificate presented");
    }
    return PeerCertificate{agent_of(certificate), serial_of(certificate)};
}

int accepts_everything(int /*was_good*/, X509_STORE_CTX* /*verification*/) {
    return 1;
}

TEST_F(BadPeers, T41AreLetInWhereNoCertificateCountsAsAGoodOneAndThisIsSeen) {
    TlsContext context = careful_context();
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const CarelessPort door(std::move(context), takes_nobody);
    EXPECT_THAT(
        let_in(door.port()), ElementsAre("NoCertificate", "ResumesAnUnauthenticatedSession")
    );
}

TEST_F(BadPeers, T41AreLetInWhereVerificationIsOnlyACallbackAndThisIsSeen) {
    TlsContext context = careful_context();
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, accepts_everything);
    const CarelessPort door(std::move(context), reads_the_name_alone);
    const std::vector<std::string> found = let_in(door.port());
    EXPECT_THAT(found, testing::IsSupersetOf({"SelfSigned", "OtherAuthority", "Expired"}));
    EXPECT_THAT(found, testing::Not(testing::Contains("NoCertificate")));
}

// Either half alone keeps them out: the handshake where the check is wrong, the check at use where the handshake is.
TEST_F(BadPeers, T41AreRefusedByTheCheckWhereTheHandshakeIsCareless) {
    TlsContext context = careful_context();
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, accepts_everything);
    const CarelessPort door(std::move(context), read_agent_peer);
    EXPECT_THAT(let_in(door.port()), IsEmpty());
}

TEST_F(BadPeers, T41AreRefusedByTheHandshakeWhereTheCheckTakesNobody) {
    const CarelessPort door(careful_context(), takes_nobody);
    EXPECT_THAT(let_in(door.port()), IsEmpty());
}

}  // namespace
}  // namespace muster::wire
