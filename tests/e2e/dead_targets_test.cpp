// Half of what an agent watches leads nowhere, and the other half does not notice (T-29).
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/packet_faults.hpp"
#include "tests/support/site.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr int targets = 1000;
constexpr auto interval = 2s;

class DeadTargets : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        listen_everywhere();
        std::string watch = "targets:\n";
        for (int at = 0; at < targets; ++at) {
            // Every other one is in the network that swallows everything; of each kind half are probed by ping, half by TCP.
            const std::string probe =
                at % 4 < 2 ? "type: icmp, count: 1" : "type: tcp, port: " + std::to_string(port_);
            watch += "  - {name: t" + std::to_string(at) + ", address: 127." +
                     (at % 2 == 0 ? "1." : "2.") + std::to_string(at / 250) + "." +
                     std::to_string(at % 250 + 1) + ", breach: {failures: 100}, probes: [{" +
                     probe + ", interval: 2s, timeout: 1s}]}\n";
        }
        site_.configure(watch);
        ASSERT_EQ(lose_packets_to("127.2.0.0/16"), "");
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    }

    void TearDown() override { ::close(listener_); }

    /// The kernel accepts for us.
    void listen_everywhere() {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ASSERT_EQ(::bind(listener_, generic, size), 0);
        ASSERT_EQ(::listen(listener_, 1 << 15), 0);
        ASSERT_EQ(::getsockname(listener_, generic, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    struct Taken {
        std::vector<WallTime> at;
        bool is_ok = true;
    };

    /// Of the stopped collector: by dense number of the probe.
    std::map<std::uint32_t, Taken> taken() {
        std::map<std::uint32_t, Taken> all;
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        EXPECT_TRUE(reader);
        for (collector::Lsn next = 1; reader;) {
            const auto entries = reader->read(next, 256, 1U << 20U);
            if (!entries || entries->empty()) {
                EXPECT_TRUE(entries);
                break;
            }
            for (const collector::Entry& entry : *entries) {
                next = entry.lsn + 1;
                if (!entry.batches) {
                    continue;
                }
                for (const collector::DecodedBatch& batch : *entry.batches) {
                    for (std::size_t i = 0; i < batch.results.size(); ++i) {
                        Taken& probe = all[batch.results.probe[i]];
                        probe.at.push_back(
                            batch.wall + std::chrono::milliseconds(batch.results.time_ms[i])
                        );
                        probe.is_ok = probe.is_ok && wire::ResultState{batch.results.state[i]} ==
                                                         wire::ResultState::ok;
                    }
                }
            }
        }
        return all;
    }

    Site site_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
};

TEST_F(DeadTargets, T29_HalfOfAThousandDelayNoneOfTheOthers) {
    ASSERT_TRUE(eventually(30s, [&] {
        return site_.agent_log().find("assignment") != std::string::npos;
    })) << site_.agent_log();
    EXPECT_TRUE(throughout(6 * interval, [&] { return site_.agent().running(); }));
    EXPECT_EQ(site_.stop_agent(), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
    std::size_t alive = 0;
    std::size_t dead = 0;
    std::vector<Duration> late;
    for (auto& [probe, taken] : taken()) {
        std::ranges::sort(taken.at);
        (taken.is_ok ? alive : dead) += 1;
        for (std::size_t i = 1; taken.is_ok && i < taken.at.size(); ++i) {
            late.push_back(taken.at[i] - taken.at[i - 1] - interval);
        }
    }
    EXPECT_GE(alive, targets / 2U) << "the host of the agent may be one more";
    EXPECT_EQ(dead, targets / 2U);
    ASSERT_GT(late.size(), 3U * targets / 2);
    std::ranges::sort(late);
    const Duration p99 = late[late.size() * 99 / 100];
    std::cout << late.size() << " runs, start lag p99 " << to_ms(p99) << " ms\n";
    EXPECT_LT(p99, 1s);
    EXPECT_LT(late.back(), interval) << "none was left out";
}

}  // namespace
}  // namespace muster::test
