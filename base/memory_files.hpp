// Owns: a file system in memory, for tests and the simulator. Simulated faults come with the simulator.
#pragma once

#include "base/files.hpp"

#include <map>
#include <set>

namespace muster {

/// Files that live in one map; the root and the working folder exist, other folders must be created.
/// Renaming is for files only. Open files share content with the map, as inodes do.
class MemoryFiles final : public Files {
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

  private:
    bool is_folder(const std::string& path) const;

    std::map<std::string, std::shared_ptr<std::string>>
        content_;  // shared by the map and every open file of it
    std::set<std::string> folders_;
};

}  // namespace muster
