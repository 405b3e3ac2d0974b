// Owns: TLS contexts and what is checked of the other side, in words a system administrator can act on (the rules are in
// docs: TLS 1.3, mutual, no session tickets). Leaves to connection.cpp and http_client.cpp: the streams.
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"

#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

// OpenSSL's own names for SSL_CTX and SSL, so that no header of ours includes its.
struct ssl_ctx_st;
struct ssl_st;

namespace muster::wire {

/// Certificates and key in PEM, as loaded by the program.
struct TlsIdentity {
    std::string
        certificate_chain_pem;  ///< own certificate first, then the authorities up to the root
    std::string private_key_pem;
    std::string ca_pem;  ///< whom to trust on the other side
};

struct TlsContextDeleter {
    void operator()(ssl_ctx_st* context) const;
};

/// An SSL_CTX; `release()` it into an asio::ssl::context.
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextDeleter>;

enum class ClientCertificates { none, required };

/// TLS 1.3 only, no session tickets. With `required` a client without a certificate of identity.ca_pem, issued for clients,
/// never gets past the handshake. `invalid` when the PEM texts are wrong or do not belong together.
Result<TlsContext> make_server_context(const TlsIdentity& identity, ClientCertificates clients);
/// TLS 1.3 only; the server's certificate must be of identity.ca_pem, issued for servers. An identity without certificate and
/// key presents none.
Result<TlsContext> make_client_context(const TlsIdentity& identity);

/// For an HTTPS client, TLS 1.2 and later. The server is verified against ca_pem, or where that is empty the system's authorities;
/// `later`: TLS 1.3, and the caller runs check_pinned() before it sends anything.
enum class ServerVerification { during_handshake, later };
Result<TlsContext> make_https_context(const std::string& ca_pem, ServerVerification verification);

/// Before the handshake: the name or address the server's certificate must be valid for; a name is also sent as SNI.
Status expect_host(ssl_st* session, const std::string& host);

/// After the handshake, at each use: finished ∧ a certificate is there ∧ its verification succeeded (delivery: 4.3).
Status check_peer(ssl_st* session);

/// After the handshake: the server's chain holds an authority whose SubjectPublicKeyInfo has this SHA-256 (lower-case hex), and
/// the server's certificate, valid for `host`, is signed by it.
Status check_pinned(ssl_st* session, const std::string& pin, const std::string& host);

/// The error with what to do, where the reason is that another authority has signed the other side's certificate.
Error with_remedy(ssl_st* session, const Error& error, const std::string& remedy);

/// Before the handshake: the one application protocol spoken (RFC 7301).
Status offer_protocol(ssl_st* session, const std::string& protocol);
/// After the handshake: whether the server chose it.
Status check_protocol(ssl_st* session, const std::string& protocol);

/// The agent in the peer's certificate and its serial in lower-case hex. `refused`: not an agent's certificate.
struct PeerCertificate {
    AgentId agent;
    std::string serial;
};

Result<PeerCertificate> read_agent_peer(ssl_st* session);

/// Why a handshake or a read failed: `refused` with words where a certificate or version is the reason, else `unavailable` or
/// `closed`. `session` may be null.
Error explain_tls(ssl_st* session, const boost::system::error_code& problem);

}  // namespace muster::wire
