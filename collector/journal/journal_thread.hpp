// Owns: the thread that commits: requests from anywhere in, one transaction for all that wait, answers back to the loop.
// Leaves to journal_writer.hpp: what a commit is; to feed.hpp: how the folds get it.
#pragma once

#include "base/task.hpp"
#include "collector/backup/copy_desk.hpp"
#include "collector/figures/collector_figures.hpp"
#include "collector/journal/feed.hpp"
#include "collector/journal/journal_writer.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace muster::collector {

/// The answer to one request after its durable commit.
struct AppendAnswer {
    std::vector<Lsn> lsns;              ///< one a Pending of the request
    std::vector<AgentCursor> rejected;  ///< cursors of the request that did not fit
};

/// One request is one or more entries that are appended together. Requests are committed in the order of their posting.
class JournalThread {
  public:
    using Done = std::function<void(Result<AppendAnswer>)>;

    /// `clock`, `loop` and `feeds` outlive this object. `failed` is called on the loop when the journal cannot go on.
    JournalThread(
        JournalWriter writer,
        const Clock& clock,
        asio::io_context& loop,
        std::vector<FoldFeed*> feeds,
        std::function<void(Error)> failed
    );
    ~JournalThread();
    JournalThread(const JournalThread&) = delete;
    JournalThread& operator=(const JournalThread&) = delete;

    /// Any thread. `done` runs on the loop, before any consequence of the entries reaches the loop; may be empty.
    void append(std::vector<Pending> pending, Done done);
    /// A copy of the segment that is written, and links to the others. Any thread but its own; `closed` when the thread or `stop`
    /// ends it.
    Status copy(const CopyPlace& to, const std::stop_token& stop);
    /// Any thread: how much of the journal is kept from now on.
    void retain(Retain how);
    /// Any thread. `bytes` is left to whoever knows the folder.
    JournalFigures figures() const;
    /// Commits what was posted before and ends the thread. Later requests are answered `closed`.
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
