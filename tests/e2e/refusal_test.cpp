// Who may not speak is turned away with a reason in the log, before a word of his is read.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"
#include "wire/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

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

    bool logged(const std::string& event, const std::string& words) {
        return eventually(5s, [&] {
            const std::string log = site_.collector_log();
            for (std::size_t at = log.find(event); at != std::string::npos;
                 at = log.find(event, at + 1)) {
                if (log.substr(at, log.find('\n', at) - at).find(words) != std::string::npos) {
                    return true;
                }
            }
            return false;
        });
    }

    Site site_;
};

TEST_F(Refusal, OfACertificateFromAnotherAuthority) {
    const auto other = wire::make_authority("somebody else", SystemClock().wall());
    ASSERT_TRUE(other);
    const auto request = wire::make_request("agent");
    const auto certificate = wire::issue_agent(
        *other,
        request->request_pem,
        AgentId{Uuid::named("intruder")},
        SystemClock().wall(),
        std::chrono::hours(1)
    );
    ASSERT_TRUE(certificate);
    EXPECT_FALSE(hello({certificate->certificate_pem, request->key_pem, site_.ca_pem()}));
    EXPECT_TRUE(logged("link.refused", "another authority")) << site_.collector_log();
}

TEST_F(Refusal, OfNoCertificate) {
    EXPECT_FALSE(hello({"", "", site_.ca_pem()}));
    EXPECT_TRUE(logged("link.refused", "no certificate")) << site_.collector_log();
}

TEST_F(Refusal, OfAUsedJoinToken) {
    const std::string token = site_.join_token("once");
    write_text(site_.dir() / "token", token);
    const auto enrol = [&](const std::string& data_dir) {
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
    };
    EXPECT_EQ(enrol("first").exit_code, 0);
    const CommandResult second = enrol("second");
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_NE(second.output.find("already used"), std::string::npos) << second.output;
    EXPECT_TRUE(logged("enrol.refused", "already used")) << site_.collector_log();
}

TEST_F(Refusal, OfACollectorThatDoesNotMatchThePinOfTheToken) {
    std::string token = site_.join_token("pinned");
    token.back() = token.back() == '0' ? '1' : '0';
    write_text(site_.dir() / "token", token);
    write_text(
        site_.dir() / "a.yaml",
        "collector: localhost:" + std::to_string(site_.agents_port()) +
            "\ndata_dir: " + (site_.dir() / "pin") + "\n"
    );
    const CommandResult refused = run_command(
        {program("muster-agent"),
         "--config",
         site_.dir() / "a.yaml",
         "enrol",
         "--collector",
         site_.url(),
         "--token-file",
         site_.dir() / "token"}
    );
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(
        refused.output.find("does not present the authority that the token names"),
        std::string::npos
    ) << refused.output;
}

}  // namespace
}  // namespace muster::test
