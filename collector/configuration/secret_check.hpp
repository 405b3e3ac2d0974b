// Owns: which files the configuration may name as secrets, and which of those it names cannot be read now. Leaves to config/:
// where it names them.
#pragma once

#include "base/files.hpp"
#include "base/secret.hpp"
#include "config/programs.hpp"
#include "config/watch.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// Reads a secret that the configuration names. `refused`: it lies below `data_dir`, links resolved, where the collector's own
/// secrets are; only the public ca/ca.crt may be read there.
Result<Secret> read_named_secret(
    Files& files, const std::string& data_dir, const std::string& path
);

/// Of a whole configuration that is else in order: nothing below `data_dir`, and in what was applied nothing outside of
/// `secrets_from`, whose folders only the administrator of the machine writes. `invalid`: file:line:column of each that is.
Status check_secret_places(const config::LoadedCollector& loaded, const std::string& data_dir);

/// A secret whose file cannot be read. No mistake: the file may come later.
struct UnreadSecret {
    config::Place place;  ///< of its {file: …}
    std::string why;      ///< the file, the reason and what to do; nothing of a secret
};

/// In the order of places. At most 1000 files are looked at.
std::vector<UnreadSecret> unread_secrets(
    Files& files, const std::string& data_dir, const config::Watch& watch
);

/// "watch.yaml:3:5: warning: why"
std::string to_text(const UnreadSecret& secret);

}  // namespace muster::collector
