// Owns: the proof by which an agent whose certificate has ended gets another one: a signature by the key of the old one. Leaves to
// collector/enrolment: whether it gets one; to certificates.hpp: making it.
#pragma once

#include "base/result.hpp"
#include "wire/certificates.hpp"

#include <string>

namespace muster::wire {

/// What an agent shows: its old certificate, a request for a new key, and its old key's signature over the request (raw bytes).
struct RecoveryProof {
    std::string certificate_pem;
    std::string request_pem;
    std::string signature;
};

/// `invalid` where the key cannot be read.
Result<RecoveryProof> prove_recovery(const KeyAndCertificate& old, const std::string& request_pem);

/// What stands in the old certificate, whatever its dates, once one of the authorities has signed it for an agent and its key has
/// signed the request. `refused` says what is not so.
Result<CertificateFacts> check_recovery(
    const RecoveryProof& proof, const std::string& authorities_pem
);

}  // namespace muster::wire
