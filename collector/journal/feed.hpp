// Owns: handing a fold its entries in order, from memory while it keeps up, from the journal's files where it does not.
#pragma once

#include "collector/journal/journal_reader.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace muster::collector {

struct FeedOptions {
    std::size_t memory_bytes =
        64U << 20U;  ///< entries beyond this are not kept: the fold reads them from the files
    std::size_t read_entries = 256;
    std::size_t read_bytes = 1U << 20U;  ///< stored bytes read at once
    std::size_t take_bytes =
        16U << 20U;  ///< decoded bytes given at once from memory; at least one entry
};

/// Between the journal thread (`post`) and one fold's thread (`take`). Every entry from `next` on is given exactly once.
class FoldFeed {
  public:
    /// `committed`: the last entry in the journal now.
    FoldFeed(JournalReader reader, Lsn next, Lsn committed, FeedOptions options = {});
    ~FoldFeed();
    FoldFeed(const FoldFeed&) = delete;
    FoldFeed& operator=(const FoldFeed&) = delete;

    /// Journal thread, after the durable commit, in order.
    void post(const std::vector<Entry>& entries);

    /// The fold's thread: the next entries, waiting up to `patience` for the first; empty after that or after `wake()`.
    /// An error is the store's: the fold cannot go on.
    Result<std::vector<Entry>> take(Duration patience);
    /// The fold's thread, which was opened anew: what was given from `next` on is given again.
    void rewind(Lsn next);
    /// Any thread: after a restart the fold would begin at `from`; what is older may be dropped by retention. Until
    /// this is called, nothing from the first `next` on is dropped.
    void keep_from(Lsn from);
    Lsn kept_from() const;
    /// Any thread: lets a waiting `take` or `pause` return at once, or the next one.
    void wake();
    /// The fold's thread: waits, whatever comes.
    void pause(Duration patience);

    /// Any thread: the entry that `take` gives next.
    Lsn next() const;

    /// Any thread. `bytes` counts what waits in memory; `late` is the journal time between the last entry taken and the newest.
    struct Lag {
        Lsn entries = 0;
        std::size_t bytes = 0;
        Duration late{};
    };

    Lag lag() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
