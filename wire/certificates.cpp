#include "wire/certificates.hpp"

#include "base/expect.hpp"
#include "wire/openssl.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <utility>

namespace muster::wire {

namespace {

constexpr Duration authority_life = std::chrono::hours(24 * 3652);
constexpr std::size_t serial_bytes = 16;
constexpr std::size_t longest_common_name = 64;  // RFC 5280, ub-common-name

struct BioDeleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

using BioHandle = std::unique_ptr<BIO, BioDeleter>;

struct RequestDeleter {
    void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};

using RequestHandle = std::unique_ptr<X509_REQ, RequestDeleter>;

struct ExtensionDeleter {
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

using ExtensionHandle = std::unique_ptr<X509_EXTENSION, ExtensionDeleter>;

struct NumberDeleter {
    void operator()(BIGNUM* number) const { BN_free(number); }
};

using NumberHandle = std::unique_ptr<BIGNUM, NumberDeleter>;

/// Whose key signs: the certificate being made itself, or the authority's.
struct Issuer {
    X509* certificate;
    EVP_PKEY* key;
};

struct Validity {
    WallTime from;
    WallTime until;
};

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    expect(PEM_write_bio_X509(bio.get(), certificate) == 1, "a certificate has a PEM form");
    return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
    const BioHandle bio(BIO_new(BIO_s_secmem()));
    const int written =
        PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    expect(written == 1, "a key has a PEM form");
    return text_of(bio.get());
}

KeyHandle make_key() {
    KeyHandle key(EVP_EC_gen("P-256"));
    expect(key != nullptr, "OpenSSL makes P-256 keys");
    return key;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
    const std::string cut = text.substr(0, longest_common_name);
    const auto* bytes = reinterpret_cast<const unsigned char*>(cut.data());
    return X509_NAME_add_entry_by_txt(
               name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(cut.size()), -1, 0
           ) == 1;
}

/// Positive, never zero, 127 bits of chance (RFC 5280 §4.1.2.2 wants it unique and below 21 bytes).
bool set_random_serial(X509* certificate) {
    std::array<unsigned char, serial_bytes> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return false;
    }
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);
    const NumberHandle number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

std::time_t seconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool add_extension(X509* certificate, const Issuer& issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer.certificate, certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// SAN by structure and not by OpenSSL's text form, in which a comma in a name would begin another entry.
bool add_name(GENERAL_NAMES* names, int kind, std::string_view value) {
    GENERAL_NAME* const name = GENERAL_NAME_new();
    ASN1_STRING* const string = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    ASN1_STRING_set(string, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME_set0_value(name, kind, string);
    if (sk_GENERAL_NAME_push(names, name) > 0) {
        return true;
    }
    GENERAL_NAME_free(name);
    return false;
}

bool add_server_name(GENERAL_NAMES* names, const std::string& name) {
    std::array<char, 16> raw{};
    if (inet_pton(AF_INET, name.c_str(), raw.data()) == 1) {
        return add_name(names, GEN_IPADD, {raw.data(), 4});
    }
    if (inet_pton(AF_INET6, name.c_str(), raw.data()) == 1) {
        return add_name(names, GEN_IPADD, {raw.data(), 16});
    }
    return add_name(names, GEN_DNS, name);
}

struct NamesDeleter {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

using NamesHandle = std::unique_ptr<GENERAL_NAMES, NamesDeleter>;

bool add_names(X509* certificate, GENERAL_NAMES* names) {
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE) == 1;
}

/// Version, serial, names, dates and key; extensions and signature are still to come.
Result<CertificateHandle> begin_certificate(
    EVP_PKEY* key, const std::string& common_name, const X509* issuer, Validity validity
) {
    CertificateHandle made(X509_new());
    X509* const certificate = made.get();
    X509_NAME* const subject = X509_get_subject_name(certificate);
    const bool good =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
        set_common_name(subject, common_name) && X509_set_pubkey(certificate, key) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(validity.from)) != nullptr &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(validity.until)) != nullptr;
    const X509_NAME* const issuer_name =
        issuer == nullptr ? subject : X509_get_subject_name(issuer);
    if (!good || X509_set_issuer_name(certificate, issuer_name) != 1) {
        return openssl_failure("cannot make a certificate for " + common_name);
    }
    return made;
}

struct Authority {
    CertificateHandle certificate;
    KeyHandle key;
};

Result<Authority> read_authority(const KeyAndCertificate& authority) {
    auto certificates = read_certificates(authority.certificate_pem);
    if (!certificates) {
        return failure(certificates.error(), "authority certificate");
    }
    auto key = read_key(authority.key_pem);
    if (!key) {
        return failure(key.error(), "authority key");
    }
    if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
        return openssl_failure("the authority's certificate and key do not belong together");
    }
    return Authority{std::move(certificates->front()), std::move(*key)};
}

