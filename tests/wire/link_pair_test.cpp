#include "wire/link_client.hpp"
#include "wire/link_server.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

namespace muster::wire {
namespace {

using namespace std::chrono_literals;

constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);

/// Both halves of the link on virtual time, with a network that loses connections and a journal that commits late.
class Pair {
  public:
    explicit Pair(std::uint64_t seed) : random_(seed) {
        options_.batch_bytes = 60;
        options_.batches_in_flight = 3;
        client_.emplace(
            options_, facts(), std::vector{SpoolPosition{.spool = spool_}}, random_, now_
        );
    }

    void run(std::uint64_t records) {
        for (int step = 0; step < 200'000 && committed_ < records; ++step) {
            take_step(records);
        }
    }

    std::uint64_t committed() const { return committed_; }

    /// Payload of each record in the order of their commits.
    const std::vector<std::string>& journal() const { return journal_; }

    std::uint64_t acked() const { return acked_; }

    int connections() const { return connections_; }

  private:
    struct Staged {
        std::uint64_t first;
        std::vector<Record> records;
    };

    static AgentFacts facts() { return {std::string(16, 'n'), std::string(16, 'b'), "", "", ""}; }

    static Record record_of(std::uint64_t seq) {
        Record record;
        record.payload = std::to_string(seq);
        record.raw_size = static_cast<std::uint32_t>(record.payload.size());
        return record;
    }

    void take_step(std::uint64_t records) {
        switch (random_.below(8)) {
            case 0:
                if (synced_ < records) {
                    synced_ += 1 + random_.below(5);
                    perform(client_->on_spools(
                        now_,
                        {{.spool = spool_,
                          .first_unacked = acked_ + 1,
                          .synced = synced_,
                          .next_seq = synced_ + 1}}
                    ));
                }
                break;
            case 1:
                commit();
                break;
            case 2:
                if (random_.below(40) == 0) {
                    lose_connection();
                }
                break;
            case 3:
                now_ += std::chrono::milliseconds(random_.below(3000));
                perform(client_->on_time(now_, wall));
                break;
            case 4:
                answer_fetch();
                break;
            default:
                deliver();
                break;
        }
    }

    void deliver() {
        if (!to_server_.empty() && server_) {
            proto::Frame frame = std::move(to_server_.front());
            to_server_.pop_front();
            perform(server_->on_frame(now_, wall, std::move(frame)));
        }
        if (!to_client_.empty()) {
            proto::Frame frame = std::move(to_client_.front());
            to_client_.pop_front();
            perform(client_->on_frame(now_, wall, std::move(frame)));
        }
    }

    void answer_fetch() {
        if (fetches_.empty()) {
            return;
        }
        const link_action::Fetch fetch = fetches_.front();
        fetches_.pop_front();
        std::vector<SequencedRecord> found;
        std::size_t bytes = 0;
        for (std::uint64_t seq = fetch.from_seq; seq <= synced_ && bytes < fetch.bytes; ++seq) {
            found.push_back({seq, record_of(seq)});
            bytes += found.back().record.payload.size();
        }
        perform(client_->on_records(now_, fetch.spool, std::move(found)));
    }

    /// As the journal does: only what follows the last committed.
    void commit() {
        if (staged_.empty()) {
            return;
        }
        for (Staged& staged : staged_) {
            if (staged.first == committed_ + 1) {
                for (const Record& record : staged.records) {
                    journal_.push_back(record.payload);
                }
                committed_ += staged.records.size();
            }
        }
        staged_.clear();
        if (server_) {
            perform(server_->committed({spool_, committed_}));
        }
    }

    void lose_connection() {
        server_.reset();
        to_server_.clear();
        to_client_.clear();
        perform(client_->on_closed(now_));
    }

    void perform(LinkClient::Actions actions) {
        for (LinkAction& action : actions) {
            if (std::holds_alternative<link_action::Connect>(action)) {
                ++connections_;
                server_.emplace(LinkServerOptions{}, now_);
                perform(client_->on_connected(now_, wall));
            } else if (auto* send = std::get_if<link_action::Send>(&action)) {
                to_server_.push_back(std::move(send->frame));
            } else if (auto* fetch = std::get_if<link_action::Fetch>(&action)) {
                fetches_.push_back(*fetch);
            } else if (auto* acked = std::get_if<link_action::Acked>(&action)) {
                ASSERT_GT(acked->seq, acked_);
                ASSERT_LE(acked->seq, committed_) << "acknowledged before it was durable";
                acked_ = acked->seq;
            } else if (auto* close = std::get_if<link_action::Close>(&action)) {
                // Silence is the only reason there can be: the server is never left without time to answer.
                ASSERT_TRUE(
                    close->why.find("heard") != std::string::npos ||
                    close->why.find("answer") != std::string::npos
                ) << close->why;
                lose_connection();
            }
        }
    }

    void perform(LinkServer::Actions actions) {
        for (ServerAction& action : actions) {
            if (auto* send = std::get_if<server_action::Send>(&action)) {
                to_client_.push_back(std::move(send->frame));
            } else if (std::holds_alternative<server_action::Greeted>(action)) {
                perform(server_->welcome(wall, {{spool_, committed_}}, 0));
            } else if (auto* append = std::get_if<server_action::Append>(&action)) {
                staged_.push_back({append->first_seq, std::move(append->records)});
            } else if (auto* close = std::get_if<server_action::Close>(&action)) {
                FAIL() << close->why;
            }
        }
    }

    SpoolId spool_{Uuid::named("spool")};
    SeededRandom random_;
    LinkClientOptions options_;
    MonoTime now_ = mono_from_ns(1'000'000'000'000);
    std::optional<LinkClient> client_;
    std::optional<LinkServer> server_;
    std::deque<proto::Frame> to_server_;
    std::deque<proto::Frame> to_client_;
    std::deque<link_action::Fetch> fetches_;
    std::vector<Staged> staged_;  // outlives the connection that brought it
    std::vector<std::string> journal_;
    std::uint64_t synced_ = 0;
    std::uint64_t committed_ = 0;
    std::uint64_t acked_ = 0;
    int connections_ = 0;
};

TEST(Link, DeliversEverythingOnceAndInOrderOverAConnectionThatBreaks) {
    constexpr std::uint64_t wanted = 400;
    int connections = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        Pair pair(seed);
        pair.run(wanted);
        ASSERT_GE(pair.committed(), wanted);
        ASSERT_EQ(pair.journal().size(), pair.committed());
        for (std::size_t i = 0; i < pair.journal().size(); ++i) {
            ASSERT_EQ(pair.journal()[i], std::to_string(i + 1));
        }
        connections += pair.connections();
    }
    EXPECT_GT(connections, 100) << "connections did break";
}

}  // namespace
}  // namespace muster::wire
