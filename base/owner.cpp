#include "base/owner.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {

namespace {

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// Only what was just made may be given away: anything else might be a link that the owner of the folder put there.
void give_to_owner_of_folder(int made, const std::string& path) {
    struct stat folder{};
    if (::stat(folder_of(path).c_str(), &folder) == 0 && folder.st_uid != 0) {
        // Where this is refused the file stays root's, and whoever may not read it says whose it is.
        static_cast<void>(::fchown(made, folder.st_uid, folder.st_gid));
    }
}

bool is_root() {
    return ::geteuid() == 0;
}

std::string name_of(uid_t user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (::getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
        return entry.pw_name;
    }
    return "user " + std::to_string(user);
}

}  // namespace

int open_or_make(const std::string& path, int flags) {
    constexpr mode_t ours_alone = 0600;
    if (!is_root()) {
        return ::open(path.c_str(), flags | O_CREAT | O_CLOEXEC, ours_alone);
    }
    const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL | O_CLOEXEC, ours_alone);
    if (made >= 0) {
        give_to_owner_of_folder(made, path);
        return made;
    }
    if (errno != EEXIST || (flags & O_EXCL) != 0) {
        return made;
    }
    return ::open(path.c_str(), flags | O_CREAT | O_CLOEXEC, ours_alone);
}

int make_folder(const std::string& path) {
    const int made = ::mkdir(path.c_str(), 0700);
    if (made == 0 && is_root()) {
        const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0) {
            give_to_owner_of_folder(folder, path);
            ::close(folder);
        }
    }
    return made;
}

std::string whose(const std::string& path) {
    std::string nearest = path;
    struct stat info{};
    while (::stat(nearest.c_str(), &info) != 0) {
        const std::string above = folder_of(nearest);
        if (above == nearest) {
            return {};
        }
        nearest = above;
    }
    return fmt::format(
        "{} ({:04o}) belongs to {}, and this runs as {}",
        nearest,
        info.st_mode & 07777U,
        name_of(info.st_uid),
        name_of(::geteuid())
    );
}

}  // namespace muster