/// A certificate that signs nothing.
Status finish_leaf(X509* certificate, const Issuer& issuer, const std::string& purpose) {
    const bool good =
        add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate, issuer, NID_ext_key_usage, purpose) &&
        add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
        X509_sign(certificate, issuer.key, EVP_sha256()) > 0;
    if (!good) {
        return openssl_failure("cannot sign a certificate");
    }
    return {};
}

/// P-256 and Ed25519 only: what agents make, and small enough for every handshake.
bool is_accepted_key(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) {
        return true;
    }
    std::array<char, 64> group{};
    std::size_t size = 0;
    return EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
           std::string_view(group.data(), size) == "prime256v1";
}

/// The public key of a request whose signature proves that the sender has the private one.
Result<KeyHandle> verified_key(const std::string& request_pem) {
    const BioHandle bio(BIO_new_mem_buf(request_pem.data(), static_cast<int>(request_pem.size())));
    const RequestHandle request(PEM_read_bio_X509_REQ(bio.get(), nullptr, no_passphrase, nullptr));
    if (request == nullptr) {
        return openssl_failure("not a certificate request in PEM");
    }
    KeyHandle key(X509_REQ_get_pubkey(request.get()));
    if (key == nullptr || !is_accepted_key(key.get())) {
        ERR_clear_error();
        return failure(ErrorKind::invalid, "the request's key must be P-256 or Ed25519");
    }
    if (X509_REQ_verify(request.get(), key.get()) != 1) {
        return openssl_failure("the request is not signed by its own key");
    }
    return key;
}

bool has_signed(X509* authority, X509* certificate) {
    const bool has = X509_check_issued(authority, certificate) == X509_V_OK &&
                     X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
    ERR_clear_error();
    return has;
}

Result<WallTime> read_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return openssl_failure("a certificate's time is malformed");
    }
    return WallTime{std::chrono::seconds(timegm(&parts))};
}

}  // namespace

Result<KeyAndCertificate> make_authority(const std::string& common_name, WallTime now) {
    const KeyHandle key = make_key();
    const Validity validity{now - clock_slack, now + authority_life};
    auto made = begin_certificate(key.get(), common_name, nullptr, validity);
    if (!made) {
        return failure(made.error());
    }
    X509* const certificate = made->get();
    const Issuer self{certificate, key.get()};
    const bool good =
        add_extension(certificate, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate, self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(certificate, self, NID_subject_key_identifier, "hash") &&
        X509_sign(certificate, key.get(), EVP_sha256()) > 0;
    if (!good) {
        return openssl_failure("cannot make an authority");
    }
    return KeyAndCertificate{pem_of(key.get()), pem_of(certificate)};
}

Result<KeyAndCertificate> issue_server(
    const KeyAndCertificate& authority,
    const std::vector<std::string>& names,
    WallTime now,
    Duration valid
) {
    expect(!names.empty(), "a server certificate names somebody");
    const auto signer = read_authority(authority);
    if (!signer) {
        return failure(signer.error());
    }
    const KeyHandle key = make_key();
    const Validity validity{now - clock_slack, now + valid};
    auto made = begin_certificate(key.get(), names.front(), signer->certificate.get(), validity);
    if (!made) {
        return failure(made.error());
    }
    const NamesHandle alternatives(GENERAL_NAMES_new());
    for (const std::string& name : names) {
        if (!add_server_name(alternatives.get(), name)) {
            return openssl_failure("cannot put a name into a certificate: " + name);
        }
    }
    if (!add_names(made->get(), alternatives.get())) {
        return openssl_failure("cannot put names into a certificate");
    }
    const Issuer issuer{signer->certificate.get(), signer->key.get()};
    if (Status signed_by = finish_leaf(made->get(), issuer, "serverAuth"); !signed_by) {
        return failure(signed_by.error());
    }
    return KeyAndCertificate{pem_of(key.get()), pem_of(made->get())};
}

Result<KeyAndRequest> make_request(const std::string& common_name) {
    const KeyHandle key = make_key();
    const RequestHandle request(X509_REQ_new());
    const bool good = X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                      set_common_name(X509_REQ_get_subject_name(request.get()), common_name) &&
                      X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!good || PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
        return openssl_failure("cannot make a certificate request");
    }
    return KeyAndRequest{pem_of(key.get()), text_of(bio.get())};
}

