#include "collector/journal/journal_writer.hpp"

#include "base/log.hpp"

#include <utility>

namespace muster::collector {

namespace {

/// Listing the folder after every commit would cost more than the commit.
constexpr Lsn entries_between_retentions = 1000;
/// Without an entry for so many ticks: we stood still.
constexpr int most_ticks_at_once = 10;

std::string started_body(const JournalWriterOptions& options, JournalMoment last) {
    proto::CollectorStarted started;
    started.set_version(options.version);
    started.set_installation(options.installation);
    started.set_last_elapsed_ns(to_ns(last.elapsed));
    return started.SerializeAsString();
}

}  // namespace

JournalWriter::JournalWriter(JournalWriterOptions options, const Clock& clock, Journal journal)
    : options_(std::move(options)),
      clock_(&clock),
      journal_(std::move(journal)),
      time_(journal_.last_moment(), clock.mono(), clock.wall(), most_ticks_at_once * options_.tick),
      last_append_(clock.mono()) {}

Result<JournalWriter> JournalWriter::open(JournalWriterOptions options, const Clock& clock) {
    auto journal = Journal::open(options.journal);
    if (!journal) {
        return failure(journal.error());
    }
    const JournalMoment last = journal->last_moment();
    JournalWriter writer(std::move(options), clock, std::move(*journal));
    std::vector<Pending> first(1);
    first[0].kind = EntryKind::collector_started;
    first[0].body = started_body(writer.options_, last);
    if (auto appended = writer.append(std::move(first)); !appended) {
        return failure(appended.error());
    }
    return writer;
}

Result<Appended> JournalWriter::append(std::vector<Pending> pending) {
    const MonoTime mono = clock_->mono();
    const WallTime wall = clock_->wall();
    const auto step = time_.wall_step(mono, wall);
    if (step) {
        proto::ClockStepped stepped;
        stepped.set_by_ns(step->count());
        Pending entry;
        entry.kind = EntryKind::clock_stepped;
        entry.body = stepped.SerializeAsString();
        pending.insert(pending.begin(), std::move(entry));
    }
    const Elapsed elapsed = time_.at(mono);
    if (const Duration standstill = time_.take_standstill(); standstill > Duration{}) {
        log(LogLevel::warning, "collector.stood_still", {{"for_ms", to_ms(standstill)}});
    }
    auto appended = journal_.append(std::move(pending), {.elapsed = elapsed, .wall = wall});
    // Also after a failure: a full disk must not turn ticks into a busy loop.
    last_append_ = mono;
    if (!appended) {
        time_.wall_step_is_untold(step.value_or(Duration{}));
        return failure(appended.error());
    }
    if (step) {
        log(LogLevel::warning, "clock.stepped", {{"by_ms", to_ms(*step)}});
        appended->lsns.erase(appended->lsns.begin());
        for (std::size_t& index : appended->rejected_in) {
            --index;
        }
    }
    return appended;
}

MonoTime JournalWriter::next_tick() const {
    return last_append_ + options_.tick;
}

Result<Appended> JournalWriter::tick_if_due() {
    if (clock_->mono() < next_tick()) {
        return Appended{};
    }
    return append(std::vector<Pending>(1));
}

Status JournalWriter::maintain(Lsn needed, Retain how) {
    const Elapsed now = time_.at(clock_->mono());
    if (auto done = journal_.maintain(now); !done) {
        return done;
    }
    if (how == Retain::to_limits &&
        journal_.next_lsn() < retained_at_ + entries_between_retentions) {
        return {};
    }
    retained_at_ = journal_.next_lsn();
    auto dropped = journal_.retain(now, needed, how);
    if (!dropped) {
        return failure(dropped.error());
    }
    if (*dropped > 0) {
        log(LogLevel::info, "journal.segments_dropped", {{"count", *dropped}});
    }
    return {};
}

}  // namespace muster::collector
