#include "agent/data_folder.hpp"

#include "base/owner.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace muster::agent {

namespace {

/// Two agents in one data directory would write the same spool. Held until the process ends.
Status take_possession(const std::string& data_dir) {
    const std::string path = data_dir + "/lock";
    const int lock = open_or_make(path, O_RDWR);
    if (lock < 0 && errno == EACCES) {
        return failure(
            ErrorKind::refused,
            "cannot write to the data directory: Permission denied; " + whose(path),
            path
        );
    }
    if (lock < 0) {
        return system_failure("cannot write to the data directory", errno, path);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return failure(
            ErrorKind::unavailable,
            "another muster-agent runs with this data directory; stop it or give this one "
            "--data-dir",
            data_dir
        );
    }
    return {};
}

}  // namespace

Status prepare_data_folder(Files& files, const std::string& data_dir) {
    auto made = files.create_directories(data_dir);
    if (made) {
        made = take_possession(data_dir);
    }
    if (!made && made.error().kind() != ErrorKind::unavailable) {
        const Error& error = made.error();
        return failure(
            error.kind(),
            error.what() + "; make it writable for this user, or set data_dir or --data-dir",
            error.context()
        );
    }
    return made;
}

}  // namespace muster::agent
