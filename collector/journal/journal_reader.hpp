// Owns: reading entries back, on any thread, beside the writer. Leaves to feed.hpp: when.
#pragma once

#include "collector/journal/entry.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::collector {

/// Read-only connections of one thread. Batches come decoded, without their body.
class JournalReader {
  public:
    /// `directory` as in JournalOptions.
    static Result<JournalReader> open(std::string directory);
    JournalReader(JournalReader&&) noexcept;
    JournalReader& operator=(JournalReader&&) noexcept;
    ~JournalReader();

    /// Entries from `from` on, in order, without a hole: at most `max_entries`, and at most `max_bytes` of stored bodies,
    /// but at least one where there is one. Empty at the end. `not_found` when `from` has been dropped by retention.
    Result<std::vector<Entry>> read(Lsn from, std::size_t max_entries, std::size_t max_bytes);
    /// The last stored entry; 0 in an empty journal.
    Result<Lsn> last();

  private:
    struct Impl;
    explicit JournalReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
