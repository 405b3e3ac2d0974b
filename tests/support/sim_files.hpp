// Owns: files that are not SQLite's on the disk of a SimVfs: they lose what was not synced when its power is cut, and err when
// told to. Leaves to sim_vfs.hpp: databases.
#pragma once

#include "base/files.hpp"
#include "tests/support/sim_vfs.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace muster::test {

/// Files of the system. After a power cut a file has what was synced and some of what was appended since, and of what was made,
/// renamed and removed since a folder was synced the last may be undone: the order of these is kept, as journalled file systems do.
class SimFiles final : public Files {
  public:
    /// `vfs` outlives this; its power is the power of this.
    explicit SimFiles(const SimVfs& vfs, std::uint64_t seed = 1);

    void reseed(std::uint64_t seed) { random_.seed(seed); }

    /// As SimVfs::fail_at; `full` and `short_write` hit appends, `sync` syncs of files and folders, `io` both, and openings for
    /// writing, renames and removals.
    void fail_at(DiskFault fault, std::uint64_t nth);

    void heal() { fault_.reset(); }

    bool has_failed() const { return has_failed_; }

    /// After a cut, before SimVfs::power_on.
    void power_on();

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
    friend class SimFile;

    enum class Call { open, append, sync, rename, remove };

    /// What undoes one change of a folder.
    struct Undo {
        std::string path;                    ///< made or removed; the target of a rename
        std::string from;                    ///< of a rename
        std::optional<std::string> content;  ///< of what was removed or replaced
    };

    /// The failure that answers this call, if one does.
    std::optional<Error> trouble(Call call);
    void undo(const Undo& change);

    const SimVfs& vfs_;
    RealFiles real_;
    std::mt19937_64 random_;
    std::optional<DiskFault> fault_;
    std::uint64_t fault_in_ = 0;
    bool has_failed_ = false;
    std::map<std::string, std::uint64_t>
        synced_;                 ///< bytes on the disk of files with more than these
    std::vector<Undo> changes_;  ///< of folders, since one was synced
};

}  // namespace muster::test
