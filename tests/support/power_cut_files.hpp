// Owns: a file system that forgets at a power cut what was not synced, or tears it, as real ones do; that can be told to fail, to
// spoil a bit, and to be what it was before.
#pragma once

#include "base/files.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// What is in a folder is durable once the folder is synced; of the changes since, a cut leaves the first few. A file's bytes are
/// durable once it is synced; of those behind, a cut leaves some sectors, others as zeros or as whatever was there.
class PowerCutFiles final : public Files {
  public:
    /// The power is back: files opened before are of no use.
    void cut(Random& random);
    /// The process was killed: everything it wrote is there, and files opened before are of no use.
    void kill();
    /// A copy of everything as it is now, that shares nothing with this.
    PowerCutFiles image() const;
    /// One bit of a file whose path ends with `suffix` becomes another one. False: there is none with content.
    bool flip_bit(Random& random, std::string_view suffix);

    /// Writing, creating, renaming, deleting and syncing fail with this. A failing append has written a half; after a failing sync
    /// what was not synced is gone, as fsync is on Linux.
    std::optional<ErrorKind> fails;
    /// What is left to others.
    std::uint64_t free = std::uint64_t{1} << 40U;

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Status create_directories(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status remove_directory(const std::string& path) override;
    bool exists(const std::string& path) override;
    Status sync_directory(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;

    struct Inode {
        std::string content;
        std::size_t durable = 0;  // of it, from the beginning
    };

  private:
    using Names = std::map<std::string, std::shared_ptr<Inode>>;  // shared by names and open files

    Status refuse(const std::string& path) const;
    void lose_open_files();

    Names names_;
    std::vector<Names> unsynced_;  // after each change since the folder was synced, oldest first
    Names durable_;
    std::set<std::string> folders_;
};

}  // namespace muster::test
