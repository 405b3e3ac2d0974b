#include "agent/delivery.hpp"

#include "agent/process_stats.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// How often stop() looks whether the last records are through.
constexpr Duration look_again = std::chrono::milliseconds(5);

}  // namespace

Delivery::Delivery(
    asio::io_context& loop,
    const Clock& clock,
    Files& files,
    Random& random,
    DeliveryOptions options,
    DeliveryEvents events
)
    : clock_(clock),
      files_(files),
      random_(random),
      events_(std::move(events)),
      spool_(
          loop,
          clock,
          SpoolSet::open(
              files, std::move(options.spool_dir), random, options.spool, clock.mono(), clock.wall()
          ),
          options.spool_thread,
          SpoolEvents{
              .reported =
                  [this](const SpoolReport& report) {
                      uplink_.finished(report.finished);
                      uplink_.on_spools(report.positions);
                      if (events_.progressed) {
                          events_.progressed();
                      }
                  },
              .records = [this](
                             SpoolId spool, std::vector<wire::SequencedRecord> records
                         ) { uplink_.on_records(spool, std::move(records)); },
          }
      ),
      uplink_(
          loop,
          clock,
          random,
          std::move(options.uplink),
          std::move(options.facts),
          spool_.report().positions,
          UplinkEvents{
              .fetch = [this](
                           SpoolId spool, std::uint64_t from, std::size_t bytes
                       ) { spool_.fetch(spool, from, bytes); },
              .acked = [this](
                           SpoolId spool, std::uint64_t seq, std::uint64_t fingerprint
                       ) { spool_.ack(spool, seq, fingerprint); },
              .rewound = [this](SpoolId spool, std::uint64_t seq) { spool_.rewind(spool, seq); },
              .rekeyed = [this](SpoolId spool, std::uint64_t from_seq) { rename(spool, from_seq); },
              .renew = [this] { spool_.renew(); },
              .apply =
                  [this](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
                      if (events_.assignments) {
                          events_.assignments(epoch, std::move(items));
                      }
                  },
              .counters = [this](wire::proto::Heartbeat& heartbeat) { fill_heartbeat(heartbeat); },
              .live_changed = {},
          }
      ) {
    uplink_.finished(spool_.report().finished);
}

void Delivery::rename(SpoolId spool, std::uint64_t from_seq) {
    const SpoolId name(Uuid::random(random_));
    log(LogLevel::warning,
        "spool.renamed",
        {{"from", from_seq},
         {"why",
          "the collector has seen more of this spool than there is here: it is a copy from before"}}
    );
    spool_.rename(spool, name, from_seq);
}

void Delivery::start() {
    uplink_.start();
}

Status Delivery::append(wire::Record record) {
    auto taken = spool_.append(std::move(record));
    if (!taken && !is_refusing_) {
        log(LogLevel::error, "spool.refuses", {{"why", taken.error().text()}});
    }
    is_refusing_ = !taken;
    return taken;
}

void Delivery::applied(std::uint32_t epoch, std::vector<std::string> problems) {
    uplink_.applied(epoch, std::move(problems));
}

void Delivery::reconfigure(DeliverySettings settings) {
    spool_.set_limits(settings.spool);
    uplink_.reconfigure(
        std::move(settings.collector),
        settings.backoff_least,
        settings.backoff_most,
        std::move(settings.config_hash)
    );
}

void Delivery::fill_heartbeat(wire::proto::Heartbeat& heartbeat) {
    const SpoolReport& report = spool_.report();
    const WallTime wall = clock_.wall();
    WallTime oldest = wall;
    for (const wire::SpoolPosition& each : report.positions) {
        oldest = each.waits_since == WallTime{} ? oldest : std::min(oldest, each.waits_since);
    }
    const ProcessStats process = read_process_stats(files_);
    heartbeat.set_produced(spool_.produced_results());
    heartbeat.set_spooled(report.counters.appended_results);
    heartbeat.set_acked(report.counters.acked_results);
    heartbeat.set_gaps(report.counters.all_gaps());
    heartbeat.set_oldest_unsent_ms(static_cast<std::uint64_t>(to_ms(wall - oldest)));
    heartbeat.set_spool_in_memory(report.is_in_memory);
    heartbeat.set_rss_bytes(process.rss_bytes);
    heartbeat.set_open_files(process.open_files);
    if (events_.heartbeat) {
        events_.heartbeat(heartbeat);
    }
}

Task<void> Delivery::stop(std::string reason, Deadline deadline) {
    bool waiting = true;
    while (waiting && deadline.left() > Duration{0}) {
        const bool through = uplink_.is_live() ? unacked_records() == 0 : spool_.all_synced();
        waiting = !through && co_await sleep_for(std::min(look_again, deadline.left()));
    }
    // The goodbye itself always gets its moment.
    const Deadline goodbye(
        std::max(deadline.at(), Deadline::in(std::chrono::milliseconds(200)).at())
    );
    co_await uplink_.stop(std::move(reason), goodbye);
}

}  // namespace muster::agent
