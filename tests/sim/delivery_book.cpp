#include "tests/sim/delivery_book.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::test {
namespace {

std::string content_of(std::int64_t wall_ns, std::int64_t mono_ns, const std::string& payload) {
    std::string content;
    put_u64(content, static_cast<std::uint64_t>(wall_ns));
    put_u64(content, static_cast<std::uint64_t>(mono_ns));
    return content + payload;
}

std::string text(std::uint64_t number) {
    return std::to_string(number);
}

}  // namespace

/// A name never heard of is a new spool's.
std::size_t DeliveryBook::folder_of(SpoolId name) {
    const auto [found, is_new] = streams_.try_emplace(name, Stream{.folder = folders_.size()});
    if (is_new) {
        folders_.emplace_back();
        folders_.back().name = name;
    }
    return found->second.folder;
}

void DeliveryBook::made(
    SpoolId name, std::uint64_t seq, std::uint64_t results_before, const wire::Record& record
) {
    const std::size_t folder = folder_of(name);
    const bool is_new =
        by_content_
            .try_emplace(
                content_of(to_ns(record.wall), to_ns(record.mono), record.payload), made_.size()
            )
            .second;
    if (!is_new) {
        complain("two records made at one moment are the same: the book cannot tell them apart");
    }
    folders_[folder].records.push_back(made_.size());
    made_.push_back(
        {.folder = folder,
         .seq = seq,
         .results_before = results_before,
         .count = record.count,
         .raw_size = record.raw_size}
    );
}

void DeliveryBook::stands(const std::vector<SpoolStand>& spools) {
    for (Folder& folder : folders_) {
        folder.is_there = false;
    }
    for (const SpoolStand& spool : spools) {
        Folder& folder = folders_[folder_of(spool.name)];
        folder.is_there = true;
        folder.name = spool.name;
        Stream& stream = streams_.at(spool.name);
        stream.begins_at = spool.begins_at;
        stream.results_at_begin = spool.results_at_begin;
        folder.next_seq = spool.next_seq;
        folder.results = spool.results;
        if (!spool.is_synced) {
            continue;
        }
        for (auto at = folder.records.rbegin(); at != folder.records.rend(); ++at) {
            if (std::exchange(made_[*at].is_promised, true)) {
                break;
            }
        }
    }
}

void DeliveryBook::renamed(SpoolId name, SpoolId to) {
    const std::size_t folder = folder_of(name);
    streams_[to].folder = folder;
}

/// Records behind what was found.
void DeliveryBook::lose_from(Folder& folder, const SpoolStand& found, const Excuses& excuses) {
    while (!folder.records.empty()) {
        Made& last = made_[folder.records.back()];
        if (last.results_before < found.results) {
            break;
        }
        const bool is_told = excuses.may_be_damaged && last.seq < found.next_seq;
        if (last.is_promised && !is_told) {
            complain(
                "record " + text(last.seq) +
                " was synced and is gone after a restart: the spool ends with " +
                text(found.next_seq - 1) + " and " + text(found.results) + " results"
            );
        }
        last.is_gone = true;
        folder.records.pop_back();
    }
}

void DeliveryBook::reopened(const std::vector<SpoolStand>& spools, const Excuses& excuses) {
    for (const SpoolStand& spool : spools) {
        lose_from(folders_[folder_of(spool.name)], spool, excuses);
    }
    for (Folder& folder : folders_) {
        const bool is_found = std::ranges::any_of(spools, [&](const SpoolStand& spool) {
            return &folders_[folder_of(spool.name)] == &folder;
        });
        if (is_found) {
            continue;
        }
        // It was drained and removed, or nothing of it had been synced: what was promised has to be in the journal.
        folder.is_exact = folder.is_exact && !folder.is_there;
        for (const std::size_t at : folder.records) {
            made_[at].is_gone = made_[at].is_gone || !made_[at].is_promised;
        }
    }
    stands(spools);
}

DeliveryBook::Image DeliveryBook::image() const {
    Image image{.folders = folders_, .promised = {}};
    image.promised.reserve(made_.size());
    for (const Made& made : made_) {
        image.promised.push_back(made.is_promised);
    }
    return image;
}

void DeliveryBook::set_back(const Image& image) {
    for (Made& made : made_) {
        made.is_gone = true;
    }
    for (std::size_t at = 0; at < folders_.size(); ++at) {
        Folder& folder = folders_[at];
        if (at >= image.folders.size()) {
            folder.is_there = folder.is_exact = false;
            folder.records.clear();
            continue;
        }
        folder = image.folders[at];
        for (const std::size_t record : folder.records) {
            made_[record].is_gone = false;
            made_[record].is_promised = image.promised[record];
        }
    }
}

void DeliveryBook::settle(
    const std::vector<collector::proto::BatchEntry::Item>& items,
    const std::vector<collector::AgentCursor>& cursors,
    const Excuses& excuses
) {
    for (const auto& item : items) {
        take(item, excuses);
    }
    check_cursors(cursors);
    check_ends(excuses);
    check_promises(excuses);
}

