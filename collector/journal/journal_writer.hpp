// Owns: stamping entries with journal time, ticks, clock steps. Leaves to journal.hpp: storing; to the owner: when to call.
#pragma once

#include "base/clock.hpp"
#include "collector/journal/journal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::collector {

struct JournalWriterOptions {
    JournalOptions journal;
    Duration tick = std::chrono::seconds(1);  ///< a tick is due this long after the last entry
    std::string version;                      ///< stands in collector.started
    std::string installation;                 ///< likewise: a UUID as text
};

/// The journal with its clock, as a value: no thread, no timer. The journal thread and the simulator drive it.
class JournalWriter {
  public:
    /// Opens the journal and appends collector.started.
    static Result<JournalWriter> open(JournalWriterOptions options, const Clock& clock);

    /// As Journal::append. A calendar that has stepped puts clock.stepped first: `lsns` still has one element a Pending,
    /// `entries` one more.
    Result<Appended> append(std::vector<Pending> pending);
    /// When the next tick is due if nothing is appended before.
    MonoTime next_tick() const;
    /// Appends a tick if it is due.
    Result<Appended> tick_if_due();
    /// Checkpoint, new segment, retention; cheap when nothing is to be done. `needed`: the first entry a fold still wants.
    Status maintain(Lsn needed, Retain how = Retain::to_limits);

    Journal& journal() { return journal_; }

  private:
    JournalWriter(JournalWriterOptions options, const Clock& clock, Journal journal);

    JournalWriterOptions options_;
    const Clock* clock_;
    Journal journal_;
    JournalTime time_;
    MonoTime last_append_;
    Lsn retained_at_ = 0;
};

}  // namespace muster::collector
