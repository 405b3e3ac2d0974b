#include "agent/credentials.hpp"

#include "base/memory_files.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto day = 24h;
constexpr const char* folder = "/data/identity";

/// A disk that takes so many changes of names (renaming, removing) and then none: what a crash there leaves.
class StoppingFiles final : public Files {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        return memory.open(path, mode);
    }

    Status create_directories(const std::string& path) override {
        return memory.create_directories(path);
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        return memory.list(path);
    }

    Status rename(const std::string& from, const std::string& to) override {
        return spent() ? stopped() : memory.rename(from, to);
    }

    Status remove(const std::string& path) override {
        return spent() ? stopped() : memory.remove(path);
    }

    Status remove_directory(const std::string& path) override {
        return memory.remove_directory(path);
    }

    bool exists(const std::string& path) override { return memory.exists(path); }

    Status sync_directory(const std::string& path) override { return memory.sync_directory(path); }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        return memory.free_bytes(path);
    }

    MemoryFiles memory;
    int changes_left = 1'000'000;

  private:
    bool spent() { return changes_left-- <= 0; }

    static Status stopped() { return failure(ErrorKind::io, "stopped here"); }
};

class CredentialsTest : public ::testing::Test {
  protected:
    CredentialsTest() {
        const auto request = wire::make_request("agent").value();
        Identity identity;
        identity.agent = agent;
        identity.name = "edge-1";
        identity.tls = {
            .certificate_chain_pem = issue(request.request_pem, now, 30 * day),
            .private_key_pem = request.key_pem,
            .ca_pem = authority.certificate_pem
        };
        EXPECT_TRUE(save_identity(files, "/data", identity));
        first = identity.tls.certificate_chain_pem;
        first_key = identity.tls.private_key_pem;
    }

    std::string issue(
        const std::string& request_pem, WallTime at, Duration valid, AgentId whose = AgentId{}
    ) {
        const AgentId named = whose.is_nil() ? agent : whose;
        return wire::issue_agent(authority, request_pem, named, at, valid).value().certificate_pem;
    }

    Credentials load() {
        const auto identity = load_identity(files, "/data");
        EXPECT_TRUE(identity) << identity.error().text();
        return {files, "/data", *identity, random};
    }

    /// With another certificate stored beside the present one, and in use.
    Credentials renewing() {
        Credentials credentials = load();
        const auto request = credentials.request_due(now + 21 * day);
        EXPECT_TRUE(request.has_value());
        second = issue(*request, now + 21 * day, 30 * day);
        EXPECT_TRUE(credentials.issued(second, now + 21 * day));
        return credentials;
    }

    std::string stored(const std::string& name) {
        return read_file(files, std::string(folder) + "/" + name, 1 << 20).value_or("");
    }

    static bool is_whole(const wire::TlsIdentity& tls) {
        return wire::check_issued({tls.private_key_pem, tls.certificate_chain_pem}, tls.ca_pem)
            .has_value();
    }

    WallTime now = wall_from_ns(1'800'000'000'000'000'000);
    AgentId agent{Uuid::named("agent")};
    wire::KeyAndCertificate authority = wire::make_authority("Muster", now).value();
    SeededRandom random{7};
    StoppingFiles files;
    std::string first;
    std::string first_key;
    std::string second;
};

TEST_F(CredentialsTest, AskForTheNextCertificateWithAThirdOfTheirLifeLeft) {
    Credentials credentials = load();
    EXPECT_EQ(credentials.not_after(), now + 30 * day);
    EXPECT_LE(credentials.due(), now + 20 * day);
    EXPECT_GE(credentials.due(), now + 19 * day) << "up to a tenth of the third earlier";
    EXPECT_FALSE(credentials.request_due(credentials.due() - 1s).has_value());
    const auto request = credentials.request_due(credentials.due());
    ASSERT_TRUE(request.has_value());
    EXPECT_THAT(*request, testing::StartsWith("-----BEGIN CERTIFICATE REQUEST-----"));
    EXPECT_EQ(request->find("PRIVATE"), std::string::npos) << "the key stays here";
}

TEST_F(CredentialsTest, AskAgainAfterAWhileWithoutAnAnswer) {
    Credentials credentials = load();
    const WallTime due = credentials.due();
    EXPECT_TRUE(credentials.request_due(due).has_value());
    EXPECT_FALSE(credentials.request_due(due + 59min).has_value());
    EXPECT_TRUE(credentials.request_due(due + 1h).has_value());
}

