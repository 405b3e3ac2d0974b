// Many small agents: each its own link, certificate and spool position, at most 20 results a batch (100 probes at 10 s make one in
// 2 s). The spool is in memory: what is measured is the collector. Started by bench_ingest and bench_monitor.
//   bench_ingest_field DIR PEOPLE_PORT AGENTS_PORT TOKEN_FILE AGENTS BATCH_EVERY_MS WINDOW_FILE OUT_FILE
//
// Identities are kept below DIR. WINDOW_FILE and OUT_FILE as for bench_ingest_generator, and a line "batches N".
#include "agent/enrolment.hpp"
#include "agent/identity.hpp"
#include "agent/uplink.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/results.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

namespace muster::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t batch_results = 20;

struct Window {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::uint64_t results = 0;
    std::uint64_t batches = 0;
    std::vector<double> waits_ms;
};

class SmallAgent {
  public:
    SmallAgent(
        asio::io_context& loop,
        const Clock& clock,
        Random& random,
        const agent::Identity& identity,
        std::uint16_t port,
        Window& window
    )
        : clock_(clock), window_(window) {
        position_.spool = SpoolId{Uuid::random(random)};
        agent::UplinkOptions options;
        options.collector = {"localhost", port};
        options.identity = identity.tls;
        options.resolve = [](std::string, Deadline) -> Task<Result<std::vector<std::string>>> {
            co_return std::vector<std::string>{"127.0.0.1"};
        };
        const wire::AgentFacts facts{
            std::string(Uuid::random(random).raw()), std::string(16, 'b'), "", "bench", "bench"
        };
        agent::UplinkEvents events;
        events.fetch = [this](SpoolId, std::uint64_t from, std::size_t) { answer(from); };
        events.renew = [] {};
        events.acked = [this](SpoolId, std::uint64_t seq, std::uint64_t) { acknowledged(seq); };
        events.rewound = [](SpoolId, std::uint64_t) {};
        events.rekeyed = [](SpoolId, std::uint64_t) {};
        events.apply = [this](std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
            epoch_ = epoch;
            probes_ = static_cast<std::uint32_t>(items.size());
            uplink_->applied(epoch, {});
        };
        events.counters = [](wire::proto::Heartbeat&) {};
        uplink_.emplace(loop, clock, random, options, facts, std::vector{position_}, events);
        uplink_->start();
    }

    bool is_ready() const { return probes_ > 0; }

    std::size_t unacked() const { return kept_.size(); }

    void make_batch() {
        if (probes_ == 0) {
            return;
        }
        const std::uint32_t size = std::min(batch_results, probes_);
        wire::ResultBatch batch;
        batch.epoch = epoch_;
        batch.boot = 1;
        const std::uint32_t first = (turn_++ % (probes_ / size)) * size;
        for (std::uint32_t i = 0; i < size; ++i) {
            batch.probe.push_back(first + i);
            batch.time_ms.push_back(static_cast<std::int32_t>(i * 100));
            batch.state.push_back(0);
            batch.values.push_back(1000 + static_cast<std::int64_t>((turn_ * 37 + i * 11) % 50));
        }
        batch.value_runs = {{size, 1}};
        wire::Record record = wire::make_record(
            wire::RecordKind::results,
            wire::DropClass::results,
            size,
            clock_.wall(),
            clock_.mono(),
            wire::encode_results(batch)
        );
        kept_.push_back({{position_.next_seq, std::move(record)}, clock_.mono(), size});
        position_.synced = position_.next_seq++;
        uplink_->on_spools({position_});
    }

  private:
    struct Kept {
        wire::SequencedRecord record;
        MonoTime made;
        std::uint32_t results;
    };

    void answer(std::uint64_t from) {
        std::vector<wire::SequencedRecord> records;
        for (const Kept& kept : kept_) {
            if (kept.record.seq >= from) {
                records.push_back(kept.record);
            }
        }
        uplink_->on_records(position_.spool, std::move(records));
    }

    void acknowledged(std::uint64_t seq) {
        const std::int64_t now = to_ns(clock_.wall());
        while (!kept_.empty() && kept_.front().record.seq <= seq) {
            if (window_.to > 0 && now >= window_.from && now < window_.to) {
                window_.results += kept_.front().results;
                ++window_.batches;
                window_.waits_ms.push_back(
                    static_cast<double>((clock_.mono() - kept_.front().made).count()) / 1e6
                );
            }
            kept_.pop_front();
        }
        position_.first_unacked = seq + 1;
        uplink_->on_spools({position_});
    }

