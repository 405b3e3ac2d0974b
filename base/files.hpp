// Owns: the seam to the file system for everything we write ourselves (SQLite has its own, the VFS).
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// An open file. Not thread-safe. Errors are `io` or `full`. Closing does not sync.
class File {
  public:
    virtual ~File() = default;
    /// Writes all of `data` at the end.
    virtual Status append(std::string_view data) = 0;
    /// Reads up to `limit` bytes at `offset`; short only at the end of the file.
    virtual Result<std::string> read(std::uint64_t offset, std::size_t limit) = 0;
    /// fdatasync. After a failure the file's unsynced content must be taken for lost: never try again and believe.
    virtual Status sync() = 0;
    virtual Status truncate(std::uint64_t size) = 0;
    virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode { read, append, create_new };

/// The file system. RealFiles may be used from any thread.
class Files {
  public:
    virtual ~Files() = default;
    /// `append` creates a missing file; new files are 0600. `not_found` when the file or its folder is missing,
    /// `conflict` when `create_new` finds a file, `refused` (here and below) with whose it is where the caller has no right.
    /// Writing always goes to the end. Reading never waits: `invalid` for what is no regular file (a pipe, a device, a folder).
    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    /// Creates the folder and its missing parents, 0700.
    virtual Status create_directories(const std::string& path) = 0;
    /// Names (not paths) in a folder, sorted.
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    /// Removing what is not there is not an error.
    virtual Status remove(const std::string& path) = 0;
    virtual Status remove_directory(const std::string& path) = 0;
    /// False only where nothing is there: what may not be looked at counts, and opening it says why it may not.
    virtual bool exists(const std::string& path) = 0;
    /// fsync of the folder, after creating or renaming something in it.
    virtual Status sync_directory(const std::string& path) = 0;
    /// Bytes an unprivileged writer may still use on the file system of `path`.
    virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

/// What root makes belongs to the owner of the folder it is in (owner.hpp).
class RealFiles final : public Files {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Status create_directories(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status remove_directory(const std::string& path) override;
    bool exists(const std::string& path) override;
    Status sync_directory(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;
};

/// Absolute and without links, as far as there is something to resolve.
std::string real_path(const std::string& path);
/// The whole file; `full` when it is larger than `limit` bytes.
Result<std::string> read_file(Files& files, const std::string& path, std::size_t limit);
/// All or nothing: "<path>.new" beside it, sync, rename, sync of the folder. 0600. One writer per path at a time.
Status write_file_atomically(Files& files, const std::string& path, std::string_view data);

}  // namespace muster
