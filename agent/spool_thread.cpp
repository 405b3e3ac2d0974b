#include "agent/spool_thread.hpp"

#include "base/log.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

SpoolReport report_of(const Spool& spool, WallTime now) {
    return {
        .position = spool.position(),
        .counters = spool.counters(),
        .waiting_results = spool.waiting_results(),
        .disk_bytes = spool.disk_bytes(),
        .oldest_unacked = spool.oldest_unacked(now),
    };
}

/// Nothing has changed that anybody waits for.
bool same(const SpoolReport& a, const SpoolReport& b) {
    return a.position == b.position && a.counters == b.counters &&
           a.taken_records == b.taken_records && a.queue_refused_results == b.queue_refused_results;
}

}  // namespace

SpoolThread::SpoolThread(
    asio::io_context& loop,
    const Clock& clock,
    Spool spool,
    SpoolThreadOptions options,
    SpoolEvents events
)
    : loop_(loop),
      clock_(clock),
      options_(options),
      events_(std::move(events)),
      gate_(std::make_shared<Gate>(Gate{this})),
      report_(report_of(spool, clock.wall())),
      spool_(std::move(spool)),
      last_trim_(clock.mono()),
      last_save_(clock.mono()),
      told_(report_),
      thread_([this] { run(); }) {}

SpoolThread::~SpoolThread() {
    gate_->owner = nullptr;
    mailbox_.post(Stop{});
    thread_.join();
}

Status SpoolThread::append(wire::Record record) {
    const std::uint64_t bytes = record.payload.size() + record_head_bytes;
    if (queued_bytes_.load(std::memory_order_relaxed) + bytes > options_.queue_bytes) {
        refused_.add(record);
        queue_refused_results_ += record.count;
        return failure(ErrorKind::full, "the spool's queue is full: the disk does not keep up");
    }
    pass_refused();
    queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    ++handed_over_;
    mailbox_.post(Append{std::move(record)});
    return {};
}

/// In the place where they would have been.
void SpoolThread::pass_refused() {
    if (refused_.records > 0) {
        mailbox_.post(refused_);
        refused_ = {};
    }
}

void SpoolThread::rewind(std::uint64_t seq) {
    mailbox_.post(Rewind{seq});
}

void SpoolThread::rename(SpoolId name, std::uint64_t from_seq) {
    mailbox_.post(Rename{name, from_seq});
}

void SpoolThread::fetch(std::uint64_t from_seq, std::size_t bytes) {
    mailbox_.post(Fetch{from_seq, bytes});
}

void SpoolThread::ack(std::uint64_t seq) {
    mailbox_.post(Ack{seq});
}

void SpoolThread::set_limits(const SpoolLimits& limits) {
    mailbox_.post(limits);
}

std::uint64_t SpoolThread::produced_results() const {
    const SpoolCounters& counters = report_.counters;
    const std::uint64_t on_the_way = queue_refused_results_ - report_.queue_refused_results;
    return counters.appended_results + counters.refused_results + on_the_way;
}

std::uint64_t SpoolThread::unacked_records() const {
    const std::uint64_t on_the_way = handed_over_ - report_.taken_records;
    return report_.position.next_seq - report_.position.first_unacked + on_the_way;
}

bool SpoolThread::all_synced() const {
    return handed_over_ == report_.taken_records &&
           report_.position.synced + 1 >= report_.position.next_seq;
}

void SpoolThread::run() {
    name_thread("spool");
    while (!stopping_) {
        for (Message& message : mailbox_.take_all(patience(clock_.mono()))) {
            handle(message);
        }
        settle();
        maintain(clock_.mono());
        tell();
    }
    // The last sync may have left a gap record behind it.
    if (auto synced = spool_.sync(); !synced) {
        log(LogLevel::error, "spool.cannot_sync", {{"why", synced.error().text()}});
    }
    if (auto saved = spool_.save_acked(); !saved) {
        log(LogLevel::warning, "spool.acked_not_saved", {{"why", saved.error().text()}});
    }
}

