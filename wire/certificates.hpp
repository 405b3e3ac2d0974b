// Owns: keys, requests and certificates (X.509, P-256). Leaves to collector/enrolment: who may have one.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <string>
#include <vector>

namespace muster::wire {

/// Certificates count from this long before they were made: clocks differ.
inline constexpr Duration clock_slack = std::chrono::minutes(10);

struct KeyAndCertificate {
    std::string key_pem;
    std::string certificate_pem;
};

/// A self-signed CA (P-256, CA:TRUE, pathlen 0), valid ten years.
Result<KeyAndCertificate> make_authority(const std::string& common_name, WallTime now);
/// A server certificate for the names and addresses given (SAN DNS/IP), EKU serverAuth.
Result<KeyAndCertificate> issue_server(
    const KeyAndCertificate& authority,
    const std::vector<std::string>& names,
    WallTime now,
    Duration valid
);

/// A fresh P-256 key and a PKCS#10 request for it.
struct KeyAndRequest {
    std::string key_pem;
    std::string request_pem;
};

Result<KeyAndRequest> make_request(const std::string& common_name);

/// Takes only the public key from the (verified) request; every field is ours: SAN URI:urn:muster:agent:<uuid>, EKU clientAuth,
/// CA:FALSE, notBefore −10 min, random serial. Gives PEM and the serial in hex.
struct IssuedCertificate {
    std::string certificate_pem;
    std::string serial;
    WallTime not_after;
};

Result<IssuedCertificate> issue_agent(
    const KeyAndCertificate& authority,
    const std::string& request_pem,
    AgentId agent,
    WallTime now,
    Duration valid
);
/// Whether key and certificate belong together and one of the authorities has signed it. `invalid` says which is not so.
Status check_issued(const KeyAndCertificate& pair, const std::string& authorities_pem);
/// How many authorities stand in the text, all of them good for signing; `invalid` where one is none, or is not readable.
Result<std::size_t> count_authorities(const std::string& authorities_pem);
/// Whether the first authority of the text has signed it.
bool is_issued_by(const std::string& certificate_pem, const std::string& authority_pem);
/// SHA-256 of the SubjectPublicKeyInfo, lower-case hex: the pin in a join token.
Result<std::string> spki_pin(const std::string& certificate_pem);

/// Details for the log and for renewal.
struct CertificateFacts {
    AgentId agent;
    std::string serial;
    WallTime not_before;
    WallTime not_after;
    std::vector<std::string> names;
};

Result<CertificateFacts> read_certificate(const std::string& certificate_pem);

}  // namespace muster::wire
