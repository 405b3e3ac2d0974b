// Owns: whether the databases that the last run left are whole, and going back to the newest good backup, unattended, where one is
// not. Leaves to restore.hpp: the way back.
#pragma once

#include "base/files.hpp"
#include "base/time.hpp"
#include "collector/backup/restore.hpp"

#include <optional>
#include <string>

namespace muster::collector {

/// Before anything in `plan.data_dir` is opened, by the holder of its lock. Where the last run did not end in order (`note_stopped`)
/// state.db, access.db and the newest file of the journal are read through, no longer than `within` together (a minute after
/// `note_failed`); otherwise they are opened only. Where one is damaged, or the journal lacks what state.db has folded, what is there is moved aside and the newest good
/// backup takes its place. History, which the record does not need, is mended by itself (history_mend.hpp). Gives what was restored; nothing where all is whole. `corrupt`: there is no good backup either.
Result<std::optional<Restored>> check_at_start(
    Files& files, RestorePlan plan, Duration within, WallTime now
);
/// From here on the stores are written.
Status note_running(Files& files, const std::string& data_dir);
/// The run ends because a store met an error: if it is damaged, the next start is to find it.
Status note_failed(Files& files, const std::string& data_dir);
/// They were closed in order.
Status note_stopped(Files& files, const std::string& data_dir);

}  // namespace muster::collector
