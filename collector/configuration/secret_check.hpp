// Owns: which secrets that the configuration names cannot be read now. Leaves to config/: where it names them.
#pragma once

#include "base/files.hpp"
#include "config/watch.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// A secret whose file cannot be read. No mistake: the file may come later.
struct UnreadSecret {
    config::Place place;  ///< of its {file: …}
    std::string why;      ///< the file, the reason and what to do; nothing of a secret
};

/// In the order of places.
std::vector<UnreadSecret> unread_secrets(Files& files, const config::Watch& watch);

/// "watch.yaml:3:5: warning: why"
std::string to_text(const UnreadSecret& secret);

}  // namespace muster::collector
