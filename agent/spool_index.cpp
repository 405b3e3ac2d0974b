#include "agent/spool_index.hpp"

#include <algorithm>

namespace muster::agent {

namespace {

bool is_hole(PlaceState state) {
    return state == PlaceState::damaged || state == PlaceState::missing;
}

std::size_t index_of(wire::DropClass drop_class) {
    return static_cast<std::size_t>(drop_class);
}

}  // namespace

std::uint64_t SegmentIndex::end_seq_of(std::size_t place) const {
    return place + 1 < places.size() ? seq_of(place + 1) : end_seq;
}

std::uint64_t SegmentIndex::results_before(std::size_t place) const {
    return first_results + places[place].results;
}

std::uint64_t SegmentIndex::results_of(std::size_t place) const {
    const std::uint64_t end = place + 1 < places.size() ? results_before(place + 1) : end_results;
    return end - results_before(place);
}

std::uint64_t SegmentIndex::stored_bytes_of(std::size_t place) const {
    if (is_hole(places[place].state)) {
        return 0;
    }
    // Places lie in the file in their order; a hole takes its bytes with it.
    const std::uint64_t end = place + 1 < places.size() ? places[place + 1].offset : bytes;
    return end - places[place].offset;
}

std::size_t SegmentIndex::find(std::uint64_t seq) const {
    const auto distance = static_cast<std::uint32_t>(seq - first_seq);
    const auto after = std::ranges::upper_bound(places, distance, {}, &RecordPlace::seq);
    return static_cast<std::size_t>(after - places.begin()) - 1;
}

void SegmentIndex::note_wall(std::int64_t wall_ns) {
    // A gap need not know when what it stands for was made.
    if (wall_ns != 0) {
        first_wall_ns = first_wall_ns == 0 ? wall_ns : first_wall_ns;
        last_wall_ns = std::max(last_wall_ns, wall_ns);
    }
}

void SegmentIndex::add(
    PlaceState state,
    wire::DropClass drop_class,
    std::uint64_t new_end_seq,
    std::uint64_t new_end_results,
    std::uint64_t stored_bytes
) {
    places.push_back({
        .offset = static_cast<std::uint32_t>(bytes),
        .seq = static_cast<std::uint32_t>(end_seq - first_seq),
        .results = static_cast<std::uint32_t>(end_results - first_results),
        .drop_class = drop_class,
        .state = state,
    });
    holes += is_hole(state) ? 1 : 0;
    if (state == PlaceState::kept) {
        class_bytes[index_of(drop_class)] += stored_bytes;
    }
    end_seq = new_end_seq;
    end_results = new_end_results;
    bytes += stored_bytes;
}

void SegmentIndex::spoil(std::size_t place) {
    RecordPlace& spoilt = places[place];
    if (is_hole(spoilt.state)) {
        return;
    }
    ++holes;
    if (spoilt.state == PlaceState::gap) {
        return;  // what it stands for was counted when it was made
    }
    class_bytes[index_of(spoilt.drop_class)] -= stored_bytes_of(place);
    spoilt.state = PlaceState::damaged;
}

void SegmentIndex::cut(std::uint64_t seq, std::uint64_t results) {
    while (!places.empty() && seq_of(places.size() - 1) >= seq) {
        const std::size_t last = places.size() - 1;
        end_seq = seq_of(last);
        end_results = results_before(last);
        if (has(last, PlaceState::kept)) {
            class_bytes[index_of(places[last].drop_class)] -= stored_bytes_of(last);
        }
        holes -= is_hole(places[last].state) ? 1 : 0;
        bytes = places[last].offset;
        places.pop_back();
    }
    if (end_seq > seq) {
        end_seq = seq;
        end_results = std::max(results, results_before(places.size() - 1));
    }
}

}  // namespace muster::agent
