// Owns: entries that must not be lost while the disk is full: configuration, enrolments, assignments, what channels answered.
// Leaves to the journal thread: storing. Commands and records do not come here: who sent them hears of the failure.
#pragma once

#include "base/clock.hpp"
#include "collector/journal/journal_thread.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster::collector {

/// Belongs to the loop's thread. `journal` and `clock` outlive it.
class Appender {
  public:
    /// Called on the loop when the entry is stored.
    using Stored = std::function<void()>;

    Appender(JournalThread& journal, const Clock& clock);
    ~Appender();

    void append(Pending entry, Stored stored = {});
    void append(EntryKind kind, std::string body, Stored stored = {});

    /// Tries again what found the disk full, at most once a second. To be called now and then.
    void retry();

    /// Entries that wait for room.
    std::size_t waiting() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with answers that arrive after the appender is gone
};

}  // namespace muster::collector