TEST_F(CredentialsTest, ACalendarThatRanAheadDoesNotKeepTheAgentFromAsking) {
    Credentials credentials = load();
    const WallTime due = credentials.due();
    const WallTime far_ahead = due + 80 * 365 * day;
    ASSERT_TRUE(credentials.request_due(far_ahead).has_value());
    EXPECT_TRUE(credentials.request_due(due).has_value());
    EXPECT_FALSE(credentials.request_due(due + 1min).has_value());
}

TEST_F(CredentialsTest, KeepTheNextBesideThePresentUntilItIsAccepted) {
    Credentials credentials = renewing();
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, second);
    EXPECT_TRUE(is_whole(credentials.in_use()));
    EXPECT_EQ(stored("agent.crt"), first);
    EXPECT_EQ(stored("next.crt"), second);
    EXPECT_FALSE(credentials.request_due(now + 25 * day).has_value()) << "one at a time";
    credentials.accepted();
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, second);
    EXPECT_EQ(stored("agent.crt"), second);
    EXPECT_FALSE(files.exists(std::string(folder) + "/next.crt"));
    EXPECT_FALSE(files.exists(std::string(folder) + "/next.key"));
    EXPECT_TRUE(is_whole(load().in_use()));
    EXPECT_GT(credentials.due(), now + 40 * day) << "the next renewal is that of the new one";
}

TEST_F(CredentialsTest, UseTheNextAfterARestartBeforeItWasAccepted) {
    static_cast<void>(renewing());
    EXPECT_EQ(load().in_use().certificate_chain_pem, second);
}

TEST_F(CredentialsTest, TakeTurnsWhileTheCollectorRefuses) {
    Credentials credentials = renewing();
    credentials.refused();
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, first);
    credentials.refused();
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, second);
    credentials.refused();
    credentials.accepted();
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, first)
        << "a collector restored from before knows only this one";
    EXPECT_FALSE(files.exists(std::string(folder) + "/next.crt"));
    EXPECT_TRUE(credentials.request_due(now + 22 * day).has_value()) << "and makes another";
}

TEST_F(CredentialsTest, RefuseACertificateThatIsNotForThem) {
    const wire::KeyAndCertificate other = wire::make_authority("Other", now).value();
    const std::string someone = wire::make_request("x")->request_pem;
    const auto answers = [&](const std::string& request) {
        return std::vector<std::string>{
            "not a certificate",
            issue(request, now + 21 * day, 30 * day, AgentId(Uuid::named("another agent"))),
            issue(someone, now + 21 * day, 30 * day),
            issue(request, now, 20 * day),
            wire::issue_agent(other, request, agent, now + 21 * day, 30 * day)
                .value()
                .certificate_pem,
        };
    };
    for (std::size_t i = 0; i < 5; ++i) {
        Credentials credentials = load();
        const auto request = credentials.request_due(now + 21 * day);
        const auto taken = credentials.issued(answers(*request)[i], now + 21 * day);
        ASSERT_FALSE(taken) << i;
        EXPECT_EQ(taken.error().kind(), ErrorKind::corrupt) << i;
        EXPECT_EQ(credentials.in_use().certificate_chain_pem, first) << i;
        EXPECT_FALSE(files.exists(std::string(folder) + "/next.crt")) << i;
    }
}

TEST_F(CredentialsTest, IgnoreAnAnswerNobodyAskedFor) {
    Credentials credentials = load();
    const auto request = wire::make_request("agent").value();
    EXPECT_TRUE(credentials.issued(issue(request.request_pem, now, 30 * day), now));
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, first);
}

TEST_F(CredentialsTest, AskToRecoverOnceTheyHaveEnded) {
    Credentials credentials = load();
    EXPECT_FALSE(credentials.recovery_due(now + 30 * day - 1s).has_value());
    const WallTime late = now + 40 * day;
    const auto request = credentials.recovery_due(late);
    ASSERT_TRUE(request.has_value());
    EXPECT_FALSE(credentials.recovery_due(late + 59min).has_value()) << "an answer may come yet";
    second = issue(*request, late, 30 * day);
    ASSERT_TRUE(credentials.recovered(second, late));
    EXPECT_EQ(credentials.in_use().certificate_chain_pem, second);
    EXPECT_EQ(stored("agent.crt"), first) << "until the collector has accepted the other";
    EXPECT_TRUE(is_whole(load().in_use()));
    EXPECT_FALSE(credentials.recovery_due(late + 2h).has_value());
    EXPECT_TRUE(load().recovery_due(late + 31 * day).has_value()) << "that one ends, too";
}

