// An agent whose results follow a script instead of probes: what it must have delivered can be computed. Killed and started
// again it goes on at the record after the last one in its spool. Ends when the file `stop_at` names a record it has passed.
//   scripted-agent DATA_DIR ADDRESS:PORT SEED PERIOD_MS DOWN
#include "agent/delivery.hpp"
#include "agent/identity.hpp"
#include "tests/support/script_of_results.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/results.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

Task<Result<std::vector<std::string>>> only(std::string address) {
    co_return std::vector<std::string>{std::move(address)};
}

class ScriptedAgent {
  public:
    ScriptedAgent(asio::io_context& loop, std::string dir, ScriptOfResults script)
        : loop_(loop), dir_(std::move(dir)), script_(script) {}

    int run(const std::string& collector) {
        Result<agent::Identity> identity = agent::load_identity(files_, dir_);
        const Result<agent::Endpoint> endpoint = agent::parse_endpoint(collector, 8444);
        if (!identity || !endpoint) {
            std::cerr << "no identity or no endpoint\n";
            return 2;
        }
        agent::DeliveryOptions options;
        options.spool_dir = dir_ + "/spool";
        options.spool.agent = identity->agent;
        options.spool_thread.upkeep.flush = 20ms;
        options.uplink.collector = {"localhost", endpoint->port};
        options.uplink.identity = identity->tls;
        options.uplink.link.backoff_least = 50ms;
        options.uplink.link.backoff_most = 300ms;
        // Called there, and taken for localhost.
        options.uplink.resolve = [address = endpoint->host](std::string, Deadline) {
            return only(address);
        };
        options.facts = {"", std::string(16, 'b'), "", "test", "scripted"};
        options.facts.instance_nonce = std::string(Uuid::random(random_).raw());
        agent::DeliveryEvents events;
        events.assignments = [this](
                                 std::uint32_t epoch, std::vector<wire::proto::Assignment> items
                             ) { take(epoch, items); };
        delivery_ =
            std::make_unique<agent::Delivery>(loop_, clock_, files_, random_, options, events);
        next_seq_ = delivery_->report().positions.front().next_seq;
        remember();
        delivery_->start();
        asio::co_spawn(loop_, produce(), asio::detached);
        loop_.run();
        return 0;
    }

  private:
    /// The first epoch counts, also after a restart: its dense ids stand in records already spooled.
    void take(std::uint32_t epoch, const std::vector<wire::proto::Assignment>& items) {
        if (order_.size() != items.size() || epoch_ != epoch) {
            order_.assign(items.size(), 0);
            for (const wire::proto::Assignment& item : items) {
                // Targets stand at 127.1.0.<probe>.
                order_[item.dense()] = static_cast<std::uint32_t>(
                    std::atoi(item.host().substr(item.host().rfind('.') + 1).c_str())
                );
            }
            epoch_ = epoch;
            if (t0_ == WallTime{}) {
                t0_ = clock_.wall();
            }
            std::ostringstream text;
            text << epoch_ << " " << to_ns(t0_);
            for (const std::uint32_t probe : order_) {
                text << " " << probe;
            }
            (void)write_file_atomically(files_, dir_ + "/script", text.str());
        }
        delivery_->applied(epoch, {});
    }

    void remember() {
        std::istringstream text(read_text(dir_ + "/script"));
        std::int64_t t0 = 0;
        if (text >> epoch_ >> t0) {
            t0_ = wall_from_ns(t0);
            std::uint32_t probe = 0;
            while (text >> probe) {
                order_.push_back(probe);
            }
        }
    }

    Task<void> produce() {
        while (true) {
            asio::steady_timer timer(loop_, 5ms);
            co_await timer.async_wait(asio::use_awaitable);
            if (order_.empty()) {
                continue;
            }
            const std::string stop_at = read_text(dir_ + "/stop_at");
            const std::uint64_t last =
                stop_at.empty() ? UINT64_MAX : std::strtoull(stop_at.c_str(), nullptr, 10);
            while (next_seq_ <= last && clock_.wall() >= time_of(next_seq_)) {
                (void)delivery_->append(record(next_seq_));
                ++next_seq_;
            }
            write_progress();
            if (next_seq_ > last && delivery_->unacked_records() == 0) {
                co_await delivery_->stop("the script is over", Deadline::in(5s));
                write_text(dir_ + "/done", "yes");
                loop_.stop();
                co_return;
            }
        }
    }

    void write_progress() {
        if (next_seq_ != written_progress_) {
            written_progress_ = next_seq_;
            write_text(dir_ + "/progress", std::to_string(next_seq_ - 1));
        }
    }

    WallTime time_of(std::uint64_t seq) const {
        return t0_ + static_cast<std::int64_t>(seq - 1) * script_.period;
    }

    wire::Record record(std::uint64_t seq) const {
        wire::ResultBatch batch;
        batch.epoch = epoch_;
        batch.boot = 0x6262626262626262ULL;
        for (std::uint32_t dense = 0; dense < order_.size(); ++dense) {
            const std::uint32_t probe = order_[dense];
            const bool is_down = script_.is_down(probe, seq);
            batch.probe.push_back(dense);
            batch.time_ms.push_back(0);
            batch.state.push_back(static_cast<std::uint8_t>(
                is_down ? wire::ResultState::critical : wire::ResultState::ok
            ));
            batch.values.push_back(script_.value(probe, seq));
            if (seq > 1 && is_down != script_.is_down(probe, seq - 1)) {
                batch.notes.push_back(
                    {dense, is_down ? "timeout" : "", "a reply", is_down ? "no reply" : "a reply"}
                );
            }
        }
        batch.value_runs.push_back({static_cast<std::uint32_t>(batch.size()), 1});
        const auto count = static_cast<std::uint32_t>(batch.size());
        // As of the clock that heartbeats tell, or the collector takes the calendar for wrong.
        const MonoTime mono = started_mono_ + (time_of(seq) - started_wall_);
        return wire::make_record(
            wire::RecordKind::results,
            batch.notes.empty() ? wire::DropClass::results : wire::DropClass::state,
            count,
            time_of(seq),
            mono,
            wire::encode_results(batch)
        );
    }

    asio::io_context& loop_;
    std::string dir_;
    ScriptOfResults script_;
    SystemClock clock_;
    RealFiles files_;
    SystemRandom random_;
    std::unique_ptr<agent::Delivery> delivery_;
    const MonoTime started_mono_ = clock_.mono();
    const WallTime started_wall_ = clock_.wall();
    std::uint32_t epoch_ = 0;
    WallTime t0_{};
    std::vector<std::uint32_t> order_;  // dense id → probe of the script
    std::uint64_t next_seq_ = 1;
    std::uint64_t written_progress_ = 0;
};

}  // namespace
}  // namespace muster::test

int main(int count, char** arguments) {
    if (count != 6) {
        std::cerr << "usage: scripted-agent DATA_DIR ADDRESS:PORT SEED PERIOD_MS DOWN\n";
        return 2;
    }
    muster::test::ScriptOfResults script;
    script.seed = std::strtoull(arguments[3], nullptr, 10);
    script.period = std::chrono::milliseconds(std::strtoull(arguments[4], nullptr, 10));
    script.down = std::strtoull(arguments[5], nullptr, 10);
    boost::asio::io_context loop(1);
    muster::test::ScriptedAgent agent(loop, arguments[1], script);
    return agent.run(arguments[2]);
}
