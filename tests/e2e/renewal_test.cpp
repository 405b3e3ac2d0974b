// Certificates change while the daemons run: agents renew theirs over the link, the collector takes another one without a restart,
// and no result is lost on the way.
#include "agent/identity.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "wire/certificates.hpp"
#include "wire/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr int interval_ms = 200;

std::string certificate_of(const Site& site, const std::string& agent) {
    return read_text(site.agent_dir(agent) + "/identity/agent.crt");
}

Task<std::string> call_the_collector(
    asio::io_context* loop, std::uint16_t port, wire::TlsIdentity identity
) {
    auto connection = co_await wire::connect_link(
        *loop, "127.0.0.1", port, "localhost", std::move(identity), Deadline::in(5s)
    );
    if (!connection) {
        co_return connection.error().text();
    }
    const auto frame = co_await (*connection)->receive(Deadline::in(1s));
    if (frame) {
        co_return frame->refusal().reason();
    }
    co_return frame.error().kind() == ErrorKind::timeout ? "welcome" : frame.error().text();
}

/// What the collector says to a connection with this identity: the reason of its refusal, or "welcome" where it says nothing.
std::string reception(const Site& site, const wire::TlsIdentity& identity) {
    asio::io_context loop(1);
    std::string said;
    const auto heard = [&said](const std::exception_ptr& thrown, std::string answer) {
        EXPECT_FALSE(thrown);
        said = std::move(answer);
    };
    asio::co_spawn(loop, call_the_collector(&loop, site.agents_port(), identity), heard);
    loop.run();
    return said;
}

std::vector<std::int64_t> times_of(Site& site, const std::string& probe) {
    const ApiAnswer answer = site.get("/probes/" + site.probe_id(probe) + "/results?from=-10m");
    EXPECT_EQ(answer.status, 200);
    std::vector<std::int64_t> out;
    for (const auto& point : answer.body.at("points").as_array()) {
        const auto at = parse_rfc3339(std::string(point.at("at").as_string()));
        out.push_back(to_ms(at->time_since_epoch()));
    }
    return out;
}

const std::string targets =
    "enrolment: {certificate_valid: 20s}\ntargets:\n  - {name: web, class: server, address: "
    "127.0.0.1, probes: [{type: icmp, count: 1, interval: 200ms, timeout: 150ms}]}\n";

TEST(Renewal, AnAgentGetsItsNextCertificateOverTheLinkAndLosesNothing) {
    Site site;
    site.configure(targets);
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.start_agent("edge"));
    RealFiles files;
    const auto old = agent::load_identity(files, site.agent_dir("edge"));
    ASSERT_TRUE(old) << old.error().text();
    ASSERT_TRUE(eventually(10s, [&] { return site.probe_states()["web icmp"] == "ok"; }));
    // Twice over: the second renewal is that of a certificate that was itself renewed.
    std::string seen = old->tls.certificate_chain_pem;
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(eventually(30s, [&] { return certificate_of(site, "edge") != seen; }))
            << site.agent_log("edge") << site.collector_log();
        ASSERT_TRUE(eventually(5s, [&] {
            const auto now = agent::load_identity(files, site.agent_dir("edge"));
            return now && !now->next;
        }));
        seen = certificate_of(site, "edge");
    }
    const auto now = agent::load_identity(files, site.agent_dir("edge"));
    ASSERT_TRUE(now);
    EXPECT_NE(now->tls.private_key_pem, old->tls.private_key_pem) << "a new key each time";
    EXPECT_EQ(now->agent, old->agent);
    EXPECT_THAT(site.agent_log("edge"), HasSubstr("certificate.renewed"));
    EXPECT_THAT(site.collector_log(), HasSubstr("certificate.replaced"));
    EXPECT_THAT(site.agent_log("edge"), Not(HasSubstr("link.failed")));
    EXPECT_EQ(site.probe_states()["web icmp"], "ok");
    const std::vector<std::int64_t> times = times_of(site, "web icmp");
    ASSERT_GT(times.size(), 50u);
    std::int64_t longest = 0;
    for (std::size_t at = 1; at < times.size(); ++at) {
        longest = std::max(longest, times[at] - times[at - 1]);
    }
    EXPECT_LT(longest, 6 * interval_ms) << "a gap in the results";
    EXPECT_TRUE(site.incidents().empty());
    // The same agent with the certificate it has now: still welcome after a restart of the collector.
    EXPECT_EQ(site.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_TRUE(eventually(20s, [&] { return times_of(site, "web icmp").size() > times.size(); }));
    EXPECT_EQ(site.stop_agent("edge"), 0);
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(Renewal, TheCertificateBeforeIsRefusedOnceTheNextWasUsed) {
    Site site;
    site.configure("enrolment: {certificate_valid: 60s}\n");
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.enrol_agent("edge"));
    RealFiles files;
    const auto identity = agent::load_identity(files, site.agent_dir("edge"));
    ASSERT_TRUE(identity) << identity.error().text();
    EXPECT_EQ(reception(site, identity->tls), "welcome");
    site.resume_agent("edge");
    const std::string before = certificate_of(site, "edge");
    ASSERT_TRUE(eventually(55s, [&] { return certificate_of(site, "edge") != before; }))
        << site.agent_log("edge");
    EXPECT_THAT(reception(site, identity->tls), HasSubstr("replaced by a newer one"));
    EXPECT_EQ(site.stop_agent("edge"), 0);
    EXPECT_EQ(site.stop_collector(), 0);
}

TEST(Renewal, TheCollectorTakesAnotherCertificateWithoutARestart) {
    Site site;
    site.configure("");
    ASSERT_NO_FATAL_FAILURE(site.start_collector());
    ASSERT_NO_FATAL_FAILURE(site.start_agent("edge"));
    ASSERT_TRUE(eventually(20s, [&] {
        return site.agent_log("edge").find("link.connected") != std::string::npos;
    }));
    const std::string ca = site.data_dir() + "/ca/";
    const wire::KeyAndCertificate authority{read_text(ca + "ca.key"), read_text(ca + "ca.crt")};
    const auto names = wire::read_certificate(read_text(ca + "server.crt"))->names;
    const auto other =
        wire::issue_server(authority, names, SystemClock().wall(), 24h * 100).value();
    write_text(ca + "server.crt", "broken\n");
    site.collector().signal(SIGHUP);
    ASSERT_TRUE(eventually(10s, [&] {
        return site.collector_log().find("certificate.rejected") != std::string::npos;
    }));
    EXPECT_EQ(site.get("/agents").status, 200) << "the one before stays";
    write_text(ca + "server.key", other.key_pem);
    write_text(ca + "server.crt", other.certificate_pem);
    site.collector().signal(SIGHUP);
    ASSERT_TRUE(eventually(10s, [&] {
        return site.collector_log().find("certificate.in_use") != std::string::npos;
    })) << site.collector_log();
    EXPECT_EQ(site.get("/agents").status, 200);
    const std::string log = site.agent_log("edge");
    EXPECT_EQ(log.find("link.closed"), std::string::npos) << "connections stay";
    // A new one meets the new certificate, of the authority it knows.
    EXPECT_EQ(site.stop_agent("edge"), 0);
    site.resume_agent("edge");
    EXPECT_TRUE(eventually(20s, [&] {
        const std::string later = site.agent_log("edge");
        return later.find("link.connected", log.size()) != std::string::npos;
    })) << site.agent_log("edge");
    EXPECT_EQ(site.stop_agent("edge"), 0);
    EXPECT_EQ(site.stop_collector(), 0);
}

}  // namespace
}  // namespace muster::test
