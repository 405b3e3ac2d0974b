#include "collector/journal/quarantine.hpp"

#include "base/database.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view newest =
    "SELECT id, agent_id, spool_id, seq, wall, why, length(payload) FROM quarantine "
    "ORDER BY id DESC LIMIT ?";
constexpr std::string_view one =
    "SELECT id, agent_id, spool_id, seq, wall, why, length(payload), payload FROM quarantine "
    "WHERE id = ?";

Result<SetAsideRecord> read_row(const Statement& row, Lsn segment) {
    const auto agent = Uuid::from_bytes(row.blob(1));
    const auto spool = Uuid::from_bytes(row.blob(2));
    if (!agent || !spool) {
        return failure(
            ErrorKind::corrupt, "a record set aside is of nobody", segment_name(segment)
        );
    }
    SetAsideRecord found;
    found.place = {segment, row.integer(0)};
    found.at = wall_from_ns(row.integer(4));
    found.record.agent = AgentId(*agent);
    found.record.spool = SpoolId(*spool);
    found.record.seq = static_cast<std::uint64_t>(row.integer(3));
    found.record.why = row.text(5);
    found.bytes = static_cast<std::uint64_t>(row.integer(6));
    return found;
}

Result<Database> open_segment(const std::string& directory, Lsn first) {
    return Database::open(directory + "/" + segment_name(first), {.mode = DatabaseMode::reader});
}

Status add_newest(
    Database& segment, Lsn first, std::size_t at_most, std::vector<SetAsideRecord>& out
) {
    auto rows = segment.prepare(newest);
    if (!rows) {
        return failure(rows.error());
    }
    rows->bind(0, static_cast<std::int64_t>(at_most - out.size()));
    auto there = rows->step();
    while (there && *there) {
        auto read = read_row(*rows, first);
        if (!read) {
            return failure(read.error());
        }
        out.push_back(std::move(*read));
        there = rows->step();
    }
    return there ? Status{} : failure(there.error());
}

/// Retention takes segments away while we read.
bool is_gone(const std::string& directory, Lsn first) {
    const auto left = list_segments(directory);
    return left && !std::ranges::binary_search(*left, first);
}

}  // namespace

std::string QuarantinePlace::text() const {
    return std::to_string(segment) + "-" + std::to_string(row);
}

std::optional<QuarantinePlace> QuarantinePlace::parse(std::string_view text) {
    QuarantinePlace place;
    const char* const end = text.data() + text.size();
    const auto [dash, no_segment] = std::from_chars(text.data(), end, place.segment);
    if (no_segment != std::errc{} || dash == end || *dash != '-') {
        return std::nullopt;
    }
    const auto [stop, no_row] = std::from_chars(dash + 1, end, place.row);
    if (no_row != std::errc{} || stop != end || place.row < 1 || place.text() != text) {
        return std::nullopt;
    }
    return place;
}

Result<std::vector<SetAsideRecord>> list_quarantine(
    const std::string& directory, std::size_t at_most
) {
    const auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    std::vector<SetAsideRecord> found;
    for (const Lsn first : *segments | std::views::reverse) {
        if (found.size() >= at_most) {
            break;
        }
        auto segment = open_segment(directory, first);
        const Status added = segment ? add_newest(*segment, first, at_most, found)
                                     : Status{failure(segment.error())};
        if (!added && !is_gone(directory, first)) {
            return failure(added.error(), "journal");
        }
    }
    return found;
}

Result<std::optional<SetAsideRecord>> read_quarantined(
    const std::string& directory, QuarantinePlace place
) {
    const auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error(), "journal");
    }
    if (!std::ranges::binary_search(*segments, place.segment)) {
        return std::nullopt;
    }
    auto segment = open_segment(directory, place.segment);
    auto row = segment ? segment->prepare(one) : failure(segment.error());
    auto there = row ? row->bind(0, place.row).step() : failure(row.error());
    if (!there) {
        return is_gone(directory, place.segment)
                   ? Result<std::optional<SetAsideRecord>>(std::nullopt)
                   : failure(there.error(), "journal");
    }
    if (!*there) {
        return std::nullopt;
    }
    auto read = read_row(*row, place.segment);
    if (!read) {
        return failure(read.error());
    }
    read->record.payload = row->blob(7);
    return std::move(*read);
}

}  // namespace muster::collector
