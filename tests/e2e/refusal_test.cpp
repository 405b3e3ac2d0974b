// Who may not speak is turned away with a reason in the log, before a word of his is read.
#include "base/clock.hpp"
#include "collector/journal/journal_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"
#include "wire/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

class Refusal : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(site_.start_collector()); }

    /// Connects to the agents' port as `identity`, says Hello and gives what came back.
    Result<wire::proto::Frame> hello(wire::TlsIdentity identity) {
        asio::io_context loop;
        std::optional<Result<wire::proto::Frame>> answer;
        asio::co_spawn(
            loop,
            greet(loop, site_.agents_port(), std::move(identity)),
            [&](std::exception_ptr, Result<wire::proto::Frame> result) {
                answer.emplace(std::move(result));
            }
        );
        loop.run();
        return std::move(*answer);
    }

    static Task<Result<wire::proto::Frame>> greet(
        asio::io_context& loop, std::uint16_t port, wire::TlsIdentity identity
    ) {
        auto connection = co_await wire::connect_link(
            loop, "127.0.0.1", port, "localhost", std::move(identity), Deadline::in(5s)
        );
        if (!connection) {
            co_return Failure(connection.error());
        }
        wire::proto::Frame frame;
        frame.mutable_hello()->set_protocol(1);
        frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
        frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
        if (const Status sent = (*connection)->send(frame); !sent) {
            co_return Failure(sent.error());
        }
        co_return co_await (*connection)->receive(Deadline::in(5s));
    }

    /// A certificate of `authority` for an agent nobody has enrolled.
    static wire::TlsIdentity intruder(
        const wire::KeyAndCertificate& authority, const std::string& ca_pem
    ) {
        const auto request = wire::make_request("agent");
        const auto certificate = wire::issue_agent(
            authority,
            request->request_pem,
            AgentId{Uuid::named("intruder")},
            SystemClock().wall(),
            std::chrono::hours(1)
        );
        EXPECT_TRUE(certificate);
        return {certificate->certificate_pem, request->key_pem, ca_pem};
    }

    /// Waits for a line of the collector's log about `event` that has `words`.
    bool logged(const std::string& event, const std::string& words) {
        return eventually(5s, [&] {
            std::istringstream log(site_.collector_log());
            for (std::string line; std::getline(log, line);) {
                if (line.find(event) != std::string::npos &&
                    line.find(words) != std::string::npos) {
                    return true;
                }
            }
            return false;
        });
    }

    /// The collector ends; then what its journal holds, by kind.
    std::map<collector::EntryKind, std::vector<collector::Entry>> journal() {
        EXPECT_EQ(site_.stop_collector(), 0);
        std::map<collector::EntryKind, std::vector<collector::Entry>> found;
        auto reader = collector::JournalReader::open(site_.data_dir() + "/journal");
        EXPECT_TRUE(reader);
        for (collector::Lsn next = 1; reader;) {
            auto entries = reader->read(next, 256, 1U << 20U);
            EXPECT_TRUE(entries);
            if (!entries || entries->empty()) {
                break;
            }
            for (collector::Entry& entry : *entries) {
                next = entry.lsn + 1;
                found[entry.kind].push_back(std::move(entry));
            }
        }
        EXPECT_EQ(found[collector::EntryKind::collector_started].size(), 1U) << "nothing was read";
        return found;
    }

    /// No session, no word of an agent: neither in the log nor in the journal.
    void expect_nothing_was_read() {
        auto entries = journal();
        EXPECT_TRUE(entries[collector::EntryKind::agent_connected].empty());
        EXPECT_TRUE(entries[collector::EntryKind::agent_disconnected].empty());
        EXPECT_TRUE(entries[collector::EntryKind::agent_alive].empty());
        EXPECT_TRUE(entries[collector::EntryKind::batch].empty());
        const std::string log = site_.collector_log();
        EXPECT_EQ(log.find("link.connected"), std::string::npos) << log;
        EXPECT_EQ(log.find("link.closed"), std::string::npos) << log;
    }

    /// What an agent with that data directory says when it enrols with the token.
    CommandResult enrol_with(const std::string& token, const std::string& data_dir) {
        write_text(site_.dir() / "token", token);
        write_text(
            site_.dir() / "a.yaml",
            "collector: localhost:" + std::to_string(site_.agents_port()) +
                "\ndata_dir: " + (site_.dir() / data_dir) + "\n"
        );
        return run_command(
            {program("muster-agent"),
             "--config",
             site_.dir() / "a.yaml",
             "enrol",
             "--collector",
             site_.url(),
             "--token-file",
             site_.dir() / "token"}
        );
    }

    Site site_;
};

TEST_F(Refusal, OfACertificateFromAnotherAuthority) {
    const auto other = wire::make_authority("somebody else", SystemClock().wall());
    ASSERT_TRUE(other);
    EXPECT_FALSE(hello(intruder(*other, site_.ca_pem())));
    EXPECT_TRUE(logged("link.refused", "another authority")) << site_.collector_log();
    expect_nothing_was_read();
}

TEST_F(Refusal, OfNoCertificate) {
    EXPECT_FALSE(hello({"", "", site_.ca_pem()}));
    EXPECT_TRUE(logged("link.refused", "no certificate")) << site_.collector_log();
    expect_nothing_was_read();
}

TEST_F(Refusal, OfAnAgentThatIsNotEnrolled) {
    const wire::KeyAndCertificate ours{
        read_text(site_.data_dir() + "/ca/ca.key"), read_text(site_.data_dir() + "/ca/ca.crt")
    };
    const auto answer = hello(intruder(ours, site_.ca_pem()));
    ASSERT_TRUE(answer) << answer.error().text();
    ASSERT_TRUE(answer->has_refusal()) << "a peer of this authority is told why";
    EXPECT_EQ(answer->refusal().reason(), "this agent is not enrolled here");
    EXPECT_TRUE(logged("link.refused", "not enrolled here")) << site_.collector_log();
    expect_nothing_was_read();
}

TEST_F(Refusal, OfAUsedJoinToken) {
    const std::string token = site_.join_token("once");
    EXPECT_EQ(enrol_with(token, "first").exit_code, 0);
    const CommandResult second = enrol_with(token, "second");
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_NE(second.output.find("already used"), std::string::npos) << second.output;
    EXPECT_TRUE(logged("enrol.refused", "already used")) << site_.collector_log();

    // One use, one certificate, one agent.
    EXPECT_FALSE(read_text(site_.dir() / "first/identity/agent.crt").empty());
    EXPECT_FALSE(std::filesystem::exists(site_.dir() / "second/identity"));
    const boost::json::value agents = site_.get("/agents").body;
    EXPECT_EQ(agents.at("items").as_array().size(), 1U) << agents;
    EXPECT_EQ(journal()[collector::EntryKind::agent_enrolled].size(), 1U);
}

TEST_F(Refusal, OfACollectorThatDoesNotMatchThePinOfTheToken) {
    std::string token = site_.join_token("pinned");
    token.back() = token.back() == '0' ? '1' : '0';
    const CommandResult refused = enrol_with(token, "pin");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(
        refused.output.find("does not present the authority that the token names"),
        std::string::npos
    ) << refused.output;
}

}  // namespace
}  // namespace muster::test
