// T-44: a handshake that breaks off anywhere proves nothing, on either side: the check is computed at use from what the session
// is, and a certificate that has come and been verified is not enough.
#include "tests/wire/loop.hpp"
#include "wire/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

namespace muster::wire {
namespace {

struct SessionDeleter {
    void operator()(SSL* session) const { SSL_free(session); }
};

using Session = std::unique_ptr<SSL, SessionDeleter>;

/// Both ends in memory; a byte goes over when the test says so.
class Handshake {
  public:
    Handshake(const TlsIdentity& server, const TlsIdentity& client)
        : serving_context_(
              std::move(make_server_context(server, ClientCertificates::required).value())
          ),
          calling_context_(std::move(make_client_context(client).value())),
          serving(SSL_new(serving_context_.get())),
          calling(SSL_new(calling_context_.get())) {
        for (const Session* session : {&serving, &calling}) {
            SSL_set_bio(session->get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        }
        SSL_set_accept_state(serving.get());
        SSL_set_connect_state(calling.get());
        EXPECT_TRUE(expect_host(calling.get(), "localhost"));
        step(calling);
    }

    /// One byte from one end to the other, which works on what it has. False: there is none on the way.
    bool client_says() { return carry(calling, serving); }

    bool server_says() { return carry(serving, calling); }

  private:
    static void step(const Session& session) {
        SSL_do_handshake(session.get());
        ERR_clear_error();
    }

    static bool carry(const Session& from, const Session& to) {
        char byte = 0;
        if (BIO_read(SSL_get_wbio(from.get()), &byte, 1) != 1) {
            return false;
        }
        BIO_write(SSL_get_rbio(to.get()), &byte, 1);
        step(to);
        return true;
    }

    TlsContext serving_context_;
    TlsContext calling_context_;

  public:
    Session serving;
    Session calling;
};

bool looks_good_and_is_not_finished(SSL* session) {
    return SSL_is_init_finished(session) == 0 && SSL_get0_peer_certificate(session) != nullptr &&
           SSL_get_verify_result(session) == X509_V_OK;
}

TEST(HandshakeCheck, T44BelievesNobodyBeforeTheLastByte) {
    const test::Certificates made;
    Handshake both(made.for_server(), made.for_agent(test::agent_number(7)));
    int tempting_to_server = 0;
    int tempting_to_client = 0;
    int bytes = 0;
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        while (both.client_says()) {
            goes_on = true;
            ++bytes;
            const bool is_finished = SSL_is_init_finished(both.serving.get()) == 1;
            tempting_to_server += looks_good_and_is_not_finished(both.serving.get()) ? 1 : 0;
            ASSERT_EQ(check_peer(both.serving.get()).has_value(), is_finished) << bytes;
            ASSERT_EQ(read_agent_peer(both.serving.get()).has_value(), is_finished) << bytes;
        }
        while (both.server_says()) {
            goes_on = true;
            ++bytes;
            const bool is_finished = SSL_is_init_finished(both.calling.get()) == 1;
            tempting_to_client += looks_good_and_is_not_finished(both.calling.get()) ? 1 : 0;
            ASSERT_EQ(check_peer(both.calling.get()).has_value(), is_finished) << bytes;
        }
    }
    EXPECT_GT(bytes, 1000) << "a whole handshake";
    EXPECT_GT(tempting_to_server, 10)
        << "after the certificate, before the proof that it is theirs";
    EXPECT_GT(tempting_to_client, 10);
    const auto agent = read_agent_peer(both.serving.get());
    ASSERT_TRUE(agent) << agent.error().text();
    EXPECT_EQ(agent->agent, test::agent_number(7));
}

TEST(HandshakeCheck, T44BelievesNobodyWhoseHandshakeFailed) {
    const test::Certificates made;
    const test::Certificates other;
    TlsIdentity stranger = other.for_agent(test::agent_number(7));
    stranger.ca_pem = made.authority.certificate_pem;
    Handshake both(made.for_server(), stranger);
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        while (both.client_says()) {
            goes_on = true;
            ASSERT_FALSE(check_peer(both.serving.get()));
            ASSERT_FALSE(read_agent_peer(both.serving.get()));
        }
        while (both.server_says()) {
            goes_on = true;
        }
    }
    EXPECT_FALSE(check_peer(both.serving.get()));
}

TEST(HandshakeCheck, T44LeavesNothingToComeBackWith) {
    const test::Certificates made;
    Handshake both(made.for_server(), made.for_agent(test::agent_number(7)));
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        while (both.client_says() || both.server_says()) {
            goes_on = true;
        }
    }
    ASSERT_TRUE(check_peer(both.calling.get()));
    char nothing = 0;
    SSL_read(both.calling.get(), &nothing, 1);
    ERR_clear_error();
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(both.calling.get())), 0);
}

// T-41, renegotiation: TLS 1.3 has none, and the agents' port speaks nothing older; the people's port does.
TEST(HandshakeCheck, T41APeopleSConnectionIsNotNegotiatedAnew) {
    const test::Certificates made;
    const TlsContext there =
        std::move(make_server_context(made.for_server(), ClientCertificates::none).value());
    SSL_CTX_set_min_proto_version(there.get(), TLS1_2_VERSION);  // as http_server.cpp has it
    const TlsContext here(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(here.get(), TLS1_2_VERSION);
    const Session serving(SSL_new(there.get()));
    const Session calling(SSL_new(here.get()));
    BIO* left = nullptr;
    BIO* right = nullptr;
    BIO_new_bio_pair(&left, 0, &right, 0);
    SSL_set_bio(serving.get(), left, left);
    SSL_set_bio(calling.get(), right, right);
    SSL_set_accept_state(serving.get());
    SSL_set_connect_state(calling.get());
    char byte = 0;
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(calling.get());
        SSL_do_handshake(serving.get());
    }
    ASSERT_EQ(SSL_is_init_finished(calling.get()), 1);
    ASSERT_EQ(SSL_version(calling.get()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(calling.get())), 0);
    ASSERT_EQ(SSL_renegotiate(calling.get()), 1) << "the client would";
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(calling.get());
        SSL_read(serving.get(), &byte, 1);
    }
    EXPECT_EQ(SSL_num_renegotiations(serving.get()), 0);
    EXPECT_EQ(SSL_get_state(calling.get()) == TLS_ST_OK, false)
        << "it waits in vain, or was refused";
    ERR_clear_error();
}

}  // namespace
}  // namespace muster::wire
