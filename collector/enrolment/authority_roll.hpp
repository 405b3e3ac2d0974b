// Owns: one authority giving way to another, as files in data_dir/ca, in three steps, each of which takes effect at the next start:
//     add    next.key, next.crt made      agents are told both, and trust both
//     use    ca.* → old.crt, next.* → ca.*  the new one signs; agents renew their certificates
//     drop   old.crt removed              what the old one signed counts no more
// Leaves to certificate_authority.hpp: using them; to agents: keeping what they are told.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace muster::collector {

enum class RollStep { none, added, used };

/// Where a roll stands: between which steps.
RollStep roll_step(Files& files, const std::string& directory);

/// `conflict` where one is under way.
Status add_authority(Files& files, const std::string& directory, WallTime now);
/// `conflict` where none was added.
Status use_authority(Files& files, const std::string& directory);
/// `conflict` where there is no old one.
Status drop_authority(Files& files, const std::string& directory);

/// Whatever a crash has left of use_authority becomes whole.
Status finish_roll(Files& files, const std::string& directory);

/// The certificate of the next or the old authority, PEM; empty where there is none.
Result<std::string> other_authorities(Files& files, const std::string& directory);

/// Active agents that the next step would shut out, by name: before `use` those that have not said that they trust both, before
/// `drop` those whose certificate is of the old one.
Result<std::vector<std::string>> shut_out(
    Files& files, const std::string& directory, const std::string& access_path
);

}  // namespace muster::collector
