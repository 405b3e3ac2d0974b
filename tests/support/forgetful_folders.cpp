#include "tests/support/forgetful_folders.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace muster::test {

namespace fs = std::filesystem;

namespace {

std::uint64_t inode_of(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

constexpr std::size_t largest_replaced = 1U << 20U;

bool is_of_sqlite(const std::string& name) {
    return name.ends_with("-wal") || name.ends_with("-shm");
}

}  // namespace

class ForgetfulFile final : public File {
  public:
    ForgetfulFile(std::unique_ptr<File> real, ForgetfulFolders& disk, std::string path)
        : real_(std::move(real)), disk_(&disk), path_(std::move(path)) {}

    Status append(std::string_view data) override {
        const Status changed = disk_->change(path_);
        return changed ? real_->append(data) : changed;
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        return real_->read(offset, limit);
    }

    Status sync() override {
        if (auto changed = disk_->change(path_); !changed) {
            return changed;
        }
        disk_->synced_files_.push_back(path_);
        return real_->sync();
    }

    Status truncate(std::uint64_t size) override { return real_->truncate(size); }

    Result<std::uint64_t> size() override { return real_->size(); }

  private:
    std::unique_ptr<File> real_;
    ForgetfulFolders* disk_;
    std::string path_;
};

ForgetfulFolders::ForgetfulFolders(std::string root) : root_(std::move(root)) {
    note(root_);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
        if (entry.is_directory()) {
            note(entry.path().string());
        }
    }
}

Status ForgetfulFolders::change(const std::string& path) {
    if (left_ > 0) {
        --left_;
    }
    return is_on() ? Status{} : failure(ErrorKind::io, "the power is gone", path);
}

void ForgetfulFolders::note(const std::string& folder) {
    Names& names = durable_[inode_of(folder)];
    names.clear();
    for (const auto& entry : fs::directory_iterator(folder)) {
        names[entry.path().filename().string()] = inode_of(entry.path().string());
    }
}

/// Folders from above, so that a name goes with all that is below it. False: there is nothing more to forget.
bool ForgetfulFolders::forget_one() {
    std::optional<fs::path> doubtful;
    std::map<Inode, fs::path> missing;  // durable names that are not there
    const auto look = [&](const fs::path& folder) {
        const Names& names = durable_[inode_of(folder.string())];
        for (const auto& [name, inode] : names) {
            if (inode_of((folder / name).string()) != inode) {
                missing.emplace(inode, folder / name);
            }
        }
        for (const auto& entry : fs::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            const auto known = names.find(name);
            const bool is_durable =
                known != names.end() && known->second == inode_of(entry.path().string());
            if (!doubtful && !is_durable && !is_of_sqlite(name)) {
                doubtful = entry.path();
            }
        }
    };
    look(root_);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
        if (entry.is_directory()) {
            look(entry.path());
        }
    }
    if (!doubtful) {
        return false;
    }
    const auto before = missing.find(inode_of(doubtful->string()));
    if (before != missing.end() && !fs::exists(before->second)) {
        fs::rename(*doubtful, before->second);
        return true;
    }
    fs::remove_all(*doubtful);
    const std::string name = doubtful->filename().string();
    Names& names = durable_[inode_of(doubtful->parent_path().string())];
    const auto known = names.find(name);
    const auto content = known == names.end() ? replaced_.end() : replaced_.find(known->second);
    if (content != replaced_.end()) {
        std::ofstream(*doubtful, std::ios::binary) << content->second;
        known->second = inode_of(doubtful->string());
    }
    return true;
}

void ForgetfulFolders::power_on() {
    while (forget_one()) {
    }
    left_ = UINT64_MAX;
}

Result<std::unique_ptr<File>> ForgetfulFolders::open(const std::string& path, OpenMode mode) {
    if (mode == OpenMode::read) {
        return real_.open(path, mode);
    }
    if (auto changed = change(path); !changed) {
        return failure(changed.error());
    }
    auto file = real_.open(path, mode);
    if (!file) {
        return file;
    }
    return std::make_unique<ForgetfulFile>(std::move(*file), *this, path);
}

Status ForgetfulFolders::create_directories(const std::string& path) {
    if (auto changed = change(path); !changed) {
        return changed;
    }
    fs::path highest = path;  // that is not there yet
    while (highest.has_parent_path() && !fs::exists(highest.parent_path())) {
        highest = highest.parent_path();
    }
    const bool is_new = !fs::exists(highest);
    const Status made = real_.create_directories(path);
    // An inode may have been another folder's before.
    for (fs::path part = path; made && is_new; part = part.parent_path()) {
        durable_.erase(inode_of(part.string()));
        if (part == highest) {
            break;
        }
    }
    return made;
}

Result<std::vector<std::string>> ForgetfulFolders::list(const std::string& path) {
    return real_.list(path);
}

Status ForgetfulFolders::rename(const std::string& from, const std::string& to) {
    if (auto changed = change(from); !changed) {
        return changed;
    }
    if (fs::is_regular_file(to)) {
        replaced_[inode_of(to)] = read_file(real_, to, largest_replaced).value_or("");
    }
    return real_.rename(from, to);
}

Status ForgetfulFolders::remove(const std::string& path) {
    const Status changed = change(path);
    return changed ? real_.remove(path) : changed;
}

Status ForgetfulFolders::remove_directory(const std::string& path) {
    const Status changed = change(path);
    return changed ? real_.remove_directory(path) : changed;
}

bool ForgetfulFolders::exists(const std::string& path) {
    return real_.exists(path);
}

Status ForgetfulFolders::sync_directory(const std::string& path) {
    if (auto changed = change(path); !changed) {
        return changed;
    }
    note(path);
    return real_.sync_directory(path);
}

Result<std::uint64_t> ForgetfulFolders::free_bytes(const std::string& path) {
    return real_.free_bytes(path);
}

}  // namespace muster::test