void SpoolThread::handle(Message& message) {
    if (auto* append = std::get_if<Append>(&message)) {
        take(*append);
    } else if (const auto* fetch = std::get_if<Fetch>(&message)) {
        answer(*fetch);
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        spool_.ack(ack->seq);
    } else if (const auto* rewind = std::get_if<Rewind>(&message)) {
        spool_.rewind(rewind->seq);
    } else if (const auto* refused = std::get_if<Refused>(&message)) {
        spool_.refuse(*refused);
        passed_refused_ += refused->results;
    } else if (const auto* limits = std::get_if<SpoolLimits>(&message)) {
        spool_.set_limits(*limits);
    } else if (const auto* rename = std::get_if<Rename>(&message)) {
        if (auto renamed = spool_.rename(rename->name, rename->from_seq); !renamed) {
            log(LogLevel::error, "spool.cannot_rename", {{"why", renamed.error().text()}});
        }
    } else {
        stopping_ = true;
    }
}

void SpoolThread::take(Append& append) {
    queued_bytes_.fetch_sub(
        append.record.payload.size() + record_head_bytes, std::memory_order_relaxed
    );
    ++taken_records_;
    urgent_ = urgent_ || append.record.drop_class == wire::DropClass::state;
    auto taken = spool_.append(std::move(append.record));
    if (!taken && !refusing_) {
        log(LogLevel::error, "spool.refuses", {{"why", taken.error().text()}});
    }
    refusing_ = !taken;
}

void SpoolThread::answer(const Fetch& fetch) {
    auto records = spool_.read(fetch.from_seq, fetch.bytes);
    if (!records) {
        log(LogLevel::error, "spool.cannot_read", {{"why", records.error().text()}});
    }
    std::vector<wire::SequencedRecord> answer;
    if (records && !records->empty()) {
        answer = std::move(*records);
        spool_.sent(answer.back().seq + answer.back().record.span - 1);
    }
    asio::post(loop_, [gate = gate_, answer = std::move(answer)]() mutable {
        if (gate->owner != nullptr) {
            gate->owner->events_.records(std::move(answer));
        }
    });
}

/// Group commit.
void SpoolThread::settle() {
    const MonoTime now = clock_.mono();
    const std::uint64_t waiting = spool_.unsynced_bytes();
    if (waiting == 0) {
        return;
    }
    const bool due =
        urgent_ || waiting >= options_.flush_bytes || now >= last_sync_ + options_.flush;
    if (!stopping_ && (!due || now < not_before_)) {
        return;
    }
    auto synced = spool_.sync();
    last_sync_ = now;
    if (!synced) {
        not_before_ = now + options_.retry;
        if (!sync_failed_) {
            log(LogLevel::error, "spool.cannot_sync", {{"why", synced.error().text()}});
        }
    } else if (sync_failed_) {
        log(LogLevel::notice, "spool.syncs_again", {});
    }
    sync_failed_ = !synced;
    urgent_ = urgent_ && sync_failed_;
}

void SpoolThread::maintain(MonoTime now) {
    if (now >= last_trim_ + options_.trim_every) {
        last_trim_ = now;
        spool_.trim(now);
    }
    if (now >= last_save_ + options_.save_acked_every) {
        last_save_ = now;
        if (auto saved = spool_.save_acked(); !saved) {
            log(LogLevel::warning, "spool.acked_not_saved", {{"why", saved.error().text()}});
        }
    }
}

Duration SpoolThread::patience(MonoTime now) const {
    MonoTime until = last_trim_ + options_.trim_every;
    if (spool_.unsynced_bytes() > 0) {
        until = std::min(until, std::max(last_sync_ + options_.flush, not_before_));
    }
    return std::max(Duration(until - now), Duration{0});
}

void SpoolThread::tell() {
    SpoolReport report = report_of(spool_, clock_.wall());
    report.taken_records = taken_records_;
    report.queue_refused_results = passed_refused_;
    if (same(report, told_)) {
        return;
    }
    told_ = report;
    asio::post(loop_, [gate = gate_, report] {
        if (gate->owner != nullptr) {
            gate->owner->report_ = report;
            gate->owner->pass_refused();
            gate->owner->events_.reported(report);
        }
    });
}

}  // namespace muster::agent
