#include "tests/support/forged_certificate.hpp"

#include "base/expect.hpp"
#include "wire/openssl.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>

namespace muster::test {

namespace {

struct BioDeleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

using BioHandle = std::unique_ptr<BIO, BioDeleter>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

wire::KeyHandle make_key(Forgery::Key kind) {
    wire::KeyHandle key(
        kind == Forgery::Key::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(std::size_t{1024})
    );
    expect(key != nullptr, "OpenSSL makes keys");
    return key;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    expect(extension != nullptr, "an extension that OpenSSL understands");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void extend_all(X509* certificate, X509* issuer, const Forgery& what) {
    using enum Forgery::Constraint;
    extend(
        certificate,
        issuer,
        NID_basic_constraints,
        what.constraint == leaf        ? "critical,CA:FALSE"
        : what.constraint == authority ? "critical,CA:TRUE,pathlen:0"
                                       : "critical,CA:TRUE"
    );
    if (!what.purpose.empty()) {
        extend(certificate, issuer, NID_ext_key_usage, what.purpose);
    }
    std::string names;
    for (const std::string& uri : what.uris) {
        names += (names.empty() ? "URI:" : ",URI:") + uri;
    }
    for (const std::string& host : what.hosts) {
        names += (names.empty() ? "DNS:" : ",DNS:") + host;
    }
    if (!names.empty()) {
        extend(certificate, issuer, NID_subject_alt_name, names);
    }
}

void name(X509_NAME* subject, const std::string& common_name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
}

/// Two certificates of one test are told apart by their names: a chain of equal names would be no chain.
std::string some_name() {
    unsigned int number = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
    return "forged " + std::to_string(number);
}

wire::KeyAndCertificate make(
    const Forgery& what, const wire::KeyAndCertificate* authority, WallTime now
) {
    const wire::KeyHandle key = make_key(what.key);
    const wire::CertificateHandle made(X509_new());
    X509* const certificate = made.get();
    std::optional<wire::CertificateHandle> signer;
    std::optional<wire::KeyHandle> signing;
    if (authority != nullptr) {
        signer = std::move(wire::read_certificates(authority->certificate_pem).value().front());
        signing = wire::read_key(authority->key_pem).value();
    }
    X509* const issuer = signer ? signer->get() : certificate;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 77);
    name(X509_get_subject_name(certificate), some_name());
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    X509_set_pubkey(certificate, key.get());
    const auto seconds = [now](Duration offset) {
        return std::chrono::floor<std::chrono::seconds>(now + offset).time_since_epoch().count();
    };
    ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(what.from));
    ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(what.until));
    extend_all(certificate, issuer, what);
    const EVP_MD* const digest = EVP_get_digestbyname(what.digest.c_str());
    EVP_PKEY* const by = signing ? signing->get() : key.get();
    expect(X509_sign(certificate, by, digest) > 0, "a signature");
    const BioHandle key_text(BIO_new(BIO_s_mem()));
    const BioHandle certificate_text(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_bio_X509(certificate_text.get(), certificate);
    return {.key_pem = text_of(key_text.get()), .certificate_pem = text_of(certificate_text.get())};
}

}  // namespace

wire::KeyAndCertificate forge(
    const Forgery& what, const wire::KeyAndCertificate& authority, WallTime now
) {
    return make(what, &authority, now);
}

wire::KeyAndCertificate forge_self_signed(const Forgery& what, WallTime now) {
    return make(what, nullptr, now);
}

std::string forge_request(
    const std::string& common_name, const std::vector<WishedExtension>& wishes
) {
    const wire::KeyHandle key = make_key(Forgery::Key::p256);
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(
        X509_REQ_new(), &X509_REQ_free
    );
    name(X509_REQ_get_subject_name(request.get()), common_name);
    X509_REQ_set_pubkey(request.get(), key.get());
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    for (const WishedExtension& wish : wishes) {
        X509_EXTENSION* const extension =
            X509V3_EXT_conf(nullptr, nullptr, wish.name.c_str(), wish.value.c_str());
        expect(extension != nullptr, "an extension that OpenSSL understands");
        sk_X509_EXTENSION_push(extensions, extension);
    }
    X509_REQ_add_extensions(request.get(), extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    expect(X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0, "a signature");
    const BioHandle bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    return text_of(bio.get());
}

}  // namespace muster::test
