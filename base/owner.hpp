// Owns: whose files are. A command of root in a folder of a service leaves nothing there that the service may not read. Leaves to
// files.hpp: everything else about files.
#pragma once

#include <string>

namespace muster {

/// open(2) with these flags, making the file, 0600, where it is missing; −1 with errno. What root makes belongs to the owner of the
/// folder.
int open_or_make(const std::string& path, int flags);
/// mkdir(2) with 0700; −1 with errno. What root makes belongs to the owner of the folder.
int make_folder(const std::string& path);
/// Why `path` was refused, as far as owners tell: "/var/lib/muster/lock (0600) belongs to root, and this runs as muster". It is
/// about the nearest folder that may be looked at where `path` itself may not, or is not there.
std::string whose(const std::string& path);

}  // namespace muster
