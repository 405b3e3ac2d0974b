// Owns: a file system whose operations fail when told to, as a dying or full disk does.
#pragma once

#include "base/memory_files.hpp"

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::agent {

/// What the disk does from now on; shared by the file system and its open files.
struct Disk {
    int good_syncs = 1'000'000;  ///< so many succeed, then one fails for each further call
    int good_appends = 1'000'000;
    int good_operations = 1'000'000'000;  ///< of all that can fail; then `failures` of them do
    int failures = 1'000'000;
    ErrorKind error = ErrorKind::io;  ///< of operations that fail by their number
    int operations = 0;               ///< so far
    bool drop_on_failed_sync = true;  ///< what was unsynced is gone, as after fsync errors on Linux
    std::string unreadable_path;      ///< a file with sectors that cannot be read
    std::uint64_t unreadable_begin = 0;
    std::uint64_t unreadable_end = 0;
    std::string unreadable_folder;
    bool is_dead = false;  ///< nothing can be written, created, renamed or deleted
    std::uint64_t free = std::uint64_t{1} << 40U;
    std::set<std::string> unsynced_folders;  ///< made, and gone with the power

    bool fails() {
        ++operations;
        return is_dead || (--good_operations < 0 && --failures >= 0);
    }

    Failure failure_now() const {
        return failure(is_dead ? ErrorKind::io : error, "the disk does not do it");
    }
};

class FaultyFile final : public File {
  public:
    FaultyFile(std::unique_ptr<File> file, Disk& disk, std::string path)
        : file_(std::move(file)), disk_(disk), path_(std::move(path)) {
        synced_ = file_->size().value_or(0);
    }

    /// What fails has written a half: a short write, and then the error.
    Status append(std::string_view data) override {
        if (--disk_.good_appends < 0) {
            static_cast<void>(file_->append(data.substr(0, data.size() / 2)));
            return failure(ErrorKind::full, "no space left");
        }
        if (disk_.fails()) {
            static_cast<void>(file_->append(data.substr(0, data.size() / 2)));
            return disk_.failure_now();
        }
        return file_->append(data);
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        if (path_ == disk_.unreadable_path && offset < disk_.unreadable_end &&
            offset + limit > disk_.unreadable_begin) {
            return failure(ErrorKind::io, "input/output error");
        }
        return file_->read(offset, limit);
    }

    Status sync() override {
        if (--disk_.good_syncs < 0 || disk_.fails()) {
            if (disk_.drop_on_failed_sync) {
                static_cast<void>(file_->truncate(synced_));
            }
            return disk_.good_syncs < 0 ? failure(ErrorKind::io, "input/output error")
                                        : disk_.failure_now();
        }
        synced_ = file_->size().value_or(0);
        return file_->sync();
    }

    Status truncate(std::uint64_t size) override { return file_->truncate(size); }

    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    std::unique_ptr<File> file_;
    Disk& disk_;
    std::string path_;
    std::uint64_t synced_ = 0;
};

class FaultyFiles final : public Files {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        if (mode != OpenMode::read && disk.fails()) {
            return disk.failure_now();
        }
        auto file = memory.open(path, mode);
        if (!file) {
            return failure(file.error());
        }
        return std::make_unique<FaultyFile>(std::move(*file), disk, path);
    }

    Status create_directories(const std::string& path) override {
        if (memory.exists(path)) {
            return {};
        }
        if (disk.fails()) {
            return disk.failure_now();
        }
        for (std::filesystem::path part = path; !memory.exists(part.string());
             part = part.parent_path()) {
            disk.unsynced_folders.insert(part.string());
        }
        return memory.create_directories(path);
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        return path == disk.unreadable_folder ? failure(ErrorKind::io, "input/output error")
                                              : memory.list(path);
    }

    Status rename(const std::string& from, const std::string& to) override {
        return disk.fails() ? disk.failure_now() : memory.rename(from, to);
    }

    Status remove(const std::string& path) override {
        // What is not there costs nothing and cannot fail.
        if (!memory.exists(path)) {
            return {};
        }
        return disk.fails() ? disk.failure_now() : memory.remove(path);
    }

    Status remove_directory(const std::string& path) override {
        return memory.remove_directory(path);
    }

    bool exists(const std::string& path) override { return memory.exists(path); }

    Status sync_directory(const std::string& path) override {
        if (disk.fails()) {
            return disk.failure_now();
        }
        std::erase_if(disk.unsynced_folders, [&](const std::string& folder) {
            return std::filesystem::path(folder).parent_path() == path;
        });
        return memory.sync_directory(path);
    }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        static_cast<void>(path);
        return disk.free;
    }

    MemoryFiles memory;
    Disk disk;
};

}  // namespace muster::agent
