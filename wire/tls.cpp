#include "wire/tls.hpp"

#include "base/expect.hpp"
#include "base/time.hpp"
#include "wire/openssl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

namespace muster::wire {

namespace {

constexpr int longest_chain = 2;
constexpr int security_level = 2;  // 112 bits
constexpr int longest_public_chain = 8;

Status present(SSL_CTX* context, const TlsIdentity& identity) {
    auto chain = read_certificates(identity.certificate_chain_pem);
    if (!chain) {
        return failure(chain.error(), "own certificate");
    }
    const auto key = read_key(identity.private_key_pem);
    if (!key) {
        return failure(key.error(), "own private key");
    }
    if (SSL_CTX_use_certificate(context, chain->front().get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
        return openssl_failure("certificate and private key do not belong together");
    }
    for (std::size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
            return openssl_failure("own certificate chain");
        }
    }
    return {};
}

Status trust(SSL_CTX* context, const std::string& ca_pem) {
    const auto authorities = read_certificates(ca_pem);
    if (!authorities) {
        return failure(authorities.error(), "trusted authority");
    }
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    for (const CertificateHandle& authority : *authorities) {
        if (X509_STORE_add_cert(store, authority.get()) != 1) {
            return openssl_failure("trusted authority");
        }
    }
    return {};
}

Result<TlsContext> make_context(const SSL_METHOD* method) {
    TlsContext context(SSL_CTX_new(method));
    expect(context != nullptr, "OpenSSL gives a context");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    // Neither SHA-1 nor RSA below 2048 bits, whatever the distribution thinks.
    SSL_CTX_set_security_level(context.get(), security_level);
    SSL_CTX_set_verify_depth(context.get(), longest_chain);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(context.get(), 0);
    return context;
}

bool is_address(const std::string& host) {
    boost::system::error_code problem;
    (void)boost::asio::ip::make_address(host, problem);
    return !problem;
}

struct VerificationDeleter {
    void operator()(X509_STORE_CTX* verification) const { X509_STORE_CTX_free(verification); }
};

struct ListDeleter {
    // Frees the list and not the certificates in it.
    void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};

bool is_of_another_authority(long result) {
    switch (result) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_CERT_UNTRUSTED:
        case X509_V_ERR_CERT_CHAIN_TOO_LONG:
            return true;
        default:
            return false;
    }
}

/// A verification result in words.
std::string certificate_problem(ssl_st* session, long result) {
    if (is_of_another_authority(result)) {
        return "certificate signed by another authority";
    }
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "its certificate has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "its certificate is not valid yet: compare the clocks of the two machines";
        case X509_V_ERR_INVALID_PURPOSE:
            return SSL_is_server(session) == 1
                       ? "not an agent certificate: it was issued for another purpose"
                       : "not a server's certificate: it was issued for another purpose";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "its certificate is not valid for the name or address it was called by (a "
                   "collector's is for localhost, its host name and names: in collector.yaml)";
        default:
            return std::string("its certificate is not accepted: ") +
                   X509_verify_cert_error_string(result);
    }
}

/// What the other side says of us, or what it does wrong. Empty: nothing worth more than OpenSSL's own text.
std::string reason_words(int reason) {
    switch (reason) {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "no certificate presented";
        case SSL_R_HTTP_REQUEST:
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_BAD_RECORD_TYPE:
            return "it does not speak TLS";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return "it offers no TLS 1.3";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return "the other side wants a certificate, and we presented none: a collector's port "
                   "for "
                   "agents (8444) does, its port for people (8443) does not";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            return "the other side refuses our certificate: signed by another authority";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return "the other side refuses our certificate: it has expired";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return "the other side refuses our certificate: it was revoked";
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return "the other side refuses our certificate";
        default:
            return {};
    }
}

}  // namespace

void TlsContextDeleter::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

Result<TlsContext> make_server_context(const TlsIdentity& identity, ClientCertificates clients) {
    Result<TlsContext> context = make_context(TLS_server_method());
    if (Status own = present(context->get(), identity); !own) {
        return failure(own.error());
    }
    if (clients == ClientCertificates::required) {
        if (Status trusted = trust(context->get(), identity.ca_pem); !trusted) {
            return failure(trusted.error());
        }
        constexpr int demand = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(context->get(), demand, nullptr);
    }
    return context;
}

Result<TlsContext> make_client_context(const TlsIdentity& identity) {
    Result<TlsContext> context = make_context(TLS_client_method());
    const bool is_anonymous =
        identity.certificate_chain_pem.empty() && identity.private_key_pem.empty();
    if (!is_anonymous) {
        if (Status own = present(context->get(), identity); !own) {
            return failure(own.error());
        }
    }
    if (Status trusted = trust(context->get(), identity.ca_pem); !trusted) {
        return failure(trusted.error());
    }
    SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
    return context;
}

Result<TlsContext> make_https_context(const std::string& ca_pem, ServerVerification verification) {
    Result<TlsContext> context = make_context(TLS_client_method());
    if (verification == ServerVerification::later) {
        return context;  // a pin is a collector's, which speaks TLS 1.3
    }
    SSL_CTX_set_min_proto_version(context->get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
    // Public chains are longer than ours.
    SSL_CTX_set_verify_depth(context->get(), longest_public_chain);
    if (ca_pem.empty()) {
        SSL_CTX_set_default_verify_paths(context->get());
    } else if (Status trusted = trust(context->get(), ca_pem); !trusted) {
        return failure(trusted.error());
    }
    return context;
}

Status expect_host(ssl_st* session, const std::string& host) {
    if (is_address(host)) {
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) != 1) {
            return openssl_failure("address " + host);
        }
        return {};
    }
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(session, host.c_str()) != 1 ||
        SSL_set_tlsext_host_name(session, host.c_str()) != 1) {
        return openssl_failure("host name " + host);
    }
    return {};
}

