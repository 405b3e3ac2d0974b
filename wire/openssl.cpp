#include "wire/openssl.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <limits>
#include <utility>

namespace muster::wire {

namespace {

struct BioDeleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

using BioHandle = std::unique_ptr<BIO, BioDeleter>;

struct NamesDeleter {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

using NamesHandle = std::unique_ptr<GENERAL_NAMES, NamesDeleter>;

/// Reads from `text`, which must outlive it.
BioHandle memory(const std::string& text) {
    expect(text.size() <= std::numeric_limits<int>::max(), "PEM texts are small");
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string_view bytes_of(const ASN1_STRING* string) {
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
        static_cast<std::size_t>(ASN1_STRING_length(string))
    };
}

std::string address_text(std::string_view raw) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = raw.size() == 4 ? AF_INET : AF_INET6;
    const bool is_address = raw.size() == 4 || raw.size() == 16;
    if (!is_address || inet_ntop(family, raw.data(), text.data(), text.size()) == nullptr) {
        return to_hex(raw);
    }
    return text.data();
}

}  // namespace

int no_passphrase(char* /*to*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

void OpensslDeleter::operator()(x509_st* certificate) const {
    X509_free(certificate);
}

void OpensslDeleter::operator()(evp_pkey_st* key) const {
    EVP_PKEY_free(key);
}

Failure openssl_failure(std::string what) {
    std::array<char, 256> text{};
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        ERR_error_string_n(code, text.data(), text.size());
        what += ": ";
        what += text.data();
    }
    return failure(ErrorKind::invalid, std::move(what));
}

Result<std::vector<CertificateHandle>> read_certificates(const std::string& pem) {
    const BioHandle bio = memory(pem);
    std::vector<CertificateHandle> found;
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
        found.emplace_back(next);
    }
    const unsigned long last = ERR_peek_last_error();
    const bool is_end =
        ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    if (found.empty() || !is_end) {
        return openssl_failure("not a certificate in PEM");
    }
    ERR_clear_error();
    return found;
}

Result<KeyHandle> read_key(const std::string& pem) {
    const BioHandle bio = memory(pem);
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
        return openssl_failure("not a private key in PEM without passphrase");
    }
    return key;
}

std::string spki_hash(const x509_st* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    expect(size > 0, "a parsed certificate has a public key");
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int hash_size = 0;
    const int hashed = EVP_Digest(
        der, static_cast<std::size_t>(size), hash.data(), &hash_size, EVP_sha256(), nullptr
    );
    OPENSSL_free(der);
    expect(hashed == 1, "SHA-256 is there");
    return to_hex({reinterpret_cast<const char*>(hash.data()), hash_size});
}

std::string serial_of(const x509_st* certificate) {
    return to_hex(bytes_of(X509_get0_serialNumber(certificate)));
}

std::vector<std::string> names_of(const x509_st* certificate) {
    const NamesHandle names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)
    ));
    std::vector<std::string> found;
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            found.emplace_back(bytes_of(name->d.dNSName));
        } else if (name->type == GEN_URI) {
            found.emplace_back(bytes_of(name->d.uniformResourceIdentifier));
        } else if (name->type == GEN_IPADD) {
            found.push_back(address_text(bytes_of(name->d.iPAddress)));
        }
    }
    return found;
}

AgentId agent_of(const x509_st* certificate) {
    AgentId found;
    for (const std::string& name : names_of(certificate)) {
        if (!name.starts_with(agent_uri)) {
            continue;
        }
        const Result<Uuid> id = Uuid::parse(std::string_view(name).substr(agent_uri.size()));
        if (!id || !found.is_nil()) {
            return {};
        }
        found = AgentId{*id};
    }
    return found;
}

}  // namespace muster::wire
