#include "agent/spool_thread.hpp"

#include "base/log.hpp"
#include "base/thread_name.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

SpoolReport report_of(const SpoolSet& spools) {
    return {
        .positions = spools.positions(),
        .finished = spools.finished(),
        .counters = spools.counters(),
        .waiting_results = spools.waiting_results(),
        .disk_bytes = spools.disk_bytes(),
        .is_in_memory = spools.is_in_memory(),
    };
}

/// Nothing has changed that anybody waits for.
bool same(const SpoolReport& a, const SpoolReport& b) {
    return a.positions == b.positions && a.finished == b.finished && a.counters == b.counters &&
           a.taken_records == b.taken_records && a.queue_refused_results == b.queue_refused_results;
}

}  // namespace

SpoolThread::SpoolThread(
    asio::io_context& loop,
    const Clock& clock,
    SpoolSet spools,
    SpoolThreadOptions options,
    SpoolEvents events
)
    : loop_(loop),
      clock_(clock),
      options_(options),
      events_(std::move(events)),
      gate_(std::make_shared<Gate>(Gate{this})),
      report_(report_of(spools)),
      upkeep_(std::move(spools), options.upkeep, clock.mono()),
      told_(report_),
      thread_([this] { run(); }) {}

SpoolThread::~SpoolThread() {
    gate_->owner = nullptr;
    mailbox_.post(Stop{});
    thread_.join();
}

Status SpoolThread::append(wire::Record record) {
    const std::uint64_t bytes = stored_bytes(record);
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

void SpoolThread::rewind(SpoolId spool, std::uint64_t seq) {
    mailbox_.post(Rewind{spool, seq});
}

void SpoolThread::rename(SpoolId spool, SpoolId name, std::uint64_t from_seq) {
    mailbox_.post(Rename{spool, name, from_seq});
}

void SpoolThread::renew() {
    mailbox_.post(Renew{});
}

void SpoolThread::fetch(SpoolId spool, std::uint64_t from_seq, std::size_t bytes) {
    mailbox_.post(Fetch{spool, from_seq, bytes});
}

void SpoolThread::ack(SpoolId spool, std::uint64_t seq, std::uint64_t fingerprint) {
    mailbox_.post(Ack{spool, seq, fingerprint});
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
    std::uint64_t records = handed_over_ - report_.taken_records;
    for (const wire::SpoolPosition& each : report_.positions) {
        records += each.next_seq - each.first_unacked;
    }
    return records;
}

bool SpoolThread::all_synced() const {
    return handed_over_ == report_.taken_records &&
           std::ranges::all_of(report_.positions, [](const wire::SpoolPosition& each) {
               return each.synced + 1 >= each.next_seq;
           });
}

void SpoolThread::run() {
    name_thread("spool");
    while (!stopping_) {
        const Duration patience =
            std::max(Duration(upkeep_.next_wake() - clock_.mono()), Duration{0});
        for (Message& message : mailbox_.take_all(patience)) {
            handle(message);
        }
        upkeep_.settle(clock_.mono());
        upkeep_.maintain(clock_.mono(), clock_.wall());
        tell();
    }
    upkeep_.finish();
}

void SpoolThread::handle(Message& message) {
    if (auto* append = std::get_if<Append>(&message)) {
        take(*append);
    } else if (const auto* fetch = std::get_if<Fetch>(&message)) {
        answer(*fetch);
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        if (Spool* spool = upkeep_.spools().find(ack->spool)) {
            spool->ack(ack->seq, ack->fingerprint);
        }
    } else if (const auto* rewind = std::get_if<Rewind>(&message)) {
        if (Spool* spool = upkeep_.spools().find(rewind->spool)) {
            spool->rewind(rewind->seq);
        }
    } else if (const auto* refused = std::get_if<Refused>(&message)) {
        upkeep_.spools().refuse(*refused);
        passed_refused_ += refused->results;
    } else if (const auto* limits = std::get_if<SpoolLimits>(&message)) {
        upkeep_.spools().set_limits(*limits);
    } else if (const auto* rename = std::get_if<Rename>(&message)) {
        const Status renamed =
            upkeep_.spools().rename(rename->spool, rename->name, rename->from_seq);
        if (!renamed) {
            log(LogLevel::error, "spool.cannot_rename", {{"why", renamed.error().text()}});
        }
    } else if (std::holds_alternative<Renew>(message)) {
        upkeep_.spools().renew();
    } else {
        stopping_ = true;
    }
}

void SpoolThread::take(Append& append) {
    queued_bytes_.fetch_sub(stored_bytes(append.record), std::memory_order_relaxed);
    ++taken_records_;
    upkeep_.append(std::move(append.record));
}

void SpoolThread::answer(const Fetch& fetch) {
    std::vector<wire::SequencedRecord> answer;
    if (Spool* spool = upkeep_.spools().find(fetch.spool)) {
        auto records = spool->read(fetch.from_seq, fetch.bytes);
        if (!records) {
            log(LogLevel::error, "spool.cannot_read", {{"why", records.error().text()}});
        } else if (!records->empty()) {
            answer = std::move(*records);
            spool->sent(answer.back().last_seq());
        }
    }
    asio::post(loop_, [gate = gate_, spool = fetch.spool, answer = std::move(answer)]() mutable {
        if (gate->owner != nullptr) {
            gate->owner->events_.records(spool, std::move(answer));
        }
    });
}

void SpoolThread::tell() {
    SpoolReport report = report_of(upkeep_.spools());
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
