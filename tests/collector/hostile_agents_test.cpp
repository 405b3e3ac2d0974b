// Agents with a good certificate that do harm: each costs itself, and the others are served as if it were not there.
#include "base/bytes.hpp"
#include "base/compression.hpp"
#include "base/database.hpp"
#include "collector/figures/process_figures.hpp"
#include "collector/journal/segments.hpp"
#include "tests/collector/link_fixture.hpp"
#include "tests/collector/raw_client.hpp"
#include "wire/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

#include <iostream>
#include <memory>

namespace muster::collector::test {
namespace {

using asio::ip::tcp;
using ::testing::HasSubstr;

double ms(Duration time) {
    return static_cast<double>(time.count()) / 1e6;
}

class HostileAgents : public Listening {
  protected:
    HostileAgents() {
        stop();
        for (const char* name : {"b", "c", "d", "e", "f"}) {
            known_.push_back(agent_named(name));
        }
    }

    static wire::proto::Frame hello_of(SpoolId spool) {
        wire::proto::Frame frame;
        frame.mutable_hello()->set_protocol(1);
        frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
        frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
        auto& stream = *frame.mutable_hello()->add_streams();
        stream.set_spool_id(std::string(spool.raw()));
        stream.set_next_seq(1);
        return frame;
    }

    static wire::proto::Frame batch_of(
        SpoolId spool, std::uint64_t first, const std::vector<wire::Record>& records
    ) {
        wire::proto::Frame frame;
        frame.mutable_batch()->set_spool_id(std::string(spool.raw()));
        frame.mutable_batch()->set_first_seq(first);
        for (const wire::Record& record : records) {
            *frame.mutable_batch()->add_records() = wire::to_proto(record);
        }
        return frame;
    }

    Task<std::unique_ptr<wire::Connection>> connected(AgentId agent, SpoolId spool) {
        auto connection = co_await wire::connect_link(
            loop_, "127.0.0.1", adapter_->port(), "localhost", identity(agent), Deadline::in(10s)
        );
        EXPECT_TRUE(connection) << connection.error().text();
        if (!connection) {
            co_return nullptr;
        }
        (*connection)->allow_large_frames();
        EXPECT_TRUE((*connection)->send(hello_of(spool)));
        const auto welcome = co_await (*connection)->receive(Deadline::in(10s));
        EXPECT_TRUE(welcome && welcome->has_welcome());
        co_return std::move(*connection);
    }

    /// Ends when `seq` is confirmed, or with the connection.
    Task<bool> confirmed(wire::Connection* connection, std::uint64_t seq) {
        for (;;) {
            const auto frame = co_await connection->receive(Deadline::in(20s));
            if (!frame) {
                co_return false;
            }
            if (frame->has_ack() && frame->ack().committed_seq() >= seq) {
                co_return true;
            }
        }
    }

    /// An honest agent: a small batch now and then, and how long each took to be confirmed.
    Task<void> keep_time(AgentId agent, int batches, std::vector<Duration>& took) {
        const SpoolId spool = spool_named(agent.text());
        const auto connection = co_await connected(agent, spool);
        if (!connection) {
            co_return;
        }
        for (int i = 1; i <= batches; ++i) {
            co_await sleep_for(40ms);
            const MonoTime sent = clock_.mono();
            EXPECT_TRUE(
                connection->send(batch_of(spool, static_cast<std::uint64_t>(i), {some_record(10)}))
            );
            const bool is_there =
                co_await confirmed(connection.get(), static_cast<std::uint64_t>(i));
            EXPECT_TRUE(is_there);
            took.push_back(clock_.mono() - sent);
        }
    }

