#include "wire/recovery.hpp"

#include "wire/openssl.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

namespace muster::wire {

namespace {

/// So that the signature can be taken for nothing else that the key signs (the handshakes of TLS).
constexpr std::string_view purpose = "muster-recover/1\n";
constexpr int longest_chain = 2;
constexpr int sound_signatures = 2;  // OpenSSL's level: 112 bits

struct DigestDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using Digest = std::unique_ptr<EVP_MD_CTX, DigestDeleter>;

struct StoreDeleter {
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

struct VerificationDeleter {
    void operator()(X509_STORE_CTX* verification) const { X509_STORE_CTX_free(verification); }
};

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// Ed25519 hashes by itself.
const EVP_MD* digest_for(const EVP_PKEY* key) {
    return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256();
}

std::string signed_text(const std::string& request_pem) {
    return std::string(purpose) + request_pem;
}

bool is_signed_by(EVP_PKEY* key, const RecoveryProof& proof) {
    const std::string text = signed_text(proof.request_pem);
    const Digest digest(EVP_MD_CTX_new());
    return key != nullptr &&
           EVP_DigestVerifyInit(digest.get(), nullptr, digest_for(key), nullptr, key) == 1 &&
           EVP_DigestVerify(
               digest.get(), raw(proof.signature), proof.signature.size(), raw(text), text.size()
           ) == 1;
}

/// By its authority and for clients; its dates do not matter here.
bool is_of(X509* certificate, const std::vector<CertificateHandle>& authorities) {
    const std::unique_ptr<X509_STORE, StoreDeleter> trusted(X509_STORE_new());
    for (const CertificateHandle& authority : authorities) {
        X509_STORE_add_cert(trusted.get(), authority.get());
    }
    const std::unique_ptr<X509_STORE_CTX, VerificationDeleter> verification(X509_STORE_CTX_new());
    X509_STORE_CTX_init(verification.get(), trusted.get(), certificate, nullptr);
    X509_STORE_CTX_set_default(verification.get(), "ssl_client");
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(verification.get());
    X509_VERIFY_PARAM_set_depth(rules, longest_chain);
    X509_VERIFY_PARAM_set_auth_level(rules, sound_signatures);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
    return X509_verify_cert(verification.get()) == 1;
}

}  // namespace

Result<RecoveryProof> prove_recovery(const KeyAndCertificate& old, const std::string& request_pem) {
    const auto key = read_key(old.key_pem);
    if (!key) {
        return failure(key.error(), "own private key");
    }
    const std::string text = signed_text(request_pem);
    const Digest digest(EVP_MD_CTX_new());
    std::size_t size = 0;
    bool good =
        EVP_DigestSignInit(digest.get(), nullptr, digest_for(key->get()), nullptr, key->get()) ==
            1 &&
        EVP_DigestSign(digest.get(), nullptr, &size, raw(text), text.size()) == 1;
    std::string signature(size, '\0');
    auto* const into = reinterpret_cast<unsigned char*>(signature.data());
    good = good && EVP_DigestSign(digest.get(), into, &size, raw(text), text.size()) == 1;
    if (!good) {
        return openssl_failure("cannot sign with the old key");
    }
    signature.resize(size);
    return RecoveryProof{
        .certificate_pem = old.certificate_pem,
        .request_pem = request_pem,
        .signature = std::move(signature)
    };
}

Result<CertificateFacts> check_recovery(
    const RecoveryProof& proof, const std::string& authorities_pem
) {
    const auto authorities = read_certificates(authorities_pem);
    if (!authorities) {
        return failure(authorities.error(), "own authority");
    }
    const auto certificates = read_certificates(proof.certificate_pem);
    if (!certificates) {
        return failure(ErrorKind::refused, "the old certificate cannot be read");
    }
    X509* const certificate = certificates->front().get();
    const bool is_ours = is_of(certificate, *authorities);
    ERR_clear_error();
    if (!is_ours || X509_check_ca(certificate) != 0 || agent_of(certificate).is_nil()) {
        return failure(
            ErrorKind::refused, "the old certificate is not one that this collector gave an agent"
        );
    }
    const bool is_proved = is_signed_by(X509_get0_pubkey(certificate), proof);
    ERR_clear_error();
    if (!is_proved) {
        return failure(
            ErrorKind::refused, "the request is not signed by the key of the old certificate"
        );
    }
    return read_certificate(proof.certificate_pem);
}

}  // namespace muster::wire
