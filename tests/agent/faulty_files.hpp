// Owns: a file system whose writes and syncs fail when told to, as a dying or full disk does.
#pragma once

#include "base/memory_files.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace muster::agent {

/// What the disk does from now on; shared by the file system and its open files.
struct Disk {
    int good_syncs = 1'000'000;  ///< so many succeed, then one fails for each further call
    int good_appends = 1'000'000;
    bool drop_on_failed_sync = true;  ///< what was unsynced is gone, as after fsync errors on Linux
    std::uint64_t free = std::uint64_t{1} << 40U;
};

class FaultyFile final : public File {
  public:
    FaultyFile(std::unique_ptr<File> file, Disk& disk) : file_(std::move(file)), disk_(disk) {
        synced_ = file_->size().value_or(0);
    }

    Status append(std::string_view data) override {
        if (--disk_.good_appends < 0) {
            static_cast<void>(file_->append(data.substr(0, data.size() / 2)));
            return failure(ErrorKind::full, "no space left");
        }
        return file_->append(data);
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        return file_->read(offset, limit);
    }

    Status sync() override {
        if (--disk_.good_syncs < 0) {
            if (disk_.drop_on_failed_sync) {
                static_cast<void>(file_->truncate(synced_));
            }
            return failure(ErrorKind::io, "input/output error");
        }
        synced_ = file_->size().value_or(0);
        return file_->sync();
    }

    Status truncate(std::uint64_t size) override { return file_->truncate(size); }

    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    std::unique_ptr<File> file_;
    Disk& disk_;
    std::uint64_t synced_ = 0;
};

class FaultyFiles final : public Files {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        auto file = memory.open(path, mode);
        if (!file) {
            return failure(file.error());
        }
        return std::make_unique<FaultyFile>(std::move(*file), disk);
    }

    Status create_directories(const std::string& path) override {
        return memory.create_directories(path);
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        return memory.list(path);
    }

    Status rename(const std::string& from, const std::string& to) override {
        return memory.rename(from, to);
    }

    Status remove(const std::string& path) override { return memory.remove(path); }

    Status remove_directory(const std::string& path) override {
        return memory.remove_directory(path);
    }

    bool exists(const std::string& path) override { return memory.exists(path); }

    Status sync_directory(const std::string& path) override { return memory.sync_directory(path); }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        static_cast<void>(path);
        return disk.free;
    }

    MemoryFiles memory;
    Disk disk;
};

}  // namespace muster::agent