    /// Believes in no credit and sends as fast as the line takes it.
    Task<void> flood(const wire::Record* record, const bool* is_over, std::uint64_t* offered) {
        const auto connection = co_await connected(agent_, spool_);
        if (!connection) {
            co_return;
        }
        wire::proto::Frame beat;
        beat.mutable_heartbeat()->set_mono_ns(1);
        EXPECT_TRUE(connection->send(beat));
        for (std::uint64_t seq = 1; !*is_over; seq += 2) {
            const Status sent = connection->send(batch_of(spool_, seq, {*record, *record}));
            if (!sent) {
                break;
            }
            *offered += 2ULL * record->raw_size;
            const Status written = co_await connection->flush(Deadline::in(200ms));
            if (!written && written.error().kind() != ErrorKind::timeout) {
                break;
            }
        }
    }

    /// Batches `first` to `last` without waiting; `is_there` once all are confirmed.
    Task<void> send_one_by_one(std::uint64_t first, std::uint64_t last, bool* is_there) {
        const auto connection = co_await connected(agent_, spool_);
        if (!connection) {
            co_return;
        }
        for (std::uint64_t seq = first; seq <= last; ++seq) {
            EXPECT_TRUE(connection->send(batch_of(spool_, seq, {some_record(10)})));
        }
        *is_there = co_await confirmed(connection.get(), last);
    }

    /// These bytes over a connection with the agent's certificate, until the other side closes.
    Task<void> say(std::string bytes) {
        RawClient line(loop_, *wire::make_client_context(identity(agent_)));
        const bool is_there = co_await line.connect(adapter_->port());
        EXPECT_TRUE(is_there);
        co_await line.send(std::move(bytes));
        co_await line.rest();
    }

    std::size_t resident() { return read_process_figures(files_, "/proc/self").resident_bytes; }

