// Owns: `muster-collector ca`: what it says and asks for. Leaves to enrolment/authority_roll.hpp: the files.
#pragma once

#include "base/files.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace muster::collector {

enum class AuthorityVerb : std::uint8_t { list, add, use, drop };

struct AuthorityCommand {
    AuthorityVerb verb = AuthorityVerb::list;
    bool force = false;  ///< also where agents would be shut out
};

/// The collector must not run: the data directory is locked meanwhile. Prints, and gives the exit code.
int run_authority_command(
    Files& files, const std::string& data_dir, const AuthorityCommand& command, WallTime now
);

}  // namespace muster::collector