TEST_F(CredentialsTest, RecoverByWhicheverOfTwoTheCollectorTakes) {
    for (const bool is_second : {true, false}) {
        ASSERT_TRUE(forget_next(files, "/data"));
        Credentials credentials = renewing();
        if (!is_second) {
            credentials.refused();
        }
        const std::string& shown = is_second ? second : first;
        const WallTime late = now + 60 * day;
        const auto request = credentials.recovery_due(late);
        ASSERT_TRUE(request.has_value());
        EXPECT_EQ(credentials.in_use().certificate_chain_pem, shown);
        const std::string third = issue(*request, late, 30 * day);
        ASSERT_TRUE(credentials.recovered(third, late));
        EXPECT_EQ(stored("agent.crt"), shown) << "it was good for that";
        EXPECT_EQ(stored("next.crt"), third);
        EXPECT_TRUE(is_whole(load().in_use()));
        // Back to where the test began.
        ASSERT_TRUE(forget_next(files, "/data"));
        ASSERT_TRUE(write_file_atomically(files, std::string(folder) + "/agent.key", first_key));
        ASSERT_TRUE(write_file_atomically(files, std::string(folder) + "/agent.crt", first));
    }
}

TEST_F(CredentialsTest, TrustWhomTheCollectorSaysAndAskForACertificateOfTheOneThatSigns) {
    const wire::KeyAndCertificate next = wire::make_authority("Next", now).value();
    Credentials credentials = load();
    EXPECT_FALSE(credentials.trust(authority.certificate_pem).value()) << "known already";
    EXPECT_TRUE(credentials.trust(authority.certificate_pem + next.certificate_pem).value());
    EXPECT_EQ(stored("ca.crt"), authority.certificate_pem + next.certificate_pem);
    EXPECT_FALSE(credentials.request_due(now + 1 * day).has_value()) << "the old one still signs";
    EXPECT_TRUE(credentials.trust(next.certificate_pem + authority.certificate_pem).value());
    const auto request = credentials.request_due(now + 1 * day);
    ASSERT_TRUE(request.has_value());
    authority = next;
    second = issue(*request, now + 1 * day, 30 * day);
    ASSERT_TRUE(credentials.issued(second, now + 1 * day));
    credentials.accepted();
    EXPECT_FALSE(credentials.request_due(now + 2 * day).has_value());
    EXPECT_TRUE(credentials.trust(next.certificate_pem).value());
    EXPECT_EQ(load().in_use().ca_pem, next.certificate_pem);
    EXPECT_TRUE(is_whole(load().in_use()));
}

TEST_F(CredentialsTest, TrustNothingElseThanOneOrTwoAuthorities) {
    const std::string ours = authority.certificate_pem;
    Credentials credentials = load();
    for (const std::string& wrong : {std::string("nonsense"), first, ours + ours + ours}) {
        EXPECT_EQ(credentials.trust(wrong).error().kind(), ErrorKind::corrupt);
        EXPECT_EQ(stored("ca.crt"), ours);
        EXPECT_EQ(credentials.in_use().ca_pem, ours);
    }
    files.changes_left = 0;
    EXPECT_EQ(credentials.trust(ours + ours).error().kind(), ErrorKind::io);
    EXPECT_EQ(credentials.in_use().ca_pem, ours);
}

// T-48: whatever moment the process is killed at, one identity works at the next start.
TEST_F(CredentialsTest, T48LeaveAWorkingIdentityWhereverTheyAreStopped) {
    int steps = 0;
    for (int stop = 0;; ++stop) {
        files.changes_left = 1'000'000;
        ASSERT_TRUE(forget_next(files, "/data"));
        Credentials credentials = load();
        const WallTime when = credentials.due();
        const auto request = credentials.request_due(when);
        ASSERT_TRUE(request.has_value());
        const std::string next = issue(*request, when, 30 * day);
        files.changes_left = stop;
        if (credentials.issued(next, when)) {
            credentials.accepted();
        }
        const bool was_stopped = files.changes_left < 0;
        files.changes_left = 1'000'000;
        Credentials after = load();
        EXPECT_TRUE(is_whole(after.in_use())) << "stopped after " << stop;
        after.accepted();
        EXPECT_TRUE(is_whole(load().in_use())) << "stopped after " << stop;
        if (!was_stopped) {
            steps = stop;
            break;
        }
    }
    EXPECT_GE(steps, 6) << "two files stored, two replaced, two removed";
}

}  // namespace
}  // namespace muster::agent
