// Owns: the thread of history: entries from its feed in, questions from the loop in, answers back to the loop.
// Leaves to history.hpp: what is done with them.
#pragma once

#include "base/task.hpp"
#include "collector/backup/copy_desk.hpp"
#include "collector/history/history.hpp"
#include "collector/journal/feed.hpp"

#include <functional>
#include <memory>

namespace muster::collector {

class HistoryThread {
  public:
    /// `feed` starts at `history.next_lsn()`; `feed` and `loop` outlive this object. `failed` is called on the loop when
    /// the journal can no longer be read. A full disk only delays: the feed keeps what history still wants.
    HistoryThread(
        History history, FoldFeed& feed, asio::io_context& loop, std::function<void(Error)> failed
    );
    ~HistoryThread();
    HistoryThread(const HistoryThread&) = delete;
    HistoryThread& operator=(const HistoryThread&) = delete;

    /// On the loop. Answered after the entries that history is busy with; `closed` once it stops; `unavailable` when
    /// too many questions wait.
    Task<Result<HistorySeries>> query(HistoryQuery query);
    /// A copy of the catalog, and links to its blocks. Any thread but its own; `closed` when the thread or `stop` ends it.
    Status copy(const CopyPlace& to, const std::stop_token& stop);
    /// Any thread: drops the oldest results until so many bytes are freed, as History::thin.
    void thin(std::uint64_t bytes);
    /// Any thread; as of the last entry folded.
    HistoryStats stats() const;
    /// Ends the thread; what is not in a block yet is folded again at the next start. Open questions are answered `closed`.
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