    std::uint64_t committed(AgentId agent) const {
        auto journal = Journal::open({.directory = dir_ / "journal"});
        EXPECT_TRUE(journal);
        const auto cursors = journal->cursors();
        EXPECT_TRUE(cursors);
        for (const AgentCursor& cursor : *cursors) {
            if (cursor.agent == agent) {
                return cursor.committed_seq;
            }
        }
        return 0;
    }
};

/// T-39. It believes in no credit and sends as fast as the line takes it, a hundred times what one agent may.
TEST_F(HostileAgents, T39ThatFloodsIsReadNoFasterThanItMayAndTheOthersDoNotFeelIt) {
    constexpr std::uint64_t rate = 256U << 10U;
    intake_options_.agent_rate = rate;
    dense_count_ = 20'000;
    open();
    const wire::Record large = some_record(20'000);
    bool is_over = false;
    std::uint64_t offered = 0;
    int running = 0;
    const MonoTime began = clock_.mono();
    const auto start = [&](Task<void> task) {
        ++running;
        asio::co_spawn(loop_, std::move(task), [&running](std::exception_ptr thrown) {
            EXPECT_FALSE(thrown);
            --running;
        });
    };
    std::vector<Duration> took;
    asio::co_spawn(loop_, flood(&large, &is_over, &offered), asio::detached);
    for (std::size_t i = 1; i < known_.size(); ++i) {
        start(keep_time(known_[i], 20, took));
    }
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (running > 0 && std::chrono::steady_clock::now() < end) {
        loop_.restart();
        loop_.run_one_for(50ms);
    }
    ASSERT_EQ(running, 0);
    const Duration lasted = clock_.mono() - began;
    const auto said = adapter_->agents_said();
    ASSERT_EQ(said.size(), 1U) << "of the one that said something of itself";
    EXPECT_GT(said.front().held_back, 500ms) << "and it is told";
    is_over = true;
    stop();
    ASSERT_EQ(took.size(), 100U);
    std::ranges::sort(took);
    const Duration p99 = took[took.size() * 99 / 100];
    const std::uint64_t taken = committed(agent_) * (large.raw_size + 256);
    const auto fair = static_cast<std::uint64_t>(
        static_cast<double>(rate) * std::chrono::duration<double>(lasted + 3s).count()
    );
    std::cout << "a flood of " << offered / 1024 << " KiB in " << ms(lasted) / 1000 << " s, "
              << taken / 1024 << " KiB taken, " << fair / 1024
              << " KiB fair; the others were confirmed within " << ms(took[50]) << " ms (median), "
              << ms(p99) << " ms (p99)\n";
    EXPECT_LT(p99, 1s);
    EXPECT_LE(taken, fair + 4ULL * large.raw_size);
    EXPECT_GT(taken, rate) << "nor is it shut out";
}

/// T-39, with a collector that has no credit to give: who goes on all the same is read once a second.
TEST_F(HostileAgents, T39ThatSendsWithoutCreditIsMadeToWait) {
    open();
    adapter_->set_credit(0);
    const MonoTime began = clock_.mono();
    bool is_there = false;
    run(send_one_by_one(1, 4, &is_there));
    EXPECT_TRUE(is_there);
    EXPECT_GE(clock_.mono() - began, 3s);
}

/// T-40. What cannot be taken is set aside, as it came; what stands behind it and what others bring is stored.
TEST_F(HostileAgents, T40ThatBringPoisonHoldNobodyUp) {
    open();
    wire::Record poison = some_record(10, 7);  // decodes, of an epoch that was never issued
    const std::string raw = poison.payload;
    wire::Record bomb = some_record(10);
    bomb.payload = zstd_compress(std::string(64U << 20U, '\0'), 1);
    bomb.raw_size = 1U << 20U;
    const std::size_t before = resident();
    ASSERT_GT(before, 0U) << "or nothing is measured";
    Conversation seen;
    run(talk(
        agent_,
        {hello(),
         batch_of(spool_, 1, {some_record(10), poison, some_record(10)}),
         batch_of(spool_, 4, {bomb}),
         batch_of(spool_, 5, {some_record(10)})},
        wire::proto::Frame::kAck,
        seen
    ));
    bool is_there = false;
    std::vector<Duration> took;
    run(keep_time(known_[1], 2, took));
    EXPECT_EQ(took.size(), 2U);
    run(send_one_by_one(6, 6, &is_there));
    EXPECT_TRUE(is_there) << "the stream goes on behind it";
    EXPECT_EQ(adapter_->counts().quarantined, 2U);
    EXPECT_LT(resident(), before + (16U << 20U)) << "64 MiB were never unpacked";
    stop();
    EXPECT_EQ(committed(agent_), 6U);
    auto database =
        Database::open(dir_ / "journal/" + segment_name(1), {.mode = DatabaseMode::reader});
    ASSERT_TRUE(database) << database.error().text();
    auto rows = database->prepare("SELECT seq, why, payload FROM quarantine ORDER BY seq");
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->integer(0), 2);
    EXPECT_THAT(std::string(rows->text(1)), HasSubstr("epoch 7 was never issued"));
    EXPECT_EQ(rows->blob(2), raw);
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->integer(0), 4);
    EXPECT_FALSE(*rows->step());
}

/// T-36: the connection is closed and counted, the agent may come again, and nobody else notices.
TEST_F(HostileAgents, T36ThatSendNoFramesLoseTheirLinkAndItIsCounted) {
    open();
    std::string greeting;
    ASSERT_TRUE(wire::append_frame(hello(), greeting));
    std::string no_frame;
    put_u32(no_frame, 4);
    put_u32(no_frame, 4);
    no_frame += "\x9b\x01\xff\xff";
    std::string too_long;
    put_u32(too_long, 1U << 30U);
    put_u32(too_long, 1U << 30U);
    std::string bomb;
    put_u32(bomb, 100);
    put_u32(bomb, 1U << 30U);
    std::uint64_t violations = 0;
    for (const std::string& bad : {no_frame, too_long, bomb}) {
        run(say(greeting + bad));
        EXPECT_EQ(adapter_->counts().violations, ++violations);
        EXPECT_EQ(adapter_->sessions(), 0U);
    }
    Conversation answered;
    run(talk(agent_, {hello(), hello()}, wire::proto::Frame::kAck, answered));
    EXPECT_EQ(adapter_->counts().violations, ++violations) << "a frame, and not one for this place";
    std::vector<Duration> took;
    run(keep_time(agent_, 1, took));
    EXPECT_EQ(took.size(), 1U);
}

/// One that does not read what it is assigned, and that is much: the next agent has its own all the same, soon.
TEST_F(HostileAgents, ThatDoNotReadHoldNobodyUp) {
    open();
    auto spec = std::make_shared<ProbeSpec>();
    spec->type = "icmp";
    spec->encoded = encode_spec("icmp", 1s, 1s, {});
    auto much = std::make_shared<AssignmentList>();
    constexpr std::uint32_t probes = 60'000;
    for (std::uint32_t i = 0; i < probes; ++i) {
        std::string host;
        for (std::uint32_t part = 0; part < 7; ++part) {
            host += Uuid::named(std::to_string(i * 7 + part)).text();
        }
        much->add(i, ProbeId(Uuid::named(host)), spec, host);
    }
    IssuedAssignments issued;
    issued.agent = agent_;
    issued.epoch = 2;
    issued.dense_count = probes;
    issued.items = std::move(much);
    adapter_->issued(std::move(issued));
    RawClient line(loop_, *wire::make_client_context(identity(agent_)));
    bool is_connected = false;
    const auto begin = [](RawClient* raw, std::uint16_t port, bool* done, std::string bytes
                       ) -> Task<void> {
        *done = co_await raw->connect(port) && co_await raw->send(bytes);
    };
    std::string greeting;
    ASSERT_TRUE(wire::append_frame(hello(), greeting));
    run(begin(&line, adapter_->port(), &is_connected, greeting));
    ASSERT_TRUE(is_connected);
    const MonoTime began = clock_.mono();
    Conversation other;
    run(talk(known_[1], {hello_of(spool_named("b"))}, wire::proto::Frame::kAssignments, other));
    ASSERT_FALSE(other.received.empty());
    EXPECT_TRUE(other.received.back().has_assignments());
    EXPECT_LT(clock_.mono() - began, 4s);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (adapter_->sessions() > 1 && std::chrono::steady_clock::now() < end) {
        loop_.restart();
        loop_.run_one_for(10ms);
    }
    EXPECT_EQ(adapter_->sessions(), 1U) << "the slow one is still there";
}

/// T-31, on the agents' port: strangers who connect and say nothing, or a byte of a handshake now and then, more of them than there
/// are places. They have two seconds once others wait; an agent is served meanwhile. (One byte in 10 s is here one in 100 ms.)
TEST_F(HostileAgents, T31AreServedWhileStrangersHoldEveryPlace) {
    open();
    constexpr std::size_t strangers = 700;
    std::vector<tcp::socket> sockets;
    const tcp::endpoint door(asio::ip::address_v4::loopback(), adapter_->port());
    bool is_over = false;
    const auto drip = [](std::vector<tcp::socket>* all, bool* over) -> Task<void> {
        const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
        for (std::size_t at = 0; !*over; ++at) {
            for (tcp::socket& socket : *all) {
                boost::system::error_code gone;
                socket.send(asio::buffer(&hello[at % hello.size()], 1), 0, gone);
            }
            co_await sleep_for(100ms);
        }
    };
    for (std::size_t i = 0; i < strangers; ++i) {
        sockets.emplace_back(loop_);
        boost::system::error_code refused;
        sockets.back().connect(door, refused);
        ASSERT_FALSE(refused) << i << ": " << refused.message();
        sockets.back().non_blocking(true);
    }
    asio::co_spawn(loop_, drip(&sockets, &is_over), asio::detached);
    std::vector<Duration> took;
    const MonoTime began = clock_.mono();
    run(keep_time(agent_, 3, took));
    const Duration all = clock_.mono() - began;
    std::cout << "among " << strangers
              << " slow strangers an agent connected and was served within " << ms(all) << " ms\n";
    EXPECT_EQ(took.size(), 3U);
    EXPECT_LT(all, 8s);
    is_over = true;
    loop_.restart();
    loop_.run_for(150ms);
}

}  // namespace
}  // namespace muster::collector::test
