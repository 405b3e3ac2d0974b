#include "wire/gap.hpp"

#include "wire/bounds.hpp"
#include "wire/link.pb.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace muster::wire {

namespace {

/// It is somebody else's word: what cannot be is not known.
WallTime possible_wall(std::int64_t ns) {
    return is_possible_wall(ns) ? wall_from_ns(ns) : WallTime{};
}

}  // namespace

std::string_view to_string(GapReason reason) {
    switch (reason) {
        case GapReason::full:
            return "full";
        case GapReason::expired:
            return "expired";
        case GapReason::damaged:
            return "damaged";
        case GapReason::missing:
            return "missing";
        case GapReason::refused:
            return "refused";
        case GapReason::restored:
            return "restored";
        case GapReason::too_large:
            return "too large";
    }
    return "unknown";
}

Record make_gap(const Gap& gap, std::uint32_t span, std::uint32_t results) {
    proto::Gap payload;
    payload.set_reason(static_cast<std::uint32_t>(gap.reason));
    payload.set_drop_class(static_cast<std::uint32_t>(gap.drop_class));
    payload.set_from_ns(to_ns(gap.from));
    payload.set_to_ns(to_ns(gap.to));
    Record record = make_record(
        RecordKind::gap, DropClass::state, results, gap.from, {}, payload.SerializeAsString()
    );
    record.span = span;
    return record;
}

Result<Gap> read_gap(const Record& record) {
    if (record.kind != RecordKind::gap) {
        return failure(ErrorKind::corrupt, "a record that is no gap");
    }
    std::string raw;
    if (auto opened = open_payload(record, raw); !opened) {
        return failure(opened.error(), "gap");
    }
    return decode_gap(raw);
}

Result<Gap> decode_gap(std::string_view raw) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint8_t>::max();
    proto::Gap payload;
    if (!payload.ParseFromArray(raw.data(), static_cast<int>(raw.size()))) {
        return failure(ErrorKind::corrupt, "a gap that cannot be read");
    }
    return Gap{
        .reason = static_cast<GapReason>(std::min(payload.reason(), most)),
        .drop_class = static_cast<DropClass>(std::min(payload.drop_class(), most)),
        .from = possible_wall(payload.from_ns()),
        .to = possible_wall(payload.to_ns())
    };
}

}  // namespace muster::wire
