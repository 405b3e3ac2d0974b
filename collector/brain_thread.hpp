// Owns: the thread of the brain: entries in, effects out. Leaves to brain/: deciding; to feed.hpp: the order of entries.
#pragma once

#include "base/task.hpp"
#include "collector/backup/copy_desk.hpp"
#include "collector/brain/brain.hpp"
#include "collector/journal/feed.hpp"

#include <functional>
#include <memory>

namespace muster::collector {

/// `feed` and `loop` outlive this.
class BrainThread {
  public:
    /// `effects` is called on the loop after each commit that releases something; `caught_up` once, when all that was in
    /// the journal at start is folded; `failed` when the brain cannot go on. `reopen`, on the brain's thread, opens it anew after
    /// the disk was full; empty: a full disk is a failure like others.
    struct Callbacks {
        std::function<void(Effects)> effects;
        std::function<void()> caught_up;
        std::function<void(Error)> failed;
        std::function<Result<Brain>()> reopen;
    };

    /// `catch_up_to`: the last entry in the journal at start.
    BrainThread(
        Brain brain, FoldFeed& feed, Lsn catch_up_to, asio::io_context& loop, Callbacks callbacks
    );
    ~BrainThread();
    BrainThread(const BrainThread&) = delete;
    BrainThread& operator=(const BrainThread&) = delete;

    /// A copy of state.db. Any thread but its own; `closed` when the thread or `stop` ends it.
    Status copy(const CopyPlace& to, const std::stop_token& stop);
    /// Folds what the journal has committed, commits, saves a snapshot and ends the thread. Call it after the journal
    /// thread has stopped.
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
