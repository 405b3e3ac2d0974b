// Owns: a file system that forgets at a power cut what was not synced, or tears it, as real ones do.
#pragma once

#include "base/files.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace muster::agent {

/// What is in a folder is durable once the folder is synced; of the changes since, a cut leaves the first few. A file's bytes are
/// durable once it is synced; of those behind, a cut leaves some sectors, others as zeros or as whatever was there.
class PowerCutFiles final : public Files {
  public:
    /// The power is back: files opened before are of no use.
    void cut(Random& random);

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

    Names names_;
    std::vector<Names> unsynced_;  // after each change since the folder was synced, oldest first
    Names durable_;
    std::set<std::string> folders_;
};

}  // namespace muster::agent
