#include "collector/backup/file_copies.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace muster::collector {

namespace {

constexpr std::size_t piece_bytes = 1U << 20U;

}  // namespace

Status copy_file(const std::string& from, const std::string& to, const std::stop_token& stop) {
    RealFiles files;
    auto source = files.open(from, OpenMode::read);
    if (!source) {
        return failure(source.error());
    }
    auto target = files.open(to, OpenMode::create_new);
    if (!target) {
        return failure(target.error());
    }
    for (std::uint64_t at = 0;;) {
        auto piece = (*source)->read(at, piece_bytes);
        if (!piece) {
            return failure(piece.error());
        }
        if (piece->empty()) {
            return (*target)->sync();
        }
        if (stop.stop_requested()) {
            return failure(ErrorKind::closed, "the collector is stopping");
        }
        if (auto written = (*target)->append(*piece); !written) {
            return written;
        }
        at += piece->size();
    }
}

Result<Placed> link_or_copy(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) == 0) {
        return Placed::linked;
    }
    switch (errno) {
        case EXDEV:
        case EPERM:  // a file system without links
        case EMLINK:
        case EOPNOTSUPP: {
            const Status copied = copy_file(from, to);
            return copied ? Result<Placed>(Placed::copied) : failure(copied.error());
        }
        case ENOENT:
            return failure(ErrorKind::not_found, "there is no such file to link to", from);
        default:
            return system_failure("cannot link to " + from, errno, to);
    }
}

Result<std::string> file_digest(
    Files& files, const std::string& path, const std::stop_token& stop
) {
    auto file = files.open(path, OpenMode::read);
    if (!file) {
        return failure(file.error());
    }
    Sha256 sum;
    for (std::uint64_t at = 0;;) {
        if (stop.stop_requested()) {
            return failure(ErrorKind::closed, "the collector is stopping");
        }
        auto piece = (*file)->read(at, piece_bytes);
        if (!piece) {
            return failure(piece.error());
        }
        if (piece->empty()) {
            return to_hex(sum.digest());
        }
        sum.add(*piece);
        at += piece->size();
    }
}

std::uint64_t file_bytes(const std::string& path) {
    std::error_code problem;
    const auto size = std::filesystem::file_size(path, problem);
    return problem ? 0 : size;
}

bool is_folder(const std::string& path) {
    std::error_code problem;
    return std::filesystem::is_directory(path, problem);
}

bool on_one_file_system(const std::string& one, const std::string& other) {
    struct stat first{};
    struct stat second{};
    return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev;
}

Status remove_folder(const std::string& path) {
    std::error_code problem;
    std::filesystem::remove_all(path, problem);
    return problem ? Status(system_failure("cannot remove the folder", problem.value(), path))
                   : Status{};
}

}  // namespace muster::collector