void DeliveryBook::take(const collector::proto::BatchEntry::Item& item, const Excuses& excuses) {
    const SpoolId name(Uuid::from_bytes(item.spool_id()).value_or(Uuid{}));
    const auto stream = streams_.find(name);
    if (stream == streams_.end()) {
        complain("the journal holds a stream that the agent never had");
        return;
    }
    const auto [place, is_new] = walks_.try_emplace(name);
    Walk& walk = place->second;
    if (is_new) {
        walk = {stream->second.begins_at, stream->second.results_at_begin};
    }
    Folder& folder = folders_[stream->second.folder];
    if (item.seq() != walk.next_seq) {
        complain(
            "record " + text(item.seq()) + " is stored where " + text(walk.next_seq) + " was due"
        );
    }
    walk.next_seq = item.seq() + std::max(1U, item.span());
    if (item.kind() == static_cast<std::uint32_t>(wire::RecordKind::gap)) {
        take_gap(item, folder, walk);
        return;
    }
    const auto found = by_content_.find(content_of(item.wall_ns(), item.mono_ns(), item.payload()));
    if (found == by_content_.end()) {
        complain("record " + text(item.seq()) + " is stored otherwise than any was made");
        return;
    }
    Made& made = made_[found->second];
    if (made.folder != stream->second.folder || made.seq != item.seq() ||
        made.count != item.count() || made.raw_size != item.raw_size()) {
        complain(
            "record " + text(made.seq) + " is stored as record " + text(item.seq()) +
            ", of another spool, or with another count"
        );
    }
    if (made.results_before != walk.results && excuses.must_count()) {
        complain(
            "record " + text(item.seq()) + " comes after " + text(walk.results) +
            " results in the journal, and came after " + text(made.results_before)
        );
    }
    walk.results += made.count;
    if (!item.possible_duplicate() && std::exchange(made.is_delivered_plainly, true)) {
        complain("record " + text(item.seq()) + " is stored twice, and neither says so");
    }
    made.is_delivered = true;
    ++delivered_;
}

void DeliveryBook::take_gap(
    const collector::proto::BatchEntry::Item& item, Folder& folder, Walk& walk
) {
    wire::Record record;
    record.kind = wire::RecordKind::gap;
    record.raw_size = item.raw_size();
    record.payload = item.payload();
    const auto gap = wire::read_gap(record);
    if (!gap) {
        complain("gap " + text(item.seq()) + " cannot be read");
        return;
    }
    gaps_.at(static_cast<std::size_t>(gap->reason)) += item.count();
    const bool is_finished =
        !folder.is_there || folder.name.raw() != std::string_view(item.spool_id());
    finished_gaps_ += gap->reason == wire::GapReason::restored && is_finished ? 1 : 0;
    folder.gaps.push_back({item.seq(), walk.next_seq, gap->reason});
    walk.results += item.count();
}

/// Each stream ends where its cursor says.
void DeliveryBook::check_cursors(const std::vector<collector::AgentCursor>& cursors) {
    for (const auto& [name, walk] : walks_) {
        const auto cursor = std::ranges::find(cursors, name, &collector::AgentCursor::spool);
        if (cursor == cursors.end()) {
            complain("a stream in the journal has no cursor");
        } else if (cursor->committed_seq + 1 != walk.next_seq || cursor->results != walk.results) {
            complain(
                "a stream ends with record " + text(walk.next_seq - 1) + " and " +
                text(walk.results) + " results, and its cursor says " +
                text(cursor->committed_seq) + " and " + text(cursor->results)
            );
        }
    }
    for (const auto& cursor : cursors) {
        if (!walks_.contains(cursor.spool)) {
            complain("there is a cursor of a stream of which the journal holds nothing");
        }
    }
}

/// Each spool ends in the journal where it ended itself.
void DeliveryBook::check_ends(const Excuses& excuses) {
    for (const Folder& folder : folders_) {
        if (!folder.is_exact) {
            continue;
        }
        const auto walk = walks_.find(folder.name);
        const Stream& stream = streams_.at(folder.name);
        const Walk end =
            walk != walks_.end() ? walk->second : Walk{stream.begins_at, stream.results_at_begin};
        const bool counts_match = end.results == folder.results || !excuses.must_count();
        if (end.next_seq != folder.next_seq || !counts_match) {
            complain(
                "the spool ends with record " + text(folder.next_seq - 1) + " and " +
                text(folder.results) + " results, the journal with " + text(end.next_seq - 1) +
                " and " + text(end.results)
            );
        }
    }
}

void DeliveryBook::check_promises(const Excuses& excuses) {
    for (const Made& made : made_) {
        if (!made.is_promised || made.is_gone || made.is_delivered) {
            continue;
        }
        const Folder& folder = folders_[made.folder];
        const auto gap = std::ranges::find_if(folder.gaps, [&made](const GapSpan& each) {
            return each.from <= made.seq && made.seq < each.to;
        });
        if (gap == folder.gaps.end()) {
            complain(
                "record " + text(made.seq) + " was synced, and is neither stored nor in a gap"
            );
            continue;
        }
        const bool is_of_disk =
            gap->reason == wire::GapReason::damaged || gap->reason == wire::GapReason::missing;
        // What was confirmed while the disk took nothing was in memory only: after a restore it is missing.
        const bool is_excused =
            (gap->reason == wire::GapReason::full && excuses.may_be_full) ||
            (is_of_disk && (excuses.may_be_damaged || excuses.may_be_restored)) ||
            (gap->reason == wire::GapReason::restored && excuses.may_be_restored);
        if (!is_excused) {
            complain(
                "record " + text(made.seq) +
                " was synced, and is in a gap though nothing has happened that loses it: " +
                std::string(wire::to_string(gap->reason))
            );
        }
    }
}

std::uint64_t DeliveryBook::gap_results() const {
    return std::accumulate(gaps_.begin(), gaps_.end(), std::uint64_t{0});
}

void DeliveryBook::complain(std::string what) {
    if (problem_.empty()) {
        problem_ = std::move(what);
    }
}

}  // namespace muster::test
