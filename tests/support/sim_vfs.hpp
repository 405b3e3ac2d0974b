// Owns: the disk under SQLite as tests want it: it forgets what was not synced, tears it, errs when told to and flips bits.
// Leaves to sim_files.hpp: files that are not SQLite's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::test {

/// What a call on the disk answers instead of doing it.
enum class DiskFault {
    io,  ///< EIO of an open, a write, a truncation, a sync, a removal, or growing shared memory; nothing was done
    full,  ///< ENOSPC of a write, of making a file, or of growing shared memory; nothing was done
    short_write,  ///< a half is written, then ENOSPC
    sync,  ///< EIO of a sync: what was unsynced never comes to the disk, though later syncs claim success
    read,  ///< EIO of a read
};

/// A VFS between SQLite and the system's, the default one of this process from its construction to its destruction; databases are
/// opened in between, and closed before the end. Files lie where they would, with what the process sees; this remembers what of
/// it is on the disk. Locks and shared memory are the system's. Making and removing files by other means (RealFiles) is durable at
/// once; a file that SQLite removes without syncing the folder may be back after a power cut. Any number of threads.
class SimVfs {
  public:
    explicit SimVfs(std::uint64_t seed = 1);
    ~SimVfs();
    SimVfs(const SimVfs&) = delete;
    SimVfs& operator=(const SimVfs&) = delete;

    /// The next power cut decides by this.
    void reseed(std::uint64_t seed);

    /// From now on the `nth` call (from 1) that `fault` can hit does, and the `times` - 1 after it.
    void fail_at(DiskFault fault, std::uint64_t nth, std::uint64_t times = 1);
    /// The disk is sound again, and no cut is to come; what a failed sync has lost stays lost.
    void heal();
    /// Whether a call has failed since `fail_at`.
    bool has_failed() const;
    /// Calls that a fault or a lack of room has answered so far.
    std::uint64_t failures() const;

    /// So many bytes more can be written beyond the ends of files; nullopt: any number.
    void set_room(std::optional<std::uint64_t> bytes);

    /// Writes, truncations, syncs and removals so far.
    std::uint64_t operations() const;
    /// Syncs so far.
    std::uint64_t syncs() const;
    /// The power goes before the `nth` of these from now (from 1); before the `nth` sync.
    void cut_before_operation(std::uint64_t nth);
    void cut_before_sync(std::uint64_t nth);
    /// The power goes now: every call fails until `power_on`.
    void cut();
    bool is_on() const;
    /// After a cut, when every database is closed: of what was not synced a part is there, torn at sectors of 512 bytes, whatever
    /// its order was. Removes shared memory, as a start of the machine does.
    void power_on();
    /// Likewise, where it was the process that ended at the cut: whatever it wrote is in sight, synced or not. A cut that is yet to
    /// come, and faults, stay.
    void restart_process();

    /// `then` is called once, before the `nth` read from now (from 1), by whoever reads.
    void before_read(std::uint64_t nth, std::function<void()> then);
    /// Reads so far.
    std::uint64_t reads() const;

    /// All that was written so far is on the disk.
    void settle();

    /// One bit of a file that is not open, on the disk and in sight.
    void flip(const std::string& path, std::uint64_t byte, int bit);

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::test
