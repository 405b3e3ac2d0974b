// One agent under load: the real spool and uplink, fed by a generator in place of the scheduler, as fast as the collector
// acknowledges. Started by bench_ingest and bench_delivery.
//   bench_ingest_generator DATA_DIR PORT SEED METRICS WINDOW_FILE OUT_FILE
//
// What it sends: every probe it is assigned, in scheduled order (a fixed random phase each), 25,000 results a record, sorted by
// probe; round trips of 0.2 to 20 ms with 1 % noise in microseconds, METRICS values a result (five are mean, least, most, jitter and
// loss, as of several pings); 1 result in 10,000 changes the state of its probe (a probe goes down for one to eight results).
// WINDOW_FILE, once it exists, holds "from to" in nanoseconds of wall time: results acknowledged within it are counted, and how long
// each record waited for its acknowledgement. OUT_FILE then gets "results N" and one "ms X" a record.
#include "agent/delivery.hpp"
#include "agent/identity.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/results.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <sstream>

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t record_results = 25'000;
constexpr std::uint64_t records_in_flight = 12;
constexpr Duration interval = 1s;

/// xorshift64*: cheap noise, the same for the same seed.
class Noise {
  public:
    explicit Noise(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    std::uint32_t below(std::uint32_t bound) {
        state_ ^= state_ >> 12U;
        state_ ^= state_ << 25U;
        state_ ^= state_ >> 27U;
        return static_cast<std::uint32_t>(
            (((state_ * 0x2545F4914F6CDD1DULL) >> 32U) * bound) >> 32U
        );
    }

  private:
    std::uint64_t state_;
};

/// The probes in scheduled order, cut into records.
class Generator {
  public:
    Generator(std::uint32_t epoch, std::size_t probes, std::uint64_t seed, std::size_t metrics)
        : noise_(seed), metrics_(metrics), down_(probes, 0) {
        std::vector<std::uint32_t> order(probes);
        std::iota(order.begin(), order.end(), 0U);
        for (std::size_t i = probes; i > 1; --i) {
            std::swap(order[i - 1], order[noise_.below(static_cast<std::uint32_t>(i))]);
        }
        for (std::size_t first = 0; first < probes; first += record_results) {
            const std::size_t last = std::min(probes, first + record_results);
            std::vector<std::pair<std::uint32_t, std::int32_t>> group;
            for (std::size_t at = first; at < last; ++at) {
                group.emplace_back(
                    order[at], static_cast<std::int32_t>((at - first) * 1000 / probes)
                );
            }
            std::ranges::sort(group);
            wire::ResultBatch& batch = groups_.emplace_back();
            batch.epoch = epoch;
            batch.boot = 1;
            for (const auto& [probe, offset] : group) {
                batch.probe.push_back(probe);
                batch.time_ms.push_back(offset);
            }
            batch.state.resize(group.size());
            batch.values.resize(group.size() * metrics);
            batch.value_runs = {
                {static_cast<std::uint32_t>(group.size()), static_cast<std::uint32_t>(metrics)}
            };
        }
        for (std::size_t probe = 0; probe < probes; ++probe) {
            base_us_.push_back(200 + noise_.below(19'800));
        }
    }

    wire::Record next(WallTime wall, MonoTime mono) {
        wire::ResultBatch& batch = groups_[turn_++ % groups_.size()];
        batch.notes.clear();
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const std::uint32_t probe = batch.probe[i];
            const std::int64_t base = base_us_[probe];
            for (std::size_t metric = 0; metric < metrics_; ++metric) {
                batch.values[i * metrics_ + metric] = value_of(metric, base);
            }
            batch.state[i] = state_of(probe, static_cast<std::uint32_t>(i), batch);
        }
        const bool changed = !batch.notes.empty();
        const auto count = static_cast<std::uint32_t>(batch.size());
        return wire::make_record(
            wire::RecordKind::results,
            changed ? wire::DropClass::state : wire::DropClass::results,
            count,
            wall,
            mono,
            wire::encode_results(batch)
        );
    }

  private:
    std::int64_t value_of(std::size_t metric, std::int64_t base) {
        if (metric == loss) {
            return 0;
        }
        const std::int64_t noise = noise_.below(static_cast<std::uint32_t>(base / 50 + 1));
        return metric == jitter ? noise : base + noise;
    }

    std::uint8_t state_of(std::uint32_t probe, std::uint32_t index, wire::ResultBatch& batch) {
        std::uint8_t& left = down_[probe];
        if (left == 0 && noise_.below(20'000) != 0) {
            return 0;
        }
        if (left == 0) {
            left = static_cast<std::uint8_t>(2 + noise_.below(8));
            batch.notes.push_back({index, "timeout", "reply within 1s", "no reply"});
        } else if (left == 1) {
            batch.notes.push_back({index, "", "reply within 1s", "reply"});
        }
        --left;
        return static_cast<std::uint8_t>(
            left == 0 ? wire::ResultState::ok : wire::ResultState::critical
        );
    }

    static constexpr std::size_t jitter = 3;
    static constexpr std::size_t loss = 4;

    Noise noise_;
    std::size_t metrics_;
    std::vector<wire::ResultBatch> groups_;
    std::vector<std::int64_t> base_us_;
    std::vector<std::uint8_t> down_;  // results left until the probe is up again
    std::size_t turn_ = 0;
};

class LoadedAgent {
  public:
    LoadedAgent(
        asio::io_context& loop,
        std::uint64_t seed,
        std::size_t metrics,
        std::string window,
        std::string out
    )
        : loop_(loop),
          seed_(seed),
          metrics_(metrics),
          window_(std::move(window)),
          out_(std::move(out)) {}

    int run(const std::string& dir, std::uint16_t port) {
        const Result<agent::Identity> identity = agent::load_identity(files_, dir);
        if (!identity) {
            std::cerr << identity.error().text() << "\n";
            return 1;
        }
        agent::DeliveryOptions options;
        options.spool_dir = dir + "/spool";
        options.uplink.collector = {"localhost", port};
        options.uplink.identity = identity->tls;
        options.uplink.resolve = [](std::string,
                                    Deadline) -> Task<Result<std::vector<std::string>>> {
            co_return std::vector<std::string>{"127.0.0.1"};
        };
        options.spool.limits.retain_acked_bytes = 16U << 20U;
        options.facts = {
            std::string(Uuid::random(random_).raw()), std::string(16, 'b'), "", "bench", "bench"
        };
        agent::DeliveryEvents events;
        events.assignments =
            [this](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
                generator_.emplace(epoch, items.size(), seed_, metrics_);
                delivery_->applied(epoch, {});
            };
        events.progressed = [this] { produce(); };
        delivery_ =
            std::make_unique<agent::Delivery>(loop_, clock_, files_, random_, options, events);
        delivery_->start();
        asio::co_spawn(loop_, watch(), asio::detached);
        loop_.run();
        return 0;
    }

  private:
    void produce() {
        if (!generator_ || delivery_ == nullptr) {
            return;
        }
        count_acknowledged();
        while (delivery_->unacked_records() < records_in_flight) {
            wire::Record record = generator_->next(clock_.wall(), clock_.mono());
            sent_.push_back({record.count, clock_.mono()});
            if (!delivery_->append(std::move(record))) {
                sent_.pop_back();
                return;
            }
        }
    }

    void count_acknowledged() {
        const WallTime wall = clock_.wall();
        const bool counts = to_ > 0 && to_ns(wall) >= from_ && to_ns(wall) < to_;
        while (sent_.size() > delivery_->unacked_records()) {
            if (counts) {
                results_ += sent_.front().count;
                waits_ms_.push_back(
                    static_cast<double>((clock_.mono() - sent_.front().at).count()) / 1e6
                );
            }
            sent_.pop_front();
        }
    }

    Task<void> watch() {
        while (true) {
            asio::steady_timer timer(loop_, 20ms);
            co_await timer.async_wait(asio::use_awaitable);
            produce();
            if (to_ == 0) {
                std::istringstream(test::read_text(window_)) >> from_ >> to_;
            } else if (to_ns(clock_.wall()) >= to_ && !is_written_) {
                is_written_ = true;
                std::ostringstream text;
                text << "results " << results_ << "\n";
                for (const double wait : waits_ms_) {
                    text << "ms " << wait << "\n";
                }
                test::write_text(out_, text.str());
            }
        }
    }

    struct Sent {
        std::uint32_t count;
        MonoTime at;
    };

    asio::io_context& loop_;
    std::uint64_t seed_;
    std::size_t metrics_;
    std::string window_;
    std::string out_;
    SystemClock clock_;
    RealFiles files_;
    SystemRandom random_;
    std::unique_ptr<agent::Delivery> delivery_;
    std::optional<Generator> generator_;
    std::deque<Sent> sent_;
    std::int64_t from_ = 0;
    std::int64_t to_ = 0;
    std::uint64_t results_ = 0;
    std::vector<double> waits_ms_;
    bool is_written_ = false;
};

}  // namespace
}  // namespace muster::bench

int main(int count, char** arguments) {
    if (count != 7) {
        std::cerr
            << "usage: bench_ingest_generator DATA_DIR PORT SEED METRICS WINDOW_FILE OUT_FILE\n";
        return 2;
    }
    boost::asio::io_context loop(1);
    muster::bench::LoadedAgent agent(
        loop,
        std::strtoull(arguments[3], nullptr, 10),
        std::strtoull(arguments[4], nullptr, 10),
        arguments[5],
        arguments[6]
    );
    return agent.run(arguments[1], static_cast<std::uint16_t>(std::atoi(arguments[2])));
}