    const Clock& clock_;
    Window& window_;
    wire::SpoolPosition position_;
    std::deque<Kept> kept_;
    std::uint32_t epoch_ = 0;
    std::uint32_t probes_ = 0;
    std::uint32_t turn_ = 0;
    std::optional<agent::Uplink> uplink_;
};

class Field {
  public:
    Field(asio::io_context& loop, char** arguments)
        : loop_(loop),
          dir_(arguments[1]),
          people_port_(arguments[2]),
          agents_port_(static_cast<std::uint16_t>(std::atoi(arguments[3]))),
          token_(test::read_text(arguments[4])),
          count_(static_cast<std::size_t>(std::atoi(arguments[5]))),
          batch_every_(std::chrono::milliseconds(std::atoi(arguments[6]))),
          window_file_(arguments[7]),
          out_(arguments[8]) {
        token_.erase(token_.find_last_not_of("\r\n") + 1);
    }

    Task<void> run() {
        for (std::size_t i = 0; i < count_; ++i) {
            co_await add_agent("field" + std::to_string(i));
        }
        test::write_text(out_ + ".joined", std::to_string(agents_.size()));
        for (std::size_t turn = 0;; ++turn) {
            // A hundredth of the agents each hundredth of the period: spread as a scheduler would.
            asio::steady_timer timer(loop_, batch_every_ / 100);
            co_await timer.async_wait(asio::use_awaitable);
            for (std::size_t at = turn % 100; at < agents_.size(); at += 100) {
                agents_[at]->make_batch();
            }
            if (turn % 10 == 0) {
                look_at_window();
            }
        }
    }

  private:
    Task<void> add_agent(std::string name) {
        const std::string data_dir = dir_ + "/" + name;
        if (!agent::has_identity(files_, data_dir).value_or(false)) {
            agent::EnrolmentRequest request;
            request.collector_url = "https://localhost:" + people_port_;
            request.token = Secret(token_);
            request.name = name;
            request.hostname = name;
            request.version = "bench";
            Result<agent::Identity> identity =
                co_await agent::enrol(loop_, std::move(request), Deadline::in(10s));
            if (!identity || !agent::save_identity(files_, data_dir, *identity)) {
                std::cerr << name << ": " << (identity ? "cannot save" : identity.error().text())
                          << "\n";
                std::exit(1);
            }
        }
        const Result<agent::Identity> identity = agent::load_identity(files_, data_dir);
        if (identity) {
            agents_.push_back(std::make_unique<SmallAgent>(
                loop_, clock_, random_, *identity, agents_port_, window_
            ));
        }
    }

    void look_at_window() {
        if (window_.to == 0) {
            std::istringstream(test::read_text(window_file_)) >> window_.from >> window_.to;
            return;
        }
        if (to_ns(clock_.wall()) < window_.to || is_written_) {
            return;
        }
        is_written_ = true;
        std::ostringstream text;
        std::size_t unacked = 0;
        for (const auto& agent : agents_) {
            unacked += agent->unacked();
        }
        text << "results " << window_.results << "\nbatches " << window_.batches << "\nunacked "
             << unacked << "\n";
        for (const double wait : window_.waits_ms) {
            text << "ms " << wait << "\n";
        }
        test::write_text(out_, text.str());
    }

    asio::io_context& loop_;
    std::string dir_;
    std::string people_port_;
    std::uint16_t agents_port_;
    std::string token_;
    std::size_t count_;
    Duration batch_every_;
    std::string window_file_;
    std::string out_;
    SystemClock clock_;
    RealFiles files_;
    SystemRandom random_;
    Window window_;
    std::vector<std::unique_ptr<SmallAgent>> agents_;
    bool is_written_ = false;
};

}  // namespace
}  // namespace muster::bench

int main(int count, char** arguments) {
    if (count != 9) {
        std::cerr << "usage: bench_ingest_field DIR PEOPLE_PORT AGENTS_PORT TOKEN_FILE AGENTS "
                     "BATCH_EVERY_MS WINDOW_FILE OUT_FILE\n";
        return 2;
    }
    boost::asio::io_context loop(1);
    muster::bench::Field field(loop, arguments);
    boost::asio::co_spawn(loop, field.run(), boost::asio::detached);
    loop.run();
    return 0;
}
