// Owns: reading what was set aside, on any thread, beside the writer. Leaves to segment_store.hpp: setting aside, and how much is kept.
#pragma once

#include "collector/journal/pending.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// Where a record lies that was set aside. Unique in a journal.
struct QuarantinePlace {
    Lsn segment = 0;
    std::int64_t row = 0;

    bool operator==(const QuarantinePlace&) const = default;

    /// "1-17"
    std::string text() const;
    /// Nothing for a text of another form.
    static std::optional<QuarantinePlace> parse(std::string_view text);
};

struct SetAsideRecord {
    QuarantinePlace place;
    WallTime at;  ///< by our calendar
    QuarantinedRecord record;
    std::uint64_t bytes = 0;  ///< of its payload
};

/// Of all segments in the folder, without payloads: the newest `at_most`, the newest first.
Result<std::vector<SetAsideRecord>> list_quarantine(
    const std::string& directory, std::size_t at_most
);
/// With its payload, as the agent sent it; nothing where it is not there, or no more.
Result<std::optional<SetAsideRecord>> read_quarantined(
    const std::string& directory, QuarantinePlace place
);

}  // namespace muster::collector
