// Owns: the collector's enrolment door: join token → own key → request → certificate, and the old key's signature → the next
// certificate where the present one has ended. Leaves to identity.hpp: keeping them; to credentials.hpp: when.
#pragma once

#include "agent/identity.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"

#include <string>
#include <string_view>

namespace muster::agent {

struct EnrolmentRequest {
    std::string collector_url;  ///< "https://collector.example.net:8443"
    Secret token;               ///< jt1.<id>.<secret>.<pin>
    std::string name;           ///< wished for; empty: the collector's choice
    std::string hostname;
    std::string version;
};

/// The pin in a join token: lower-case hex SHA-256 of the authority's public key. `invalid` for
/// anything else.
Result<std::string> pin_of_token(std::string_view token);

/// Makes a key that never leaves this machine, checks that the collector holds the pinned
/// authority, and gets a certificate. Nothing is written. `refused` with the collector's reason
/// ("join token already used").
Task<Result<Identity>> enrol(asio::io_context& loop, EnrolmentRequest request, Deadline deadline);

/// The next certificate, in PEM, of an agent whose certificate in `old` has ended, by its key. `collector_url` as for enrolment; the
/// collector proves itself by old.ca_pem. `refused` with the collector's reason.
Task<Result<std::string>> recover(
    asio::io_context& loop,
    std::string collector_url,
    wire::TlsIdentity old,
    std::string request_pem,
    Deadline deadline
);

}  // namespace muster::agent
