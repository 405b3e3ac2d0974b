#include "base/files.hpp"

#include "base/owner.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace muster {

namespace {

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// A failed call on `path`; the kinds a caller acts on are told apart. `obstacle` is what would have to allow it.
Failure path_failure(
    std::string_view what, int error_number, const std::string& path, const std::string& obstacle
) {
    Failure inner = system_failure(what, error_number, path);
    if (error_number == ENOENT) {
        return failure(ErrorKind::not_found, inner.value().what(), path);
    }
    if (error_number == EEXIST) {
        return failure(ErrorKind::conflict, inner.value().what(), path);
    }
    if (error_number == EACCES) {
        return failure(ErrorKind::refused, inner.value().what() + "; " + whose(obstacle), path);
    }
    return inner;
}

Failure path_failure(std::string_view what, int error_number, const std::string& path) {
    return path_failure(what, error_number, path, path);
}

/// A signal is no failure of the call that it interrupts.
template <typename Call>
auto uninterrupted(const Call& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}

    ~Descriptor() {
        if (number_ >= 0) {
            close(number_);
        }
    }

    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

    Descriptor& operator=(Descriptor&&) = delete;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number() const { return number_; }

  private:
    int number_;
};

class RealFile final : public File {
  public:
    RealFile(Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    Status append(std::string_view data) override {
        while (!data.empty()) {
            const ssize_t written = uninterrupted([&] {
                return ::write(descriptor_.number(), data.data(), data.size());
            });
            if (written < 0) {
                return system_failure("cannot write", errno, path_);
            }
            data.remove_prefix(static_cast<std::size_t>(written));
        }
        return {};
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        const auto whole = size();
        if (!whole) {
            return failure(whole.error());
        }
        // A file of the kernel's (/proc, /sys) says that it is empty, and is not.
        constexpr std::uint64_t piece = 16U << 10U;
        const bool is_unsaid = *whole == 0;
        const std::uint64_t left = is_unsaid ? piece : *whole > offset ? *whole - offset : 0;
        std::string out(std::min<std::uint64_t>(left, limit), '\0');
        std::size_t filled = 0;
        while (filled < out.size()) {
            const auto at = static_cast<off_t>(offset + filled);
            const ssize_t got = uninterrupted([&] {
                return ::pread(descriptor_.number(), out.data() + filled, out.size() - filled, at);
            });
            if (got < 0) {
                return system_failure("cannot read", errno, path_);
            }
            if (got == 0) {
                break;
            }
            filled += static_cast<std::size_t>(got);
            if (is_unsaid && filled == out.size()) {
                out.resize(std::min<std::uint64_t>(filled + piece, limit));
            }
        }
        out.resize(filled);
        return out;
    }

    /// Not again where a signal has interrupted it: what the disk said until then is said once.
    Status sync() override {
        if (::fdatasync(descriptor_.number()) != 0) {
            return system_failure("cannot make durable", errno, path_);
        }
        return {};
    }

    Status truncate(std::uint64_t size) override {
        if (uninterrupted([&] {
                return ::ftruncate(descriptor_.number(), static_cast<off_t>(size));
            }) != 0) {
            return system_failure("cannot cut", errno, path_);
        }
        return {};
    }

    Result<std::uint64_t> size() override {
        struct stat info{};
        if (::fstat(descriptor_.number(), &info) != 0) {
            return system_failure("cannot measure", errno, path_);
        }
        return static_cast<std::uint64_t>(info.st_size);
    }

  private:
    Descriptor descriptor_;
    std::string path_;
};

int open_flags(OpenMode mode) {
    switch (mode) {
        case OpenMode::read:
            return O_RDONLY | O_NONBLOCK | O_NOCTTY;  // whatever lies there, nobody waits for it
        case OpenMode::append:
            return O_RDWR | O_APPEND;
        case OpenMode::create_new:
            return O_RDWR | O_APPEND | O_EXCL;
    }
    return O_RDONLY;
}

/// Refuses what has no content of its own: a pipe waits for a writer, a device never ends.
Status check_regular(int descriptor, const std::string& path) {
    struct stat info{};
    if (::fstat(descriptor, &info) != 0) {
        return system_failure("cannot look at it", errno, path);
    }
    if (S_ISREG(info.st_mode)) {
        return {};
    }
    const std::string_view kind = S_ISDIR(info.st_mode)    ? "a folder"
                                  : S_ISFIFO(info.st_mode) ? "a named pipe"
                                                           : "a device";
    return failure(
        ErrorKind::invalid,
        "it is " + std::string(kind) +
            ", expected a regular file: name one, or write the content into one",
        path
    );
}

bool is_directory(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

std::string real_path(const std::string& path) {
    std::error_code problem;
    const std::filesystem::path whole = std::filesystem::absolute(path, problem);
    if (problem) {
        return path;
    }
    const std::filesystem::path real = std::filesystem::weakly_canonical(whole, problem);
    return problem ? whole.lexically_normal().string() : real.string();
}

Result<std::unique_ptr<File>> RealFiles::open(const std::string& path, OpenMode mode) {
    Descriptor descriptor(uninterrupted([&] {
        return mode == OpenMode::read ? ::open(path.c_str(), open_flags(mode) | O_CLOEXEC)
                                      : open_or_make(path, open_flags(mode));
    }));
    if (descriptor.number() < 0) {
        return path_failure("cannot open", errno, path);
    }
    if (mode == OpenMode::read) {
        if (const Status regular = check_regular(descriptor.number(), path); !regular) {
            return failure(regular.error());
        }
    }
    return std::make_unique<RealFile>(std::move(descriptor), path);
}

Status RealFiles::create_directories(const std::string& path) {
    std::size_t end = 0;
    while (end != std::string::npos) {
        end = path.find('/', end + 1);
        const std::string part = path.substr(0, end);
        if (!is_directory(part) && make_folder(part) != 0 && errno != EEXIST) {
            return path_failure("cannot create the folder", errno, part);
        }
    }
    if (!is_directory(path)) {
        return failure(ErrorKind::conflict, "there is something else than a folder", path);
    }
    return {};
}

Result<std::vector<std::string>> RealFiles::list(const std::string& path) {
    struct CloseFolder {
        void operator()(DIR* folder) const { ::closedir(folder); }
    };

    const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
    if (!folder) {
        return path_failure("cannot list", errno, path);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    std::ranges::sort(names);
    return names;
}

Status RealFiles::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return path_failure("cannot rename to " + to, errno, from, folder_of(to));
    }
    return {};
}

Status RealFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return path_failure("cannot remove", errno, path, folder_of(path));
    }
    return {};
}

Status RealFiles::remove_directory(const std::string& path) {
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) {
        return path_failure("cannot remove the folder", errno, path, folder_of(path));
    }
    return {};
}

bool RealFiles::exists(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Status RealFiles::sync_directory(const std::string& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() < 0) {
        return path_failure("cannot open the folder", errno, path);
    }
    if (::fsync(folder.number()) != 0) {
        return system_failure("cannot make the folder durable", errno, path);
    }
    return {};
}

Result<std::uint64_t> RealFiles::free_bytes(const std::string& path) {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) {
        return path_failure("cannot ask for free space", errno, path);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace muster
