#include "base/memory_files.hpp"

#include <algorithm>
#include <utility>

namespace muster {

namespace {

constexpr std::uint64_t endless = std::uint64_t{1} << 40U;

std::string tidy(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    return path;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

/// The first path below `folder` in the order of a map of paths.
std::string first_below(const std::string& folder) {
    return folder == "/" ? "/" : folder + "/";
}

class MemoryFile final : public File {
  public:
    MemoryFile(std::shared_ptr<std::string> content, OpenMode mode, std::string path)
        : content_(std::move(content)), mode_(mode), path_(std::move(path)) {}

    Status append(std::string_view data) override {
        if (mode_ == OpenMode::read) {
            return failure(ErrorKind::io, "cannot write: opened for reading", path_);
        }
        content_->append(data);
        return {};
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        if (offset >= content_->size()) {
            return std::string();
        }
        return content_->substr(offset, limit);
    }

    Status sync() override { return {}; }

    Status truncate(std::uint64_t size) override {
        if (mode_ == OpenMode::read) {
            return failure(ErrorKind::io, "cannot cut: opened for reading", path_);
        }
        content_->resize(size);
        return {};
    }

    Result<std::uint64_t> size() override { return content_->size(); }

  private:
    std::shared_ptr<std::string>
        content_;  // shared with the map of MemoryFiles and other open files
    OpenMode mode_;
    std::string path_;
};

}  // namespace

bool MemoryFiles::is_folder(const std::string& path) const {
    return path.empty() || path == "/" || path == "." || folders_.contains(path);
}

Result<std::unique_ptr<File>> MemoryFiles::open(const std::string& path, OpenMode mode) {
    auto found = content_.find(path);
    if (is_folder(path)) {
        return failure(ErrorKind::io, "cannot open: it is a folder", path);
    }
    if (found != content_.end() && mode == OpenMode::create_new) {
        return failure(ErrorKind::conflict, "cannot open: it exists", path);
    }
    if (found == content_.end()) {
        if (mode == OpenMode::read || !is_folder(parent_of(path))) {
            return failure(ErrorKind::not_found, "cannot open: there is no such file", path);
        }
        found = content_.emplace(path, std::make_shared<std::string>()).first;
    }
    return std::make_unique<MemoryFile>(found->second, mode, path);
}

Status MemoryFiles::create_directories(const std::string& path) {
    for (std::string part = tidy(path); !is_folder(part); part = parent_of(part)) {
        if (content_.contains(part)) {
            return failure(ErrorKind::conflict, "there is something else than a folder", part);
        }
        folders_.insert(part);
    }
    return {};
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& path) {
    const std::string folder = tidy(path);
    if (!is_folder(folder)) {
        return failure(ErrorKind::not_found, "cannot list: there is no such folder", path);
    }
    const std::string prefix = first_below(folder);
    std::vector<std::string> names;
    const auto take = [&](const std::string& other) {
        if (other.starts_with(prefix) && other.find('/', prefix.size()) == std::string::npos &&
            other.size() > prefix.size()) {
            names.push_back(other.substr(prefix.size()));
        }
    };
    for (auto at = content_.lower_bound(prefix);
         at != content_.end() && at->first.starts_with(prefix);
         ++at) {
        take(at->first);
    }
    std::ranges::for_each(folders_, take);
    std::ranges::sort(names);
    return names;
}

Status MemoryFiles::rename(const std::string& from, const std::string& to) {
    const auto found = content_.find(from);
    if (found == content_.end()) {
        return failure(ErrorKind::not_found, "cannot rename: there is no such file", from);
    }
    if (!is_folder(parent_of(to)) || is_folder(to)) {
        return failure(ErrorKind::io, "cannot rename to " + to, from);
    }
    auto content = std::move(found->second);
    content_.erase(found);
    content_[to] = std::move(content);
    return {};
}

Status MemoryFiles::remove(const std::string& path) {
    if (is_folder(path)) {
        return failure(ErrorKind::io, "cannot remove: it is a folder", path);
    }
    content_.erase(path);
    return {};
}

Status MemoryFiles::remove_directory(const std::string& path) {
    const std::string folder = tidy(path);
    if (!folders_.contains(folder)) {
        return {};
    }
    const auto names = list(folder);
    if (!names || !names->empty()) {
        return failure(ErrorKind::io, "cannot remove the folder: it is not empty", path);
    }
    folders_.erase(folder);
    return {};
}

bool MemoryFiles::exists(const std::string& path) {
    return content_.contains(path) || is_folder(tidy(path));
}

Status MemoryFiles::sync_directory(const std::string& path) {
    if (!is_folder(tidy(path))) {
        return failure(ErrorKind::not_found, "there is no such folder", path);
    }
    return {};
}

Result<std::uint64_t> MemoryFiles::free_bytes(const std::string& path) {
    static_cast<void>(path);
    return endless;
}

}  // namespace muster
