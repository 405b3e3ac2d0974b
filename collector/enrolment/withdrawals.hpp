// Owns: revoking what was revoked before, as `lasting` tells it. Leaves to access_store.hpp: revoking anything for the first time;
// to restore_store.cpp: the rest of what a restore does again.
#pragma once

#include "base/database.hpp"
#include "base/files.hpp"
#include "collector/backup/lasting.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::collector {

/// Part of the caller's transaction. False: it is so already, there is nothing of the kind, or the fact tells of something else.
Result<bool> withdraw(Database& database, const LastingFact& fact);
/// Of an access.db that nobody has open; nothing where it is not there yet. Gives how much of what was revoked was not: its log was
/// damaged, which SQLite takes for an end in the middle of a write. A revocation that failed to commit counts then, to be safe.
Result<std::int64_t> withdraw_again(
    Files& files, const std::string& path, const std::vector<LastingFact>& facts
);

}  // namespace muster::collector
