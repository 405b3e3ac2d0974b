#include "agent/spool_thread.hpp"

#include "base/log.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

bool same(const wire::SpoolPosition& a, const wire::SpoolPosition& b) {
    return a.first_unacked == b.first_unacked && a.synced == b.synced && a.next_seq == b.next_seq;
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
      report_{
          spool.position(), spool.counters(), spool.disk_bytes(), spool.oldest_unacked(clock.wall())
      },
      first_seq_(report_.position.next_seq),
      spool_(std::move(spool)),
      last_trim_(clock.mono()),
      last_save_(clock.mono()),
      told_(report_.position),
      thread_([this] { run(); }) {}

SpoolThread::~SpoolThread() {
    gate_->owner = nullptr;
    mailbox_.post(Stop{});
    thread_.join();
}

Status SpoolThread::append(wire::Record record) {
    const std::uint64_t bytes = record.payload.size() + record_head_bytes;
    if (queued_bytes_.load(std::memory_order_relaxed) + bytes > options_.queue_bytes) {
        return failure(ErrorKind::full, "the spool's queue is full: the disk does not keep up");
    }
    queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    ++handed_over_;
    mailbox_.post(Append{std::move(record)});
    return {};
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

std::uint64_t SpoolThread::unacked_records() const {
    const std::uint64_t taken = handed_over_ - report_.counters.refused_records;
    return first_seq_ + taken - report_.position.first_unacked;
}

bool SpoolThread::all_synced() const {
    const std::uint64_t taken = handed_over_ - report_.counters.refused_records;
    return report_.position.synced + 1 >= first_seq_ + taken;
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
    if (auto saved = spool_.save_acked(); !saved) {
        log(LogLevel::warning, "spool.acked_not_saved", {{"why", saved.error().text()}});
    }
}

void SpoolThread::handle(Message& message) {
    if (auto* append = std::get_if<Append>(&message)) {
        queued_bytes_.fetch_sub(
            append->record.payload.size() + record_head_bytes, std::memory_order_relaxed
        );
        urgent_ = urgent_ || append->record.drop_class == wire::DropClass::state;
        auto taken = spool_.append(std::move(append->record));
        if (!taken && !refusing_) {
            log(LogLevel::error, "spool.refuses", {{"why", taken.error().text()}});
        }
        refusing_ = !taken;
        return;
    }
    if (const auto* fetch = std::get_if<Fetch>(&message)) {
        auto records = spool_.read(fetch->from_seq, fetch->bytes);
        if (!records) {
            log(LogLevel::error, "spool.cannot_read", {{"why", records.error().text()}});
        }
        std::vector<wire::SequencedRecord> answer;
        if (records) {
            answer = std::move(*records);
        }
        asio::post(loop_, [gate = gate_, answer = std::move(answer)]() mutable {
            if (gate->owner != nullptr) {
                gate->owner->events_.records(std::move(answer));
            }
        });
        return;
    }
    if (const auto* ack = std::get_if<Ack>(&message)) {
        spool_.ack(ack->seq);
        return;
    }
    if (const auto* limits = std::get_if<SpoolLimits>(&message)) {
        spool_.set_limits(*limits);
        return;
    }
    stopping_ = true;
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
    SpoolReport report{
        spool_.position(),
        spool_.counters(),
        spool_.disk_bytes(),
        spool_.oldest_unacked(clock_.wall()),
    };
    if (same(report.position, told_) && report.counters.refused_records == told_refused_) {
        return;
    }
    told_ = report.position;
    told_refused_ = report.counters.refused_records;
    asio::post(loop_, [gate = gate_, report] {
        if (gate->owner != nullptr) {
            gate->owner->report_ = report;
            gate->owner->events_.reported(report);
        }
    });
}

}  // namespace muster::agent
