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

Result<std::unique_ptr<Delivery>> Delivery::open(
    asio::io_context& loop,
    const Clock& clock,
    Files& files,
    Random& random,
    DeliveryOptions options,
    DeliveryEvents events
) {
    auto spool =
        Spool::open(files, options.spool_dir, random, options.spool, clock.mono(), clock.wall());
    if (!spool) {
        return failure(spool.error());
    }
    return std::make_unique<Delivery>(
        loop, clock, files, random, std::move(*spool), std::move(options), std::move(events)
    );
}

Delivery::Delivery(
    asio::io_context& loop,
    const Clock& clock,
    Files& files,
    Random& random,
    Spool spool,
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
          std::move(spool),
          options.spool_thread,
          SpoolEvents{
              .reported =
                  [this](const SpoolReport& report) {
                      uplink_.on_spools({report.position});
                      if (events_.progressed) {
                          events_.progressed();
                      }
                  },
              .records =
                  [this](std::vector<wire::SequencedRecord> records) {
                      uplink_.on_records(spool_.report().position.spool, std::move(records));
                  },
          }
      ),
      uplink_(
          loop,
          clock,
          random,
          std::move(options.uplink),
          std::move(options.facts),
          {spool_.report().position},
          UplinkEvents{
              .fetch = [this](
                           SpoolId, std::uint64_t from, std::size_t bytes
                       ) { spool_.fetch(from, bytes); },
              .acked = [this](SpoolId, std::uint64_t seq) { spool_.ack(seq); },
              .rewound = [this](SpoolId, std::uint64_t seq) { spool_.rewind(seq); },
              .rekeyed = [this](SpoolId, std::uint64_t from_seq) { rename(from_seq); },
              .apply =
                  [this](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
                      if (events_.assignments) {
                          events_.assignments(epoch, std::move(items));
                      }
                  },
              .counters = [this](wire::proto::Heartbeat& heartbeat) { fill_heartbeat(heartbeat); },
              .live_changed = {},
          }
      ) {}

void Delivery::rename(std::uint64_t from_seq) {
    const SpoolId name(Uuid::random(random_));
    log(LogLevel::warning,
        "spool.renamed",
        {{"from", from_seq},
         {"why",
          "the collector has seen more of this spool than there is here: it is a copy from before"}}
    );
    spool_.rename(name, from_seq);
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
    const bool waits = report.position.first_unacked < report.position.next_seq;
    const Duration age = waits ? wall - report.oldest_unacked : Duration{0};
    const ProcessStats process = read_process_stats(files_);
    heartbeat.set_produced(spool_.produced_results());
    heartbeat.set_spooled(report.counters.appended_results);
    heartbeat.set_acked(report.counters.acked_results);
    heartbeat.set_gaps(report.counters.all_gaps());
    heartbeat.set_oldest_unsent_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(age), 0))
    );
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
