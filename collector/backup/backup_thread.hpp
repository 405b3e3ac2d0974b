// Owns: the thread that makes backups, when they are due and when somebody asks; what became of them. Leaves to backup_maker.hpp:
// making one; to backup_folder.hpp: which stay.
#pragma once

#include "base/clock.hpp"
#include "collector/backup/backup_maker.hpp"
#include "collector/backup/backup_row.hpp"
#include "collector/figures/collector_figures.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

struct BackupOptions {
    BackupPlan plan;
    Duration every = std::chrono::hours(24);  ///< zero: only when asked
    std::size_t keep = 3;
};

class BackupThread {
  public:
    /// Removes what an earlier process has left half-made. `files` and `clock` outlive this, as does all that `sources` use; the
    /// thread begins with `start`.
    static Result<BackupThread> open(
        Files& files, const Clock& clock, BackupOptions options, BackupSources sources
    );
    BackupThread(BackupThread&&) noexcept;
    BackupThread& operator=(BackupThread&&) noexcept;
    ~BackupThread();

    void start();
    /// Any thread: one is made now. `conflict` while one is being made already.
    Result<BackupRow> request();
    /// Any thread. Oldest first; the attempt that goes on or failed last stands at the end.
    std::vector<BackupRow> list() const;
    /// Any thread: why there is no backup as there should be; empty: all is well.
    std::string trouble() const;
    /// Any thread.
    BackupFigures figures() const;
    /// Gives up the one that is being made; waits for that.
    void stop();

  private:
    struct Impl;
    explicit BackupThread(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