Result<IssuedCertificate> issue_agent(
    const KeyAndCertificate& authority,
    const std::string& request_pem,
    AgentId agent,
    WallTime now,
    Duration valid
) {
    expect(!agent.is_nil(), "an agent has an id");
    const auto signer = read_authority(authority);
    if (!signer) {
        return failure(signer.error());
    }
    const auto key = verified_key(request_pem);
    if (!key) {
        return failure(key.error());
    }
    // Whole seconds, as the certificate has them.
    const WallTime until = std::chrono::floor<std::chrono::seconds>(now + valid);
    const Validity validity{now - clock_slack, until};
    auto made = begin_certificate(key->get(), agent.text(), signer->certificate.get(), validity);
    if (!made) {
        return failure(made.error());
    }
    const NamesHandle names(GENERAL_NAMES_new());
    const std::string uri = std::string(agent_uri) + agent.text();
    if (!add_name(names.get(), GEN_URI, uri) || !add_names(made->get(), names.get())) {
        return openssl_failure("cannot put the agent's id into a certificate");
    }
    const Issuer issuer{signer->certificate.get(), signer->key.get()};
    if (Status signed_by = finish_leaf(made->get(), issuer, "clientAuth"); !signed_by) {
        return failure(signed_by.error());
    }
    return IssuedCertificate{pem_of(made->get()), serial_of(made->get()), until};
}

Status check_issued(const KeyAndCertificate& pair, const std::string& authorities_pem) {
    const auto certificates = read_certificates(pair.certificate_pem);
    const auto authorities = read_certificates(authorities_pem);
    const auto key = read_key(pair.key_pem);
    if (!certificates || !authorities || !key) {
        return failure(
            !certificates  ? certificates.error()
            : !authorities ? authorities.error()
                           : key.error()
        );
    }
    X509* const certificate = certificates->front().get();
    if (X509_check_private_key(certificate, key->get()) != 1) {
        ERR_clear_error();
        return failure(ErrorKind::invalid, "certificate and private key do not belong together");
    }
    const bool is_ours = std::ranges::any_of(*authorities, [certificate](const auto& authority) {
        return has_signed(authority.get(), certificate);
    });
    return is_ours ? Status{}
                   : failure(
                         ErrorKind::invalid,
                         "signed by another authority than ca.crt beside it: agents would not come"
                     );
}

bool is_issued_by(const std::string& certificate_pem, const std::string& authority_pem) {
    const auto certificates = read_certificates(certificate_pem);
    const auto authorities = read_certificates(authority_pem);
    return certificates && authorities &&
           has_signed(authorities->front().get(), certificates->front().get());
}

Result<std::size_t> count_authorities(const std::string& authorities_pem) {
    const auto authorities = read_certificates(authorities_pem);
    if (!authorities) {
        return failure(authorities.error());
    }
    const bool all_sign = std::ranges::all_of(*authorities, [](const auto& each) {
        return X509_check_ca(each.get()) == 1;
    });
    return all_sign ? Result<std::size_t>(authorities->size())
                    : failure(ErrorKind::invalid, "a certificate that may not sign others");
}

Result<std::string> spki_pin(const std::string& certificate_pem) {
    const auto certificates = read_certificates(certificate_pem);
    if (!certificates) {
        return failure(certificates.error());
    }
    return spki_hash(certificates->front().get());
}

Result<CertificateFacts> read_certificate(const std::string& certificate_pem) {
    const auto certificates = read_certificates(certificate_pem);
    if (!certificates) {
        return failure(certificates.error());
    }
    const X509* const certificate = certificates->front().get();
    const Result<WallTime> not_before = read_time(X509_get0_notBefore(certificate));
    const Result<WallTime> not_after = read_time(X509_get0_notAfter(certificate));
    if (!not_before || !not_after) {
        return failure(ErrorKind::invalid, "a certificate's validity is malformed");
    }
    return CertificateFacts{
        agent_of(certificate),
        serial_of(certificate),
        *not_before,
        *not_after,
        names_of(certificate)
    };
}

}  // namespace muster::wire
