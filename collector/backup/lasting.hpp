// Owns: the file of what a restore must not undo: what was revoked or used up, and which incident numbers were given. It is in no
// backup. Leaves to the stores: when something of that kind happens; to restore.hpp: applying it.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The mark of a backup: whatever stands before it is in its access.db, nothing after it is.
inline constexpr std::string_view backup_mark = "backup";

/// One line of the file: "2026-12-01T03:30:49Z agent.revoked 6f1c…".
struct LastingFact {
    WallTime at{};
    std::string
        what;  ///< a word: agent.revoked, agent.certificate, join_token.used, incidents, epoch, backup, …
    std::string which;  ///< the rest of the line
};

/// Only added to. Any thread.
class Lasting {
  public:
    /// Creates the file where it is missing. A line that a crash has cut short is left out.
    static Result<Lasting> open(Files& files, const std::string& path);

    /// Durable when this returns.
    Status note(WallTime now, std::string_view what, std::string_view which);

  private:
    explicit Lasting(std::unique_ptr<File> file)
        : file_(std::move(file)), mutex_(std::make_unique<std::mutex>()) {}

    std::unique_ptr<File> file_;         // under the mutex
    bool is_cut_ = false;                // under the mutex: the last line may lack its end
    std::unique_ptr<std::mutex> mutex_;  // on the heap: this is moved
};

/// Everything noted, oldest first; nothing where there is no file.
Result<std::vector<LastingFact>> read_lasting(Files& files, const std::string& path);
/// What the access.db of a backup lacks, in its order, whatever any calendar said: all that was noted after the backup's mark. One
/// without a mark (`lasting` is of another machine, or was lost) lacks what was noted at `made` or later and, to be safe, every
/// revocation.
std::vector<LastingFact> noted_since(
    std::vector<LastingFact> facts, std::string_view backup, WallTime made
);
/// The greatest number noted of this kind ("incidents", "epoch"); 0: none.
std::uint64_t greatest(const std::vector<LastingFact>& facts, std::string_view what);

}  // namespace muster::collector
