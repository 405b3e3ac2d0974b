// Owns: real folders that forget at a power cut which names they were given since they were synced, each for itself: what POSIX
// allows, and more than file systems with one journal do. Leaves to power_cut_files.hpp, sim_files.hpp: what files hold.
#pragma once

#include "base/files.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

/// However a name was made (a link, a copy, SQLite), it stays only once its own folder was synced by this, and so do those above.
/// What was renamed has its old name back, where that was durable. Logs and shared memory of SQLite, which syncs their folder by
/// itself, are left as they are.
class ForgetfulFolders final : public Files {
  public:
    /// All that is below `root` now is durable.
    explicit ForgetfulFolders(std::string root);

    /// The power goes before the `nth` change or sync from now (from 1): it fails, and all after it do.
    void cut_before(std::uint64_t nth) { left_ = nth; }

    bool is_on() const { return left_ != 0; }

    /// The machine starts again: what was not durable is gone.
    void power_on();

    /// The content of these files was synced by this.
    const std::vector<std::string>& synced_files() const { return synced_files_; }

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
    friend class ForgetfulFile;
    using Inode = std::uint64_t;
    using Names = std::map<std::string, Inode>;

    Status change(const std::string& path);
    void note(const std::string& folder);
    bool forget_one();

    RealFiles real_;
    std::string root_;
    std::uint64_t left_ = UINT64_MAX;
    std::map<Inode, Names> durable_;  ///< of folders
    std::map<Inode, std::string>
        replaced_;  ///< the content of files whose name was given to another
    std::vector<std::string> synced_files_;
};

}  // namespace muster::test
