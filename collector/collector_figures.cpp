// What the collector says of itself in numbers; the rest of it is in collector.cpp and collector_open.cpp.
#include "collector/figures/collector_figures.hpp"

#include "collector/collector_impl.hpp"
#include "collector/journal/segments.hpp"

namespace muster::collector {

namespace {

FoldFigures figures_of(const FoldFeed& feed) {
    const FoldFeed::Lag lag = feed.lag();
    return {
        .folded = feed.next() - 1,
        .behind = lag.entries,
        .late = lag.late,
        .waiting_bytes = lag.bytes
    };
}

HistoryFigures figures_of(const HistoryStats& stats) {
    return {
        .results = stats.samples,
        .strangers = stats.strangers,
        .tail_results = stats.tail_samples,
        .block_bytes = stats.block_bytes,
        .damaged_blocks = stats.damaged
    };
}

std::uint64_t journal_bytes(const std::string& directory) {
    std::uint64_t bytes = 0;
    const auto segments = list_segments(directory);
    for (const Lsn first : segments ? *segments : std::vector<Lsn>{}) {
        bytes += segment_bytes(directory, first);
    }
    return bytes;
}

}  // namespace

CollectorFigures Collector::Impl::figures() const {
    CollectorFigures now;
    now.version = options.version;
    now.started = started_at;
    now.is_ready = is_ready && !is_stopping;
    now.is_somebody_told = nobody_told.empty();
    now.receipts = receipts;
    now.journal = journal->figures();
    now.journal.bytes = journal_bytes(data / "journal");
    now.brain = figures_of(*brain_feed);
    now.history_fold = figures_of(*history_feed);
    now.history = figures_of(history->stats());
    now.sessions = link->sessions();
    now.credit_bytes = credit;
    const IntakeCounts taken = link->counts();
    now.quarantined = taken.quarantined;
    now.possible_duplicates = taken.possible_duplicates;
    now.from_future = taken.from_future;
    now.link_violations = taken.violations;
    now.agents = link->agents_said();
    now.connections = http->connections();
    const HeartbeatCounts counts = heartbeat->counts();
    now.heartbeat = {
        .sent = counts.sent,
        .failed = counts.failed,
        .skipped = counts.skipped,
        .last_sent = counts.last_sent
    };
    now.backup = backups->figures();
    now.storage = {.free_bytes = room.free(), .is_full = room.room() == Room::none};
    now.process = read_process_figures(*world.files, "/proc/self");
    return now;
}

}  // namespace muster::collector
