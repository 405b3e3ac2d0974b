// T-41 and T-43 at the real collector: clients that the agents' port must not let in, and agents that were let in once.
#include "tests/support/bad_peers.hpp"

#include "agent/identity.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class BadPeers : public ::testing::Test {
  protected:
    static std::string hello() {
        wire::proto::Frame frame;
        frame.mutable_hello()->set_protocol(1);
        frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
        frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
        wire::proto::StreamState& stream = *frame.mutable_hello()->add_streams();
        stream.set_spool_id(std::string(16, 's'));
        stream.set_first_unacked(1);
        stream.set_next_seq(1);
        std::string bytes;
        EXPECT_TRUE(wire::append_frame(frame, bytes));
        return bytes;
    }

    agent::Identity identity_of(const std::string& name) const {
        RealFiles files;
        return agent::load_identity(files, site_.agent_dir(name)).value();
    }

    std::string heard_by(const Peer& peer) const {
        return knock(site_.agents_port(), peer, hello()).heard;
    }

    std::string heard_by(const std::string& name) const {
        const agent::Identity identity = identity_of(name);
        return heard_by(
            Peer{name, identity.tls.certificate_chain_pem, identity.tls.private_key_pem, 0, nullptr}
        );
    }

    wire::KeyAndCertificate authority() const {
        return {
            read_text(site_.data_dir() + "/ca/ca.key"), read_text(site_.data_dir() + "/ca/ca.crt")
        };
    }

    Site site_;
};

TEST_F(BadPeers, T41AreAllRefusedByTheCollector) {
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("good"));
    ASSERT_NO_FATAL_FAILURE(site_.enrol_agent("doomed"));
    ASSERT_EQ(site_.muster({"agent", "revoke", "doomed"}).exit_code, 0);
    const AgentId good = identity_of("good").agent;
    for (const Peer& peer : bad_peers(authority(), good, SystemClock().wall())) {
        EXPECT_EQ(heard_by(peer), "") << peer.name;
    }
    // Certificates of this authority: these are told why, and no more.
    EXPECT_THAT(heard_by("doomed"), HasSubstr("this agent has been revoked"));
    const Peer copied = good_peer(authority(), good, SystemClock().wall());
    EXPECT_THAT(heard_by(copied), HasSubstr("replaced by a newer one")) << "not its current serial";
    const Peer unknown =
        good_peer(authority(), AgentId{Uuid::named("unknown")}, SystemClock().wall());
    EXPECT_THAT(heard_by(unknown), HasSubstr("not enrolled here"));
    EXPECT_THAT(site_.collector_log(), Not(HasSubstr("link.connected")));
    EXPECT_NE(heard_by("good"), "") << "who may come in is welcomed";
    EXPECT_TRUE(eventually(5s, [&] {
        return site_.collector_log().find("link.connected") != std::string::npos;
    }));
    EXPECT_EQ(site_.stop_collector(), 0);
}

// T-43: within 30 s (here: at once) the connection ends, the certificate is good for nothing, and what the agent goes on measuring is
// not stored.
TEST_F(BadPeers, T43ARevokedAgentIsCutOffAtOnceAndNothingOfItIsStored) {
    site_.configure(
        "targets:\n  - {name: web, class: server, address: 127.0.0.1, probes: [{type: "
        "icmp, count: 1, interval: 200ms, timeout: 150ms}]}\n"
    );
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.start_agent("doomed"));
    ASSERT_TRUE(eventually(20s, [&] { return site_.probe_states()["web icmp"] == "ok"; }));
    const MonoTime before = SystemClock().mono();
    ASSERT_EQ(site_.muster({"agent", "revoke", "doomed"}).exit_code, 0);
    ASSERT_TRUE(eventually(30s, [&] {
        return site_.agent_log("doomed").find("this agent has been revoked") != std::string::npos;
    })) << site_.agent_log("doomed");
    EXPECT_LT(SystemClock().mono() - before, 30s);
    // It comes back, with the same certificate, and is turned away.
    ASSERT_TRUE(eventually(10s, [&] {
        const std::string log = site_.collector_log();
        return log.find("link.refused") != std::string::npos;
    }));
    EXPECT_THAT(heard_by("doomed"), HasSubstr("this agent has been revoked"));
    const std::string said = site_.agent_log("doomed");
    EXPECT_THAT(said, HasSubstr("a join token of another name"));
    EXPECT_EQ(said.find("agent.revoked"), said.rfind("agent.revoked")) << "said once";
    EXPECT_EQ(site_.stop_agent("doomed"), 0);
    EXPECT_EQ(site_.stop_collector(), 0);
    auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
    ASSERT_TRUE(reader);
    std::size_t batches_before = 0;
    std::size_t batches_after = 0;
    bool is_revoked = false;
    bool is_gone = false;
    for (collector::Lsn next = 1;;) {
        auto entries = reader->read(next, 256, 1U << 20U);
        ASSERT_TRUE(entries);
        if (entries->empty()) {
            break;
        }
        for (const collector::Entry& entry : *entries) {
            next = entry.lsn + 1;
            is_revoked = is_revoked || entry.kind == collector::EntryKind::agent_revoked;
            // Its link ends first, or with that: either entry may be the first.
            is_gone = is_gone || entry.kind == collector::EntryKind::agent_disconnected;
            if (entry.kind == collector::EntryKind::batch) {
                ++(is_gone ? batches_after : batches_before);
            }
        }
    }
    EXPECT_TRUE(is_revoked && is_gone);
    EXPECT_GT(batches_before, 0U);
    EXPECT_EQ(batches_after, 0U);
}

}  // namespace
}  // namespace muster::test