Status check_peer(ssl_st* session) {
    if (SSL_is_init_finished(session) != 1) {
        return failure(ErrorKind::refused, "the handshake is not finished");
    }
    if (SSL_get0_peer_certificate(session) == nullptr) {
        return failure(ErrorKind::refused, "no certificate presented");
    }
    if (SSL_get_verify_result(session) != X509_V_OK) {
        return failure(
            ErrorKind::refused, certificate_problem(session, SSL_get_verify_result(session))
        );
    }
    return {};
}

Status check_pinned(ssl_st* session, const std::string& pin, const std::string& host) {
    STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(session);
    X509* const leaf = SSL_get0_peer_certificate(session);
    X509* pinned = nullptr;
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        X509* const next = sk_X509_value(chain, i);
        if (X509_check_ca(next) == 1 && spki_hash(next) == pin) {
            pinned = next;
        }
    }
    if (leaf == nullptr || pinned == nullptr) {
        return failure(
            ErrorKind::refused,
            "the server does not present the authority that the token names: another collector, or "
            "somebody in between"
        );
    }
    const std::unique_ptr<STACK_OF(X509), ListDeleter> trusted(sk_X509_new_null());
    sk_X509_push(trusted.get(), pinned);
    const std::unique_ptr<X509_STORE_CTX, VerificationDeleter> verification(X509_STORE_CTX_new());
    X509_STORE_CTX_init(verification.get(), nullptr, leaf, chain);
    X509_STORE_CTX_set0_trusted_stack(verification.get(), trusted.get());
    X509_STORE_CTX_set_default(verification.get(), "ssl_server");
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(verification.get());
    X509_VERIFY_PARAM_set_depth(rules, longest_chain);
    const int named = is_address(host)
                          ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str())
                          : X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
    if (named != 1 || X509_verify_cert(verification.get()) != 1) {
        const int result = X509_STORE_CTX_get_error(verification.get());
        ERR_clear_error();
        return failure(ErrorKind::refused, certificate_problem(session, result));
    }
    return {};
}

Error with_remedy(ssl_st* session, const Error& error, const std::string& remedy) {
    if (remedy.empty() || error.kind() != ErrorKind::refused ||
        !is_of_another_authority(SSL_get_verify_result(session))) {
        return error;
    }
    return {error.kind(), error.what() + "; " + remedy, error.context()};
}

Status offer_protocol(ssl_st* session, const std::string& protocol) {
    expect(!protocol.empty() && protocol.size() < 256, "a protocol name is 1 to 255 bytes");
    std::string list(1, static_cast<char>(protocol.size()));
    list += protocol;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(list.data());
    // Zero is success, here alone.
    if (SSL_set_alpn_protos(session, bytes, static_cast<unsigned int>(list.size())) != 0) {
        return openssl_failure("cannot offer " + protocol);
    }
    return {};
}

Status check_protocol(ssl_st* session, const std::string& protocol) {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(session, &chosen, &size);
    if (std::string_view(reinterpret_cast<const char*>(chosen), size) != protocol) {
        return failure(
            ErrorKind::refused,
            "the server does not speak " + protocol +
                ": is it a Muster collector, and its port for people (8443)? That for agents "
                "(8444) enrols nobody"
        );
    }
    return {};
}

Result<PeerCertificate> read_agent_peer(ssl_st* session) {
    if (Status checked = check_peer(session); !checked) {
        return failure(checked.error());
    }
    X509* const certificate = SSL_get0_peer_certificate(session);
    if (X509_check_ca(certificate) != 0) {
        return failure(ErrorKind::refused, "not an agent certificate: it is an authority's");
    }
    const AgentId agent = agent_of(certificate);
    if (agent.is_nil()) {
        return failure(
            ErrorKind::refused, "not an agent certificate: it names no agent, or more than one"
        );
    }
    return PeerCertificate{agent, serial_of(certificate)};
}

Error explain_tls(ssl_st* session, const boost::system::error_code& problem) {
    namespace asio = boost::asio;
    if (problem.category() == asio::error::get_ssl_category()) {
        const int reason = ERR_GET_REASON(static_cast<unsigned long>(problem.value()));
        if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && session != nullptr) {
            return {
                ErrorKind::refused, certificate_problem(session, SSL_get_verify_result(session))
            };
        }
        std::string words = reason_words(reason);
        return {ErrorKind::refused, words.empty() ? "TLS: " + problem.message() : std::move(words)};
    }
    if (session != nullptr && SSL_is_init_finished(session) == 0 &&
        SSL_get_verify_result(session) != X509_V_OK) {
        // The alert could not be written, which is not the reason.
        return {ErrorKind::refused, certificate_problem(session, SSL_get_verify_result(session))};
    }
    if (problem == asio::ssl::error::stream_truncated || problem == asio::error::eof ||
        problem == asio::error::connection_reset || problem == asio::error::broken_pipe) {
        return {ErrorKind::closed, "the other side closed the connection"};
    }
    if (problem == asio::error::operation_aborted) {
        return {ErrorKind::closed, "stopped"};
    }
    return {ErrorKind::unavailable, problem.message()};
}

}  // namespace muster::wire
