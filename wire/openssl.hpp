// Owns: OpenSSL handles and reading PEM, for the transport files of wire/. Leaves to certificates.cpp and tls.cpp: their use.
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"

#include <memory>
#include <string>
#include <vector>

struct x509_st;
struct evp_pkey_st;

namespace muster::wire {

struct OpensslDeleter {
    void operator()(x509_st* certificate) const;
    void operator()(evp_pkey_st* key) const;
};

using CertificateHandle = std::unique_ptr<x509_st, OpensslDeleter>;
using KeyHandle = std::unique_ptr<evp_pkey_st, OpensslDeleter>;

/// All certificates of a PEM text, at least one. `invalid` otherwise.
Result<std::vector<CertificateHandle>> read_certificates(const std::string& pem);
/// A private key without a passphrase.
Result<KeyHandle> read_key(const std::string& pem);

/// For OpenSSL's readers of PEM, which without it ask on the terminal. A passphrase is never asked for: nobody sits there.
int no_passphrase(char* to, int size, int writing, void* user);

/// `what`, followed by what OpenSSL has queued about it; empties that queue.
Failure openssl_failure(std::string what);

/// SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
std::string spki_hash(const x509_st* certificate);
/// Lower-case hex without leading zeros' loss: two digits a byte.
std::string serial_of(const x509_st* certificate);
/// SAN entries: DNS names, addresses in text, URIs.
std::vector<std::string> names_of(const x509_st* certificate);
/// From SAN URI:urn:muster:agent:<uuid>; nil when there is none, more than one, or it is malformed.
AgentId agent_of(const x509_st* certificate);

/// What precedes the agent's id in its certificate.
inline constexpr std::string_view agent_uri = "urn:muster:agent:";

}  // namespace muster::wire
