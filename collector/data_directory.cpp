#include "collector/data_directory.hpp"

#include "base/owner.hpp"
#include "base/uuid.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t largest_installation = 64;
constexpr const char* remedy =
    "; give the user of muster-collector the right to write there, or set data_dir in "
    "collector.yaml (or --data-dir) to another folder";

}  // namespace

Result<DataDirectory> DataDirectory::open(Files& files, const std::string& path) {
    if (auto made = files.create_directories(path); !made) {
        return failure(
            made.error().kind(),
            "the data directory cannot be made: " + made.error().what() + remedy,
            path
        );
    }
    const int lock = open_or_make(path + "/lock", O_RDWR);
    if (lock < 0) {
        const int problem = errno;
        const auto why = system_failure("the data directory cannot be written", problem);
        const std::string owner = problem == EACCES ? "; " + whose(path + "/lock") : "";
        return failure(why.value().kind(), why.value().what() + owner + remedy, path);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return failure(
            ErrorKind::unavailable,
            "another muster-collector is running on this data directory; stop it, or set data_dir "
            "to another folder",
            path
        );
    }
    return DataDirectory(path, lock);
}

Result<std::string> DataDirectory::installation(Files& files, Random& random) const {
    const std::string file = *this / "installation";
    if (!files.exists(file)) {
        const auto written = write_file_atomically(files, file, Uuid::random(random).text() + "\n");
        if (!written) {
            return failure(written.error());
        }
    }
    auto text = read_file(files, file, largest_installation);
    if (!text) {
        return text;
    }
    const auto id = Uuid::parse(text->substr(0, text->find('\n')));
    if (!id) {
        return failure(
            ErrorKind::corrupt, "a UUID is expected; put the file back from a backup", file
        );
    }
    return id->text();
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

}  // namespace muster::collector
