// Owns: the record that stands in place of records that are lost: what, how many, when and why.
#pragma once

#include "wire/record.hpp"

#include <cstdint>
#include <string_view>

namespace muster::wire {

/// Why records are not there. Numbers are sent and stored: never reused.
enum class GapReason : std::uint8_t {
    full = 1,     ///< the spool was at its limit, and less important records made room
    expired = 2,  ///< older than the spool keeps anything
    damaged = 3,  ///< their bytes on disk were not what had been written
    missing = 4,  ///< their file was not there any more
    refused =
        5,  ///< they were made faster than the disk took them, or while it took none: they were never in the spool
    restored =
        6,  ///< the collector lost them (it was restored), and the agent had deleted what was acknowledged
    too_large = 7  ///< no frame can carry it
};

/// "full", "expired", "damaged", "missing", "refused", "restored", "too large"; "unknown" for what a newer agent says.
std::string_view to_string(GapReason reason);

struct Gap {
    GapReason reason = GapReason::full;
    DropClass drop_class = DropClass::results;  ///< the most important class of what is gone
    WallTime from{};  ///< agent's time of the first and the last that are gone; 0: unknown
    WallTime to{};
};

/// `span` sequence numbers and `results` results are gone. The record's own time is gap.from.
Record make_gap(const Gap& gap, std::uint32_t span, std::uint32_t results);
/// Of the payload, unpacked. `corrupt` when it cannot be read.
Result<Gap> decode_gap(std::string_view raw);
/// The same of a whole record; `corrupt` also when it is no gap.
Result<Gap> read_gap(const Record& record);

}  // namespace muster::wire
