// Owns: who this agent is, on disk: data_dir/identity/{agent.key, agent.crt, ca.crt, agent.json}.
// Leaves to enrolment.hpp: getting it.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "wire/connection.hpp"

#include <string>

namespace muster::agent {

struct Identity {
    AgentId agent;
    std::string name;
    std::string site;
    std::string
        link;  ///< "host:8444" as told at enrolment; agent.yaml's `collector` goes before it
    wire::TlsIdentity tls;
};

/// True once `save_identity` has finished in this folder.
bool has_identity(Files& files, const std::string& data_dir);
/// agent.json is written last: a folder without it is no identity. The key is 0600.
Status save_identity(Files& files, const std::string& data_dir, const Identity& identity);
/// `not_found` says how to enrol.
Result<Identity> load_identity(Files& files, const std::string& data_dir);

}  // namespace muster::agent
