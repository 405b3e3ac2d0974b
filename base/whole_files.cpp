#include "base/files.hpp"

namespace muster {

namespace {

Status write_new(Files& files, const std::string& path, std::string_view data) {
    auto file = files.open(path, OpenMode::create_new);
    if (!file) {
        return failure(file.error());
    }
    if (auto written = (*file)->append(data); !written) {
        return written;
    }
    return (*file)->sync();
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> read_file(Files& files, const std::string& path, std::size_t limit) {
    auto file = files.open(path, OpenMode::read);
    if (!file) {
        return failure(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
        return failure(size.error());
    }
    if (*size > limit) {
        return failure(
            ErrorKind::full,
            "the file has " + std::to_string(*size) + " bytes; at most " + std::to_string(limit) +
                " are read",
            path
        );
    }
    return (*file)->read(0, limit);
}

Status write_file_atomically(Files& files, const std::string& path, std::string_view data) {
    const std::string beside = path + ".new";
    if (auto removed = files.remove(beside); !removed) {
        return removed;
    }
    Status done = write_new(files, beside, data);
    if (done) {
        done = files.rename(beside, path);
    }
    if (!done) {
        static_cast<void>(files.remove(beside));  // the first failure is the one worth telling
        return done;
    }
    return files.sync_directory(folder_of(path));
}

}  // namespace muster
