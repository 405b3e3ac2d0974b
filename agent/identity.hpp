// Owns: who this agent is, on disk: data_dir/identity/{agent.key, agent.crt, ca.crt, agent.json, seal.key}, and next.key and
// next.crt while a certificate is being renewed. Leaves to enrolment.hpp: getting it; to credentials.hpp: which of two certificates counts.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"
#include "wire/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::agent {

struct Identity {
    AgentId agent;
    std::string name;
    std::string site;
    std::string
        link;  ///< "host:8444" as told at enrolment; agent.yaml's `collector` goes before it
    std::uint16_t people_port = 8443;  ///< of the same host, where the agent enrolled
    wire::TlsIdentity tls;
    std::optional<wire::TlsIdentity> next;  ///< made, and perhaps not yet accepted
};

/// True once `save_identity` has finished in this folder; `refused` where it may not be read, with the remedy.
Result<bool> has_identity(Files& files, const std::string& data_dir);
/// agent.json is written last: a folder without it is no identity. The key is 0600.
Status save_identity(Files& files, const std::string& data_dir, const Identity& identity);
/// `not_found` says how to enrol, `refused` whom the files must belong to.
Result<Identity> load_identity(Files& files, const std::string& data_dir);

/// The key under which secrets are kept on this machine (identity/seal.key, 0600); made where there is none, or nothing usable.
Result<Secret> sealing_key(Files& files, const std::string& data_dir);

/// Beside the present one; the certificate is written last: without it there is no next one.
Status store_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next);
/// Puts it in the place of the present one. Whatever a crash leaves, the next one is there until the present one is whole.
Status adopt_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next);
Status forget_next(Files& files, const std::string& data_dir);
/// Replaces ca.crt.
Status store_authorities(Files& files, const std::string& data_dir, const std::string& pem);

}  // namespace muster::agent
